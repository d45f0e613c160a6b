/* What a task left in its output folder: named, and read without leaving it. */
#include "base/fsio.h"
#include "base/mem.h"
#include "engine/local/outputs.h"

#include <errno.h>
#include <fcntl.h>
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

static char root[256], folder[300];

static int folder_make(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	snprintf(root, sizeof root, "%s/mltop-outputs-XXXXXX", tmp ? tmp : "/tmp");
	if (mkdtemp(root) == NULL)
		return 1;
	snprintf(folder, sizeof folder, "%s/output", root);
	return mkdir(folder, 0700);
}

static int folder_remove(void **state)
{
	(void)state;
	return !fsio_remove_tree(root, NULL);
}

static void put(const char *name, const char *text)
{
	char *path = fsio_join(folder, name);
	struct err e = ERR_INIT;

	if (!fsio_write(path, text, strlen(text), 0600, &e))
		fail_msg("%s", e.text);
	free(path);
}

static void folder_add(const char *name)
{
	char *path = fsio_join(folder, name);

	assert_int_equal(mkdir(path, 0700), 0);
	free(path);
}

static void link_add(const char *target, const char *name)
{
	char *path = fsio_join(folder, name);

	assert_int_equal(symlink(target, path), 0);
	free(path);
}

static const struct output_file *named(const struct output_files *files, const char *path)
{
	for (size_t i = 0; i < files->list.len; i++)
		if (strcmp(files->list.items[i].path, path) == 0)
			return &files->list.items[i];
	return NULL;
}

/* The file's bytes; NULL: refused, with `code`. The caller frees. */
static char *content(const char *path, enum err_code code)
{
	struct err e = ERR_INIT;
	int64_t size = -1;
	int fd = local_outputs.open(folder, path, &size, &e);
	char *text;

	if (fd < 0) {
		assert_int_equal(e.code, code);
		return NULL;
	}
	text = mem_alloc((size_t)size + 1);
	assert_int_equal(read(fd, text, (size_t)size), size);
	close(fd);
	return text;
}

static void assert_content(const char *path, const char *text)
{
	char *got = content(path, ERR_NONE);

	assert_string_equal(got, text);
	free(got);
}

static void test_files_are_listed_by_path(void **state)
{
	struct output_files files = {0};

	(void)state;
	folder_add("model");
	put("model/weights", "12345");
	put("a", "1");
	put("z", "");
	local_outputs.list(folder, 100, &files);
	assert_int_equal(files.list.len, 3);
	assert_string_equal(files.list.items[0].path, "a");
	assert_string_equal(files.list.items[1].path, "model/weights");
	assert_int_equal(files.list.items[1].size, 5);
	assert_string_equal(files.list.items[2].path, "z");
	assert_false(files.more);
	output_files_free(&files);
}

static void test_an_absent_folder_holds_nothing(void **state)
{
	struct output_files files = {0};

	(void)state;
	local_outputs.list("/proc/self/no-such-folder", 100, &files);
	assert_int_equal(files.list.len, 0);
	assert_false(files.more);
	assert_int_equal(local_outputs.bytes("/proc/self/no-such-folder", NULL), -1);
}

static void test_names_that_json_cannot_hold_are_told_of(void **state)
{
	struct output_files files = {0};

	(void)state;
	put("good", "");
	put("bad\xff", "");
	local_outputs.list(folder, 100, &files);
	assert_int_equal(files.list.len, 1);
	assert_int_equal(files.unnamed, 1);
	assert_false(files.more);
	output_files_free(&files);
}

static void test_a_file_is_read_below_folders(void **state)
{
	(void)state;
	folder_add("a");
	folder_add("a/b");
	put("a/b/c", "deep");
	assert_content("a/b/c", "deep");
	assert_null(content("a/b", ERR_NOT_FOUND));
	assert_null(content("a/none", ERR_NOT_FOUND));
}

static void test_paths_stay_inside(void **state)
{
	static const char *const wrong[] = {"", "/etc/passwd", "..", "../x", "a/../../x", "a//b",
		"./a", "a/", "a/."};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_null(content(wrong[i], ERR_INVALID));
}

static void assert_link(const struct output_files *files, const char *path, const char *link)
{
	const struct output_file *f = named(files, path);

	assert_non_null(f);
	if (link == NULL)
		assert_null(f->link);
	else
		assert_string_equal(f->link, link);
}

/* Resume scripts look for last.ckpt. */
static void test_links_are_listed_with_what_they_lead_to(void **state)
{
	struct output_files files = {0};
	char absolute[400];

	(void)state;
	put("step-10.ckpt", "ten");
	link_add("step-10.ckpt", "last.ckpt");
	folder_add("a");
	folder_add("a/b");
	link_add("../step-10.ckpt", "a/up");
	snprintf(absolute, sizeof absolute, "%s/step-10.ckpt", folder);
	link_add(absolute, "a/b/absolute");
	link_add("a", "folder");
	link_add("/etc/passwd", "out");
	link_add("bad\xff", "bad");
	local_outputs.list(folder, 100, &files);
	assert_int_equal(files.list.len, 6);
	assert_int_equal(files.unnamed, 1);
	assert_link(&files, "step-10.ckpt", NULL);
	assert_link(&files, "last.ckpt", "step-10.ckpt");
	assert_link(&files, "a/up", "../step-10.ckpt");
	assert_link(&files, "a/b/absolute", "../../step-10.ckpt");
	assert_link(&files, "folder", "a");
	assert_link(&files, "out", "/etc/passwd");
	output_files_free(&files);
}

