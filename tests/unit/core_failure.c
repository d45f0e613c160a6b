/* Why programs failed: real output of real programs (tests/corpus/failure), and its kinds. */
#include "base/buf.h"
#include "base/fsio.h"
#include "base/mem.h"
#include "core/failure/failure.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define CORPUS "tests/corpus/failure/"

static void read_file(const char *name, struct buf *out)
{
	struct err e = ERR_INIT;

	buf_reset(out);
	if (!fsio_read(name, out, 1 << 20, &e))
		fail_msg("%s", e.text);
}

/* The line of the log that the failure points at. */
static void line_at(const struct buf *log, uint64_t offset, char *out, size_t size)
{
	const char *s = log->data + offset;

	assert_true(offset < log->len);
	assert_true(offset == 0 || s[-1] == '\n');
	snprintf(out, size, "%.*s", (int)strcspn(s, "\n"), s);
}

static void check_row(char *row)
{
	char *text = strchr(row, '\t'), *place = text ? strchr(text + 1, '\t') : NULL;
	char *first = place ? strchr(place + 1, '\t') : NULL;
	char name[256], line[4096];
	struct buf log = BUF_INIT;
	struct failure f;

	if (*row == '#' || !*row)
		return;
	assert_non_null(first);
	*text++ = *place++ = *first++ = '\0';
	snprintf(name, sizeof name, CORPUS "%s.log", row);
	read_file(name, &log);
	if (strcmp(text, "-") == 0) {
		if (failure_read(&f, log.data, log.len, 0))
			fail_msg("%s: \"%s\", where nothing is said", row, f.text);
	} else {
		if (!failure_read(&f, log.data, log.len, 0))
			fail_msg("%s: nothing, wanted \"%s\"", row, text);
		if (strcmp(f.text, text) != 0)
			fail_msg("%s: \"%s\", wanted \"%s\"", row, f.text, text);
		line_at(&log, f.offset, line, sizeof line);
		if (!strstr(line, place))
			fail_msg("%s: points at \"%s\"", row, line);
		if (f.first_failed != (strcmp(first, "-") == 0 ? -1 : atoi(first)))
			fail_msg("%s: rank %d failed first, wanted %s", row, f.first_failed, first);
	}
	buf_release(&log);
}

static void real_programs(void **state)
{
	struct buf rows = BUF_INIT;

	(void)state;
	read_file(CORPUS "expected.tsv", &rows);
	for (char *row = rows.data, *lf; (lf = strchr(row, '\n')) != NULL; row = lf + 1) {
		*lf = '\0';
		check_row(row);
	}
	buf_release(&rows);
}

static void check(const char *log, const char *want)
{
	struct failure f = {0};
	bool found = failure_read(&f, log, strlen(log), 0);

	if (found != (want != NULL) || (want && strcmp(f.text, want) != 0))
		fail_msg("\"%s\", wanted \"%s\"", found ? f.text : "nothing",
			want ? want : "nothing");
}

static void what_is_no_error_is_none(void **state)
{
	(void)state;
	check("", NULL);
	check("step 1 loss 0.5\nstep 2 loss 0.4\n", NULL);
	check("no error: all is well\n0 errors\nerror rate 0.1\nTraceback\n", NULL);
	check("Traceback (most recent call last):\n  File \"x.py\", line 1", NULL);
	check("panic: this is a word of ours\nall is well\n", NULL);
	check("Error in the data was passed over\n", NULL);
}

#define FRAME "  File \"/job/train.py\", line 8, in step\n    load()\n"
#define TORCH \
	"  File \"/venv/lib/python3.11/site-packages/torch/nn/x.py\", line 99, in f\n    g()\n"

static void of_gpus(void **state)
{
	(void)state;
	check("Traceback (most recent call last):\n" FRAME TORCH
	      "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a "
	      "total capacity of 79.10 GiB of which 11.75 MiB is free.\n",
		"torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a "
		"total capacity of 79.10 GiB of which 11.75 MiB is free. (train.py:8)");
	check("[rank1]:[E1129 10:00:00.1 ProcessGroupNCCL.cpp:616] [Rank 1] Watchdog caught collective "
	      "operation timeout: WorkNCCL(SeqNum=5, OpType=ALLREDUCE, Timeout(ms)=600000) ran for "
	      "600029 milliseconds before timing out.\n"
	      "terminate called after throwing an instance of 'c10::DistBackendError'\n"
	      "  what():  [Rank 1] NCCL watchdog thread terminated\n",
		"rank 1: NCCL: collective operation timeout: WorkNCCL(SeqNum=5, OpType=ALLREDUCE, "
		"Timeout(ms)=600000) ran for 600029 milliseconds before timing out.");
	/* The rank that failed, not the one that waited for it. */
	check("[rank3]: Traceback (most recent call last):\n[rank0]:[E1129 x] [Rank 0] Watchdog caught "
	      "collective operation timeout: WorkNCCL(SeqNum=5) ran for 600029 milliseconds\n"
	      "[rank3]:   File \"/job/train.py\", line 8, in step\n[rank3]: ValueError: bad\n",
		"rank 3: ValueError: bad (train.py:8)");
}

