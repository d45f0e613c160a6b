/* Reading logs from folders as shims leave them, made here by hand. */
#include "base/fsio.h"
#include "base/mem.h"
#include "descriptors.h"
#include "engine/local/log.h"

#include <endian.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct bench {
	char dir[64];
	struct local_logs logs;
};

static int setup(void **state)
{
	struct bench *b = mem_alloc(sizeof *b);
	const char *tmp = getenv("TMPDIR");

	snprintf(b->dir, sizeof b->dir, "%.40s/mltop-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(b->dir));
	local_logs_init(&b->logs, b->dir);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;

	local_logs_release(&b->logs);
	assert_true(fsio_remove_tree(b->dir, NULL));
	free(b);
	return 0;
}

static void put(struct bench *b, const char *key, const char *name, const void *data, size_t len)
{
	char path[300], *slash;

	snprintf(path, sizeof path, "%s/%s/%s", b->dir, key, name);
	slash = strrchr(path, '/');
	*slash = '\0';
	assert_true(fsio_mkdirs(path, 0700, NULL));
	*slash = '/';
	assert_true(fsio_write(path, data, len, 0600, NULL));
}

static void segment(struct bench *b, const char *key, uint64_t first, const char *text)
{
	char name[64];

	snprintf(name, sizeof name, "log/%020llu", (unsigned long long)first);
	put(b, key, name, text, strlen(text));
}

static void exit_record(struct bench *b, const char *key, uint64_t log_bytes)
{
	struct task_exit end = {.end = TASK_END_EXIT, .finish_code = -1, .log_bytes = log_bytes};
	char data[4096];
	size_t len = taskfile_encode_exit(data, sizeof data, &end);

	assert_true(len > 0);
	put(b, key, "exit", data, len);
}

/* The log from `offset` on, in pieces of `piece` bytes, gaps as "<N>". */
static void expect(struct bench *b, const struct log_view *v, uint64_t offset, size_t piece,
	const char *expected)
{
	struct buf text = BUF_INIT;
	struct log_gap gap;
	char bytes[64];
	ssize_t n;

	while ((n = local_logs_read(&b->logs, v, offset, bytes, piece, &gap, NULL)) != 0) {
		if (n > 0) {
			buf_add(&text, bytes, (size_t)n);
			offset += (uint64_t)n;
		} else {
			assert_int_equal(n, LOCAL_LOG_GAP);
			assert_int_equal(gap.offset, offset);
			buf_addf(&text, "<%llu>", (unsigned long long)gap.lost);
			offset += gap.lost;
		}
		assert_true(text.len < 10000);
	}
	assert_string_equal(text.data, expected);
	buf_release(&text);
}

static void expect_range(struct bench *b, const struct log_view *v, uint64_t oldest,
	uint64_t newest, bool final)
{
	struct log_range r;

	assert_true(local_logs_range(&b->logs, v, &r, NULL));
	assert_int_equal(r.oldest, oldest);
	assert_int_equal(r.newest, newest);
	assert_int_equal(r.final, final);
}

static void test_none(void **state)
{
	struct bench *b = *state;
	struct log_view v = {.key = "u/m/1"};
	struct log_range r;
	struct log_gap gap;
	char c;

	assert_false(local_logs_range(&b->logs, &v, &r, NULL));
	assert_int_equal(local_logs_read(&b->logs, &v, 0, &c, 1, &gap, NULL), 0);
}

static void test_segments(void **state)
{
	struct bench *b = *state;
	struct log_view v = {.key = "u/m/1"};

	segment(b, v.key, 0, "one\ntwo\n");
	segment(b, v.key, 8, "three\n");
	segment(b, v.key, 14, "four\n");
	put(b, v.key, "log/index", "", 0);
	put(b, v.key, "log/00000000000000000003x", "junk", 4);
	exit_record(b, v.key, 19);
	expect_range(b, &v, 0, 19, true);
	for (size_t piece = 1; piece <= 20; piece++)
		expect(b, &v, 0, piece, "one\ntwo\nthree\nfour\n");
	expect(b, &v, 5, 64, "wo\nthree\nfour\n");
	expect(b, &v, 14, 64, "four\n");
	expect(b, &v, 19, 64, "");
	expect(b, &v, 999, 64, "");
}

static void test_holes(void **state)
{
	struct bench *b = *state;
	struct log_view v = {.key = "u/m/1"};

	segment(b, v.key, 100, "abc"); /* the oldest were dropped */
	segment(b, v.key, 110, "def"); /* 7 bytes were lost on the way */
	exit_record(b, v.key, 120);    /* and 7 at the end */
	expect_range(b, &v, 100, 120, true);
	expect(b, &v, 0, 64, "<100>abc<7>def<7>");
	expect(b, &v, 105, 64, "<5>def<7>");
	expect(b, &v, 119, 64, "<1>");
	expect(b, &v, 120, 64, "");
}

/* Of bytes that two segments claim, the later one's count. */
static void test_overlap(void **state)
{
	struct bench *b = *state;
	struct log_view v = {.key = "u/m/1"};

	segment(b, v.key, 0, "abcXYZ");
	segment(b, v.key, 3, "def");
	exit_record(b, v.key, 6);
	expect(b, &v, 0, 64, "abcdef");
}

/* Nothing but lost bytes: a disk that was full from the start. */
static void test_all_lost(void **state)
{
	struct bench *b = *state;
	struct log_view v = {.key = "u/m/1"};

	put(b, v.key, "log/gaps", "", 0);
	exit_record(b, v.key, 50);
	expect_range(b, &v, 50, 50, true);
	expect(b, &v, 0, 64, "<50>");
}

static void test_growing(void **state)
{
	struct bench *b = *state;
	struct log_view v = {.key = "u/m/1", .live = true, .live_end = 3};

	segment(b, v.key, 0, "abc");
	expect_range(b, &v, 0, 3, false);
	expect(b, &v, 0, 64, "abc");
	/* A new segment, and the first one dropped, behind the back of the list. */
	segment(b, v.key, 3, "def");
	v.live_end = 6;
	expect(b, &v, 3, 64, "def");
	segment(b, v.key, 6, "ghi");
	char path[200];

	snprintf(path, sizeof path, "%s/u/m/1/log/%020d", b->dir, 0);
	assert_int_equal(unlink(path), 0);
	v.live_end = 9;
	expect_range(b, &v, 3, 9, false);
	expect(b, &v, 0, 64, "<3>defghi");
	/* What is counted but not there yet is waited for, not reported as lost. */
	v.live_end = 12;
	expect(b, &v, 9, 64, "");
	/* Then the task ends. */
	exit_record(b, v.key, 9);
	local_logs_forget(&b->logs, v.key);
	v.live = false;
	expect_range(b, &v, 3, 9, true);
}

/* Adopted, and nothing heard of it yet. */
static void test_live_and_unheard(void **state)
{
	struct bench *b = *state;
	struct log_view v = {.key = "u/m/1", .live = true};

	segment(b, v.key, 10, "abc");
	expect_range(b, &v, 10, 13, false);
	expect(b, &v, 10, 64, "abc");
}

static void test_generation(void **state)
{
	struct bench *b = *state;
	struct log_view v = {.key = "u/m/1"};
	struct log_range r;
	char path[200];

	segment(b, v.key, 0, "abc");
	exit_record(b, v.key, 3);
	snprintf(path, sizeof path, "%s/u/m/1/generation", b->dir);
	assert_int_equal(symlink("1", path), 0);
	assert_true(local_logs_range(&b->logs, &v, &r, NULL));
	assert_int_equal(r.generation, 1);
}

static void test_descriptors_are_bounded(void **state)
{
	enum { N = 200 };
	struct bench *b = *state;
	int before = descriptors();
	char key[32];

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < N; i++) {
			struct log_view v = {.key = key};
			char text[16];

			snprintf(key, sizeof key, "u%d/m/1", i);
			snprintf(text, sizeof text, "log %d", i);
			if (round == 0)
				segment(b, key, 0, text);
			expect(b, &v, 0, 64, text);
		}
	}
	assert_in_range(descriptors() - before, 1, 2 * LOCAL_LOGS_OPEN);
	local_logs_forget(&b->logs, "u199");
	for (int i = 0; i < N - 1; i++) {
		snprintf(key, sizeof key, "u%d", i);
		local_logs_forget(&b->logs, key);
	}
	assert_int_equal(descriptors(), before);
}

