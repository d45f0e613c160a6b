/* Unpacking archives from strangers (io/archive.h), with archives made by hand, byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/fsio.h"
#include "io/archive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct folder {
	char dir[200], tar[256], dest[256];
	struct buf bytes;
};

static int setup(void **state)
{
	struct folder *f = calloc(1, sizeof *f);
	const char *tmp = getenv("TMPDIR");

	snprintf(f->dir, sizeof f->dir, "%.150s/mltop-archive-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->tar, sizeof f->tar, "%s/p.tar", f->dir);
	snprintf(f->dest, sizeof f->dest, "%s/out", f->dir);
	buf_init(&f->bytes, 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct folder *f = *state;

	fsio_remove_tree(f->dir, NULL);
	buf_release(&f->bytes);
	free(f);
	return 0;
}

/* A ustar header (POSIX.1-1988) and the file's bytes, padded. */
static void add(struct folder *f, const char *name, char type, const char *link, const char *data,
	int mode)
{
	char h[512] = {0};
	unsigned sum = 0;
	size_t len = data ? strlen(data) : 0;

	snprintf(h, 100, "%s", name);
	snprintf(h + 100, 8, "%07o", (unsigned)mode);
	snprintf(h + 108, 8, "%07o", 0u);
	snprintf(h + 116, 8, "%07o", 0u);
	snprintf(h + 124, 12, "%011o", (unsigned)len);
	snprintf(h + 136, 12, "%011o", 0u);
	memset(h + 148, ' ', 8);
	h[156] = type;
	snprintf(h + 157, 100, "%s", link ? link : "");
	memcpy(h + 257, "ustar\00000", 8);
	for (size_t i = 0; i < sizeof h; i++)
		sum += (unsigned char)h[i];
	snprintf(h + 148, 8, "%06o", sum);
	buf_add(&f->bytes, h, sizeof h);
	buf_add(&f->bytes, data, len);
	while (f->bytes.len % 512)
		buf_addc(&f->bytes, '\0');
}

static void finish(struct folder *f)
{
	char end[1024] = {0};

	buf_add(&f->bytes, end, sizeof end);
	assert_true(fsio_write(f->tar, f->bytes.data, f->bytes.len, 0600, NULL));
}

static void test_unpack(void **state)
{
	struct folder *f = *state;
	struct buf text = BUF_INIT;
	struct err e = ERR_INIT;
	char path[400], root[ARCHIVE_ROOT_SIZE];
	struct stat st;

	add(f, "./", '5', NULL, NULL, 0777);
	add(f, "pkg-1/a/train.py", '0', NULL, "print(1)\n", 04777);
	add(f, "pkg-1//./README", '0', NULL, "read", 0644);
	add(f, "pkg-1/empty/", '5', NULL, NULL, 0);
	finish(f);
	assert_true(archive_unpack(f->tar, f->dest, NULL, &e));
	snprintf(path, sizeof path, "%s/pkg-1/a/train.py", f->dest);
	assert_true(fsio_read(path, &text, 100, &e));
	assert_string_equal(text.data, "print(1)\n");
	stat(path, &st);
	assert_int_equal(st.st_mode & 07777, 0700); /* no setuid, nobody else */
	snprintf(path, sizeof path, "%s/pkg-1/README", f->dest);
	stat(path, &st);
	assert_int_equal(st.st_mode & 07777, 0600);
	snprintf(path, sizeof path, "%s/pkg-1/empty", f->dest);
	stat(path, &st);
	assert_true(S_ISDIR(st.st_mode) && (st.st_mode & 07777) == 0700);
	snprintf(path, sizeof path, "%s.part", f->dest);
	assert_int_not_equal(access(path, F_OK), 0);
	assert_true(archive_module_root(f->dest, "a.train", root, &e));
	assert_string_equal(root, "pkg-1");
	buf_release(&text);
}