static void of_several_ranks(void **state)
{
	(void)state;
	check("[rank1]: Traceback (most recent call last):\n"
	      "[rank0]: Traceback (most recent call last):\n"
	      "[rank1]:   File \"/job/a.py\", line 1, in f\n"
	      "[rank0]:   File \"/job/a.py\", line 2, in g\n"
	      "[rank1]: ValueError: the first\n"
	      "[rank0]: KeyError: 'second'\n",
		"rank 1: ValueError: the first (a.py:1)");
	check("=====\ntrain.py FAILED\n-----\nRoot Cause (first observed failure):\n[0]:\n"
	      "  time      : 2026-11-29_18:37:35\n  host      : a\n  rank      : 2 (local_rank: 2)\n"
	      "  exitcode  : -9 (pid: 77)\n  error_file: <N/A>\n"
	      "  traceback : Signal 9 (SIGKILL) received by PID 77\n====\n",
		"rank 2: SIGKILL (killed)");
	check("MPI_ABORT was invoked on rank 1 in communicator MPI_COMM_WORLD\nwith errorcode 3.\n",
		"rank 1: MPI_Abort, error code 3");
	/* Open MPI's own processes have names of that form, too; what says no code is none that failed. */
	check("  Process name: [[12481,1],1]\n  Local host: a\n", NULL);
	check("Abort(3) on node 1 of the cluster\n", NULL);
}

static void of_other_languages(void **state)
{
	(void)state;
	check("ERROR: LoadError: DimensionMismatch: sizes (2,) and (3,)\nStacktrace:\n"
	      " [1] error(s::String)\n   @ Base ./error.jl:35\n [2] top-level scope\n"
	      "   @ ~/train.jl:4\nin expression starting at /job/train.jl:4\n",
		"LoadError: DimensionMismatch: sizes (2,) and (3,) (train.jl:4)");
	check("thread 'main' panicked at 'no data', src/main.rs:7:5\n",
		"panicked: no data (main.rs:7)");
	check("libc++abi: terminating due to uncaught exception of type std::bad_alloc: "
	      "std::bad_alloc\n",
		"std::bad_alloc: std::bad_alloc");
	check("terminate called without an active exception\n",
		"terminate called without an active exception");
	check("*** stack smashing detected ***: terminated\n",
		"*** stack smashing detected ***: terminated");
	check("/usr/bin/sh: 1: train: not found\n", "/usr/bin/sh: 1: train: not found");
	check("doing\n[ERROR] no space for checkpoint\nbye\n", "[ERROR] no space for checkpoint");
}

static void the_line_is_bounded_and_clean(void **state)
{
	struct buf log = BUF_INIT;
	struct failure f;

	(void)state;
	buf_adds(&log,
		"Traceback (most recent call last):\n  File \"/a.py\", line 1, in f\nValueError: ");
	for (int i = 0; i < 500; i++)
		buf_adds(&log, "\345\265\214");
	buf_adds(&log, "\n");
	assert_true(failure_read(&f, log.data, log.len, 1000));
	assert_in_range(strlen(f.text), 100, FAILURE_BYTES);
	assert_int_equal(f.offset, 1000 + 35 + 29);
	buf_reset(&log);
	buf_adds(&log,
		"\033[31mTraceback (most recent call last):\033[0m\r\n  File \"/a.py\", line 1\r\n"
		"10%\rValueError: \033]0;title\a\033[2Jx\342\200\256\r\n");
	assert_true(failure_read(&f, log.data, log.len, 0));
	assert_string_equal(f.text, "ValueError: x<U+202E> (a.py:1)");
	buf_release(&log);
}

/* Of a long log its end counts, and no more of it. */
static void the_end_is_read(void **state)
{
	struct buf log = BUF_INIT;
	struct failure f;

	(void)state;
	buf_adds(&log, "Traceback (most recent call last):\n" FRAME "KeyError: 'x'\n");
	while (log.len < FAILURE_TAIL + 1000)
		buf_adds(&log, "step 1 loss 0.5\n");
	assert_false(failure_read(&f, log.data, log.len, 0));
	buf_adds(&log, "Traceback (most recent call last):\n" FRAME "KeyError: 'y'\n");
	assert_true(failure_read(&f, log.data, log.len, 7));
	assert_string_equal(f.text, "KeyError: 'y' (train.py:8)");
	assert_memory_equal(log.data + f.offset - 7, "KeyError: 'y'", 13);
	buf_release(&log);
}

static void codes_have_names(void **state)
{
	(void)state;
	assert_string_equal(failure_signal(11), "SIGSEGV (segmentation fault)");
	assert_null(failure_signal(0));
	assert_string_equal(failure_exit_code(127), "command not found (exit 127)");
	assert_string_equal(failure_exit_code(137),
		"SIGKILL (killed), of a program that it had started");
	assert_null(failure_exit_code(1));
	assert_null(failure_exit_code(128));
	assert_null(failure_exit_code(250));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_programs),
		cmocka_unit_test(what_is_no_error_is_none),
		cmocka_unit_test(of_gpus),
		cmocka_unit_test(of_several_ranks),
		cmocka_unit_test(of_other_languages),
		cmocka_unit_test(the_line_is_bounded_and_clean),
		cmocka_unit_test(the_end_is_read),
		cmocka_unit_test(codes_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