static void expect_unreadable(struct bench *b, const struct log_view *v, uint64_t offset)
{
	struct log_gap gap = {0};
	struct err e = ERR_INIT;
	char c;

	assert_int_equal(local_logs_read(&b->logs, v, offset, &c, 1, &gap, &e),
		LOCAL_LOG_UNREADABLE);
	assert_int_equal(e.code, ERR_UNAVAILABLE);
	assert_string_equal(e.text,
		"the log cannot be read now (Too many open files): ask again in a moment");
	assert_int_equal(gap.lost, 0);
}

/* Without a free descriptor nothing is missing, nothing has ended, and the reader keeps its place. */
static void test_no_descriptor_is_no_gap(void **state)
{
	struct bench *b = *state;
	struct log_view v = {.key = "u/m/1"}, live = {.key = "u/m/2", .live = true};
	struct log_range r = {.newest = 77};
	struct err e = ERR_INIT;
	char c;

	segment(b, v.key, 0, "abc");
	segment(b, v.key, 3, "def");
	exit_record(b, v.key, 6);
	segment(b, live.key, 0, "abc");
	/* Nothing of it is open yet. */
	descriptors_allow(false);
	expect_unreadable(b, &v, 0);
	assert_false(local_logs_range(&b->logs, &v, &r, &e));
	assert_int_equal(e.code, ERR_UNAVAILABLE);
	assert_int_equal(r.newest, 77);
	/* Then its folder is, and the segment read last. */
	descriptors_allow(true);
	assert_int_equal(local_logs_read(&b->logs, &v, 0, &c, 1, &(struct log_gap){0}, NULL), 1);
	expect(b, &live, 0, 64, "abc");
	segment(b, live.key, 3, "def");
	live.live_end = 6;
	descriptors_allow(false);
	expect_unreadable(b, &v, 3);
	expect_unreadable(b, &live, 3);
	descriptors_allow(true);
	expect(b, &v, 3, 64, "def");
	expect(b, &live, 3, 64, "def");
	expect_range(b, &v, 0, 6, true);
}

