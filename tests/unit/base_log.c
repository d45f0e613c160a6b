/* The daemon's log, read back through a pipe that stands for standard error. */
#include "base/log.h"
#include "base/buf.h"
#include "base/timefmt.h"

#include <sys/stat.h>
#include <unistd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Runs `say` with standard error going to a pipe; what came out is in `out`. */
static void capture(struct buf *out, void (*say)(int read_end))
{
	int ends[2], saved = dup(STDERR_FILENO);
	char bytes[65536];
	ssize_t n;

	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	say(ends[1]);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(ends[1]);
	while ((n = read(ends[0], bytes, sizeof bytes)) > 0)
		buf_add(out, bytes, (size_t)n);
	close(ends[0]);
}

static void say_one(int fd)
{
	(void)fd;
	unsetenv("JOURNAL_STREAM");
	log_line(LOG_WARN, "job %s: %s", "a\033[2J\nINFO forged", "why");
}

static void records_are_one_sanitised_line(void **state)
{
	struct buf out = BUF_INIT;
	char *blank;
	int64_t ms;

	(void)state;
	capture(&out, say_one);
	blank = strchr(out.data, ' ');
	assert_non_null(blank);
	*blank = '\0';
	assert_true(timefmt_parse_rfc3339(out.data, &ms));
	assert_true(time_now_ms() - ms < 60000);
	assert_string_equal(blank + 1, "WARN job a^[[2J INFO forged: why\n");
	buf_release(&out);
}

static void say_to_the_journal(int fd)
{
	char stream[64];
	struct stat st;

	fstat(fd, &st);
	snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)st.st_dev,
		(unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_line(LOG_ERROR, "disk: full");
	/* Inherited from a parent whose stderr was the journal: ours is not. */
	snprintf(stream, sizeof stream, "%llu:1", (unsigned long long)st.st_dev);
	setenv("JOURNAL_STREAM", stream, 1);
	log_line(LOG_ERROR, "disk: full");
	unsetenv("JOURNAL_STREAM");
}

static void the_journal_stamps_the_time_itself(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	capture(&out, say_to_the_journal);
	assert_memory_equal(out.data, "ERROR disk: full\n2", 18);
	buf_release(&out);
}

static void say_all_levels(int fd)
{
	(void)fd;
	log_set_level(LOG_WARN);
	for (int level = LOG_ERROR; level <= LOG_DEBUG; level++)
		log_line((enum log_level)level, "x");
	log_set_level(LOG_DEBUG);
	log_line(LOG_DEBUG, "y");
	log_set_level(LOG_INFO);
}

static void levels_above_the_most_are_silent(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	capture(&out, say_all_levels);
	assert_non_null(strstr(out.data, "ERROR x\n"));
	assert_non_null(strstr(out.data, "WARN x\n"));
	assert_null(strstr(out.data, "INFO x\n"));
	assert_null(strstr(out.data, "DEBUG x\n"));
	assert_non_null(strstr(out.data, "DEBUG y\n"));
	buf_release(&out);
}

static void say_too_much(int fd)
{
	char *text = malloc(40001);

	(void)fd;
	memset(text, 'x', 40000);
	text[40000] = '\0';
	log_line(LOG_ERROR, "%s", text);
	free(text);
}

static void records_are_bounded(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	capture(&out, say_too_much);
	assert_in_range(out.len, 8192, 8192 + 64);
	assert_int_equal(out.data[out.len - 1], '\n');
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_are_one_sanitised_line),
		cmocka_unit_test(the_journal_stamps_the_time_itself),
		cmocka_unit_test(levels_above_the_most_are_silent),
		cmocka_unit_test(records_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