/* Given up, and nothing is left of it. */
static void test_stopped(void **state)
{
	struct folder *f = *state;
	atomic_bool stop = true;
	struct archive_limits limits = archive_limits_default;
	struct err e = ERR_INIT;
	char part[300];

	add(f, "pkg-1/x", '0', NULL, "x", 0600);
	finish(f);
	limits.stop = &stop;
	assert_false(archive_unpack(f->tar, f->dest, &limits, &e));
	assert_int_equal(e.code, ERR_UNAVAILABLE);
	assert_false(archive_check(f->tar, NULL, &limits, NULL));
	snprintf(part, sizeof part, "%s.part", f->dest);
	assert_int_not_equal(access(part, F_OK), 0);
	assert_int_not_equal(access(f->dest, F_OK), 0);
	atomic_store(&stop, false);
	assert_true(archive_unpack(f->tar, f->dest, &limits, NULL));
}

static void test_refused(void **state)
{
	static const struct {
		const char *name;
		char type;
		const char *link, *word;
	} cases[] = {
		{"/etc/x", '0', NULL, "absolute"},
		{"a/../../x", '0', NULL, "leaves"},
		{"..", '5', NULL, "leaves"},
		{"a", '2', "/etc", "symbolic"},
		{"a", '1', "b", "hard links"},
		{"a", '3', NULL, "devices"},
		{"a", '4', NULL, "devices"},
		{"a", '6', NULL, "fifos"},
		{"a\nb", '0', NULL, "control"},
		{"a\\b", '0', NULL, "backslashes"},
		{"ok", '0', NULL, "twice"},
		{"ok/below", '0', NULL, "a file and"},
		{"top", '0', NULL, "twice"},
	};
	struct folder *f = *state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct err e = ERR_INIT;

		buf_reset(&f->bytes);
		add(f, "top/file", '0', NULL, "x", 0644);
		add(f, "ok", '0', NULL, "x", 0644);
		add(f, cases[i].name, cases[i].type, cases[i].link, NULL, 0644);
		finish(f);
		assert_false(archive_unpack(f->tar, f->dest, NULL, &e));
		if (strstr(e.text, cases[i].word) == NULL)
			print_error("%s: %s\n", cases[i].name, e.text);
		assert_non_null(strstr(e.text, cases[i].word));
		assert_int_equal(e.code, ERR_UNPROCESSABLE);
		assert_false(archive_check(f->tar, NULL, NULL, NULL));
		/* Nothing is left of it. */
		assert_int_not_equal(access(f->dest, F_OK), 0);
	}
}

static void test_limits(void **state)
{
	struct folder *f = *state;
	struct archive_limits entries = {2, 1 << 20, 200}, bytes = {10, 5, 200};
	struct err e = ERR_INIT;
	char absent[300];

	add(f, "a", '0', NULL, "123", 0644);
	add(f, "b", '0', NULL, "123", 0644);
	finish(f);
	assert_true(archive_check(f->tar, NULL, &entries, &e));
	assert_false(archive_check(f->tar, NULL, &bytes, &e));
	entries.entries = 1;
	assert_false(archive_check(f->tar, NULL, &entries, &e));
	assert_int_equal(truncate(f->tar, 700), 0);
	assert_false(archive_check(f->tar, NULL, NULL, &e));
	snprintf(absent, sizeof absent, "%s/absent", f->dir);
	assert_false(archive_check(absent, NULL, NULL, &e));
	assert_int_equal(e.code, ERR_NOT_FOUND);
	assert_false(archive_check(f->dir, NULL, NULL, &e));
}

/* Folders that no entry lists are made for the entries below them: they count as well. */
static void test_limit_of_folders_above(void **state)
{
	struct folder *f = *state;
	struct archive_limits limits = {6, 1 << 20, 200};
	struct err e = ERR_INIT;

	add(f, "a/b/c/file", '0', NULL, "1", 0644);
	add(f, "a/b/d/file", '0', NULL, "1", 0644);
	finish(f);
	assert_true(archive_check(f->tar, NULL, &limits, &e));
	limits.entries = 5;
	assert_false(archive_check(f->tar, NULL, &limits, &e));
	assert_non_null(strstr(e.text, "more than 5 files and folders"));
}