/* "u1" is not the job "u10". */
static void test_forget_is_exact(void **state)
{
	struct bench *b = *state;
	struct log_view v = {.key = "u10/m/1"};
	int before;

	segment(b, v.key, 0, "abc");
	expect(b, &v, 0, 64, "abc");
	before = descriptors();
	local_logs_forget(&b->logs, "u1");
	assert_int_equal(descriptors(), before);
	local_logs_forget(&b->logs, "u10");
	assert_true(descriptors() < before);
}

/* A task may write into its folder: what it planted there is not followed. */
static void test_links_are_not_followed(void **state)
{
	struct bench *b = *state;
	struct log_view v = {.key = "u/m/1"};
	char path[200];

	segment(b, v.key, 0, "abc");
	snprintf(path, sizeof path, "%s/u/m/1/log/%020d", b->dir, 3);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	exit_record(b, v.key, 6);
	expect(b, &v, 0, 64, "abc<3>");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_none),
		TEST(test_segments),
		TEST(test_holes),
		TEST(test_overlap),
		TEST(test_all_lost),
		TEST(test_growing),
		TEST(test_live_and_unheard),
		TEST(test_generation),
		TEST(test_descriptors_are_bounded),
		TEST(test_no_descriptor_is_no_gap),
		TEST(test_forget_is_exact),
		TEST(test_links_are_not_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
