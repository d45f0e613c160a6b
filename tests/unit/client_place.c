/* Files that are written below a folder by paths from elsewhere. */
#include "base/fsio.h"
#include "base/mem.h"
#include "client/place.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static char root[256];
static int top;

static int set_up(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	snprintf(root, sizeof root, "%s/mltop-place-XXXXXX", tmp ? tmp : "/tmp");
	if (mkdtemp(root) == NULL || chdir(root) != 0 || mkdir("top", 0700) != 0 ||
		mkdir("outside", 0700) != 0)
		return 1;
	top = open("top", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return top < 0;
}

static int tear_down(void **state)
{
	(void)state;
	close(top);
	return chdir("/") != 0 || !fsio_remove_tree(root, NULL);
}

static void put(const char *path, const char *text)
{
	assert_true(fsio_write(path, text, strlen(text), 0600, NULL));
}

static void holds(const char *path, const char *text)
{
	struct buf got = BUF_INIT;

	assert_true(fsio_read(path, &got, 100, NULL));
	assert_string_equal(got.data, text);
	buf_release(&got);
}

static bool write_to(const char *path, const char *text, struct err *e)
{
	struct place p;
	bool good = place_open(&p, top, path, e);
	int fd = good ? place_begin(&p, e) : -1;

	good = fd >= 0 && fsio_write_all(fd, text, strlen(text)) && close(fd) == 0 &&
		place_keep(&p, e);
	place_close(&p);
	return good;
}

static void files_are_written_below(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_true(write_to("a", "one", &e));
	assert_true(write_to("deep/er/b", "two", &e));
	assert_true(write_to("deep/er/b", "three", &e));
	holds("top/a", "one");
	holds("top/deep/er/b", "three");
}

/* A folder that is a link leads out; one that stands inside as well could be changed meanwhile. */
static void no_link_is_written_through(void **state)
{
	struct err e = ERR_INIT;
	struct stat st;

	(void)state;
	assert_int_equal(symlink("../outside", "top/out"), 0);
	assert_int_equal(symlink(".", "top/self"), 0);
	assert_false(write_to("out/x", "no", &e));
	assert_int_equal(e.code, ERR_CONFLICT);
	assert_non_null(strstr(e.text, "not written through"));
	assert_false(write_to("self/x", "no", &e));
	assert_int_equal(stat("outside/x", &st), -1);
	assert_int_equal(stat("top/x", &st), -1);
}

static void a_link_with_the_name_is_replaced_not_followed(void **state)
{
	struct err e = ERR_INIT;
	struct place p;

	(void)state;
	put("outside/kept", "kept");
	assert_int_equal(symlink("../outside/kept", "top/name"), 0);
	assert_int_equal(symlink("nothing", "top/dangles"), 0);
	assert_true(write_to("name", "new", &e));
	holds("outside/kept", "kept");
	holds("top/name", "new");
	assert_true(place_open(&p, top, "dangles", &e));
	assert_true(place_taken(&p));
	assert_true(place_link(&p, "name", &e));
	place_close(&p);
	holds("top/dangles", "new");
}

static void what_was_not_kept_is_gone(void **state)
{
	struct err e = ERR_INIT;
	struct place p;
	int fd;

	(void)state;
	assert_true(place_open(&p, top, "x", &e));
	fd = place_begin(&p, &e);
	assert_true(fd >= 0);
	close(fd);
	place_close(&p);
	assert_int_equal(rmdir("top"), 0);
	assert_int_equal(mkdir("top", 0700), 0);
}

static void bad_paths_are_refused(void **state)
{
	static const char *const bad[] = {"", "/etc/x", "..", "../x", "a/../x", "a//b", "a/", ".",
		"a/./b", "a\nb", "a/\x7f"};
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(write_to(bad[i], "no", &e));
}

static void links_are_resolved_by_name(void **state)
{
	static const struct {
		const char *path, *target, *is;
	} cases[] = {
		{"last.ckpt", "step-10.ckpt", "step-10.ckpt"},
		{"a/last", "../b/./c", "b/c"},
		{"a/b/last", "../../x//y/", "x/y"},
		{"a/last", "b/../c", "a/c"},
		{"last", "../x", NULL},
		{"a/last", "../../x", NULL},
		{"last", "/etc/passwd", NULL},
		{"last", "", NULL},
		{"a/last", "..", NULL},
		{"last", ".", NULL},
		{"a/last", "../../a/x", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *got = place_resolve(cases[i].path, cases[i].target);

		if (cases[i].is == NULL)
			assert_null(got);
		else
			assert_string_equal(got, cases[i].is);
		free(got);
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(files_are_written_below),
		TEST(no_link_is_written_through),
		TEST(a_link_with_the_name_is_replaced_not_followed),
		TEST(what_was_not_kept_is_gone),
		TEST(bad_paths_are_refused),
		TEST(links_are_resolved_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