/* Folders in each other as many as can be given to a task's user, with a file or a folder in the last. */
static void add_deep(struct folder *f, int folders, char type)
{
	struct buf path = BUF_INIT;

	for (int i = 0; i < folders; i++)
		buf_addf(&path, "%sd", i ? "/" : "");
	if (type == '0')
		buf_adds(&path, "/file");
	add(f, "././@LongLink", 'L', NULL, path.data,
		0); /* GNU's way to a name of over 100 bytes */
	add(f, "short", type, NULL, type == '0' ? "1" : "", 0644);
	finish(f);
	buf_release(&path);
}

static void test_deep_is_kept(void **state)
{
	struct folder *f = *state;

	add_deep(f, FSIO_LEVELS_MAX - 1, '0');
	assert_true(archive_check(f->tar, NULL, NULL, NULL));
}

static void test_too_deep_is_refused(void **state)
{
	struct folder *f = *state;
	struct err e = ERR_INIT;

	add_deep(f, FSIO_LEVELS_MAX, '0');
	assert_false(archive_check(f->tar, NULL, NULL, &e));
	assert_non_null(strstr(e.text, "nested deeper than 127"));
}

static void test_too_deep_a_folder_is_refused(void **state)
{
	struct folder *f = *state;

	add_deep(f, FSIO_LEVELS_MAX, '5');
	assert_false(archive_check(f->tar, NULL, NULL, NULL));
}

/* Whoever is told of a package knows it by its name: where the platform keeps it is nobody's matter. */
static void test_sentences_have_no_path(void **state)
{
	struct folder *f = *state;
	struct err e = ERR_INIT, by_file = ERR_INIT;
	const char *file = strrchr(f->tar, '/') + 1;

	add(f, "a", '0', NULL, "123", 0644);
	finish(f);
	assert_int_equal(truncate(f->tar, 700), 0);
	assert_false(archive_check(f->tar, "mine-1.0.tar.gz", NULL, &e));
	assert_non_null(strstr(e.text, "mine-1.0.tar.gz"));
	assert_null(strstr(e.text, f->dir));
	assert_false(archive_check(f->tar, NULL, NULL, &by_file));
	assert_non_null(strstr(by_file.text, file));
	assert_null(strstr(by_file.text, f->dir));
}

static void find(struct folder *f, const char *module, const char *want_root, const char *want_text)
{
	struct err e = ERR_INIT;
	char root[ARCHIVE_ROOT_SIZE];
	bool found = archive_find_module(f->tar, NULL, module, NULL, root, &e);

	if (want_root) {
		assert_true(found);
		assert_string_equal(root, want_root);
	} else {
		assert_false(found);
		if (strcmp(e.text, want_text) != 0)
			print_error("%s\n", e.text);
		assert_string_equal(e.text, want_text);
		assert_string_equal(e.field, "module_name");
	}
}

static void test_modules(void **state)
{
	struct folder *f = *state;

	add(f, "pkg-1/digits/__init__.py", '0', NULL, "", 0644);
	add(f, "pkg-1/digits/train.py", '0', NULL, "", 0644);
	add(f, "pkg-1/src/net/__main__.py", '0', NULL, "", 0644);
	finish(f);
	find(f, "digits.train", "pkg-1", NULL);
	find(f, "net", "pkg-1/src", NULL);
	find(f, "digits.trian", NULL,
		"module digits.trian is not in p.tar; did you mean digits.train?");
	find(f, "nte", NULL, "module nte is not in p.tar; did you mean net?");
	find(f, "quite.another", NULL,
		"module quite.another is not in p.tar: is the package folder at its top?");
	find(f, "../x", NULL,
		"module_name is not the name of a Python module: write it as in "
		"`python3 -m package.module`");
	find(f, "digits", NULL, "module digits is not in p.tar: is the package folder at its top?");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {T(test_unpack), T(test_stopped), T(test_refused),
		T(test_limits), T(test_limit_of_folders_above), T(test_deep_is_kept),
		T(test_too_deep_is_refused), T(test_too_deep_a_folder_is_refused),
		T(test_sentences_have_no_path), T(test_modules)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