static void test_links_that_stay_inside_are_fetched(void **state)
{
	char absolute[400];

	(void)state;
	folder_add("a");
	put("a/step-10.ckpt", "ten");
	link_add("a/step-10.ckpt", "last.ckpt");
	link_add("last.ckpt", "again.ckpt");
	link_add("a", "folder");
	link_add("../last.ckpt", "a/up");
	snprintf(absolute, sizeof absolute, "%s/a/step-10.ckpt", folder);
	link_add(absolute, "absolute");
	link_add("loop", "loop");
	assert_content("last.ckpt", "ten");
	assert_content("again.ckpt", "ten");
	assert_content("folder/step-10.ckpt", "ten");
	assert_content("a/up", "ten");
	assert_content("absolute", "ten");
	assert_null(content("loop", ERR_NOT_FOUND));
	assert_null(content("folder", ERR_NOT_FOUND));
}

static void test_what_cannot_be_looked_into_is_named(void **state)
{
	struct output_files files = {0};
	char path[200] = "d";

	(void)state;
	for (int i = 0; i < OUTPUTS_DEPTH_MAX; i++) {
		folder_add(path);
		snprintf(path + strlen(path), sizeof path - strlen(path), "/d");
	}
	local_outputs.list(folder, 100, &files);
	assert_int_equal(files.unreadable.len, 1);
	assert_int_equal(strlen(files.unreadable.items[0]), 2 * OUTPUTS_DEPTH_MAX - 1);
	assert_false(files.more);
	output_files_free(&files);
}

static void test_more_than_the_limit_is_told(void **state)
{
	enum { LIMIT = 20 };
	struct output_files files = {0};
	char name[32];

	(void)state;
	for (int i = 0; i <= LIMIT; i++) {
		snprintf(name, sizeof name, "f%d", i);
		link_add("nowhere", name);
	}
	local_outputs.list(folder, LIMIT, &files);
	assert_int_equal(files.list.len, LIMIT);
	assert_true(files.more);
	assert_int_equal(files.unnamed, 0);
	output_files_free(&files);
}

static void test_no_link_leads_out(void **state)
{
	(void)state;
	put("../secret", "not for you");
	link_add("../secret", "file");
	link_add("..", "folder");
	link_add("/etc", "absolute");
	link_add("/proc/self/root/etc/passwd", "magic");
	link_add("/proc/self/cwd", "cwd");
	folder_add("in");
	link_add("../../secret", "in/deep");
	assert_null(content("magic", ERR_NOT_FOUND));
	assert_null(content("cwd/passwd", ERR_NOT_FOUND));
	assert_null(content("in/deep", ERR_NOT_FOUND));
	assert_null(content("file", ERR_NOT_FOUND));
	assert_null(content("folder/secret", ERR_NOT_FOUND));
	assert_null(content("absolute/passwd", ERR_NOT_FOUND));
}

/* Who runs again at this moment has an empty folder; what was taken goes, once it is said so. */
static void test_taken_in_one_step_and_removed(void **state)
{
	struct output_files files = {0};
	char taken[400];

	(void)state;
	snprintf(taken, sizeof taken, "%s/.collected/old", root);
	put("old", "12345");
	assert_true(local_outputs.bytes(folder, NULL) >= 0);
	assert_true(local_outputs.take(folder, NULL));
	assert_int_equal(local_outputs.bytes(folder, NULL), -1);
	assert_int_equal(access(taken, F_OK), 0);
	assert_int_equal(mkdir(folder, 0700), 0);
	put("new", "");
	local_outputs.remove_taken(folder, NULL);
	assert_int_not_equal(access(taken, F_OK), 0);
	local_outputs.list(folder, 10, &files);
	assert_int_equal(files.list.len, 1);
	output_files_free(&files);
	assert_false(local_outputs.take("/proc/self/no-such-folder", NULL));
}

static void test_a_fifo_holds_nobody_up(void **state)
{
	char *path = fsio_join(folder, "pipe");
	struct output_files files = {0};

	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_null(content("pipe", ERR_NOT_FOUND));
	local_outputs.list(folder, 100, &files);
	assert_null(named(&files, "pipe"));
	output_files_free(&files);
	free(path);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_make, folder_remove)
	const struct CMUnitTest tests[] = {
		TEST(test_files_are_listed_by_path),
		TEST(test_an_absent_folder_holds_nothing),
		TEST(test_names_that_json_cannot_hold_are_told_of),
		TEST(test_a_file_is_read_below_folders),
		TEST(test_paths_stay_inside),
		TEST(test_no_link_leads_out),
		TEST(test_links_are_listed_with_what_they_lead_to),
		TEST(test_links_that_stay_inside_are_fetched),
		TEST(test_what_cannot_be_looked_into_is_named),
		TEST(test_more_than_the_limit_is_told),
		TEST(test_taken_in_one_step_and_removed),
		TEST(test_a_fifo_holds_nobody_up),
	};

	return cmocka_run_group_tests_name("engine_outputs", tests, NULL, NULL);
}
