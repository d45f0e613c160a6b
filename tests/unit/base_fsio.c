/* Files, in a folder of the test's own. */
#include "base_fsio_root.h"
#include "base_durable.h"

static void folders_are_made_with_parents(void **state)
{
	struct err e = ERR_INIT;
	char *deep = at("a/b//c/"), *again = at("a/b/c"), *blocked = at("file/x");
	char *file = at("file");
	struct stat st;

	(void)state;
	assert_true(fsio_mkdirs(deep, 0700, &e));
	assert_true(fsio_mkdirs(again, 0700, &e));
	assert_int_equal(stat(again, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_true(fsio_write(file, "x", 1, 0600, &e));
	assert_false(fsio_mkdirs(file, 0700, &e));
	assert_int_equal(e.code, ERR_CONFLICT);
	assert_non_null(strstr(e.text, file));
	assert_false(fsio_mkdirs(blocked, 0700, &e));
	free(deep);
	free(again);
	free(blocked);
	free(file);
}

static void files_are_read_whole(void **state)
{
	struct err e = ERR_INIT;
	struct buf in = BUF_INIT;
	char *path = at("big"), *missing = at("missing");
	char *big = mem_alloc(200000);
	int fd = open(root, O_RDONLY | O_DIRECTORY);

	(void)state;
	memset(big, 'b', 200000);
	assert_true(fsio_write(path, big, 200000, 0640, &e));
	buf_adds(&in, "before ");
	assert_true(fsio_read(path, &in, 200000, &e));
	assert_int_equal(in.len, 200007);
	assert_memory_equal(in.data, "before bbb", 10);
	assert_false(fsio_read(path, &in, 199999, &e));
	assert_int_equal(e.code, ERR_TOO_LARGE);
	assert_int_equal(in.len, 200007);
	buf_reset(&in);
	assert_true(fsio_read_at(fd, "big", &in, 1 << 20, &e));
	assert_int_equal(in.len, 200000);
	assert_false(fsio_read(missing, &in, 10, &e));
	assert_int_equal(e.code, ERR_NOT_FOUND);
	assert_non_null(strstr(e.text, missing));
	assert_false(fsio_read(root, &in, 10, &e));
	assert_int_equal(in.len, 200000);
	close(fd);
	free(big);
	free(path);
	free(missing);
	buf_release(&in);
}

/* A buffer with a limit of its own counts too, and may be exactly filled. */
static void limits_are_exact(void **state)
{
	struct err e = ERR_INIT;
	struct buf in;
	char *path = at("ten");

	(void)state;
	buf_init(&in, 10);
	assert_true(fsio_write(path, "0123456789", 10, 0600, &e));
	assert_true(fsio_read(path, &in, 10, &e));
	assert_string_equal(in.data, "0123456789");
	assert_false(fsio_read(path, &in, 10, &e));
	assert_string_equal(in.data, "0123456789");
	buf_release(&in);
	free(path);
}

static void writing_replaces_whole(void **state)
{
	struct err e = ERR_INIT;
	struct buf in = BUF_INIT;
	char *folder = at("w"), *path = at("w/name"), *nowhere = at("no/such/name"),
	     *onto = at("w/dir");
	struct stat st;

	(void)state;
	assert_true(fsio_mkdirs(onto, 0700, &e));
	assert_true(fsio_write(path, "first and longer", 16, 0600, &e));
	durable_take();
	assert_true(fsio_write(path, "second", 6, 0640, &e));
	assert_string_equal(durable_take(), "frd");
	assert_true(fsio_read(path, &in, 100, &e));
	assert_string_equal(in.data, "second");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_false(fsio_write(nowhere, "x", 1, 0600, &e));
	assert_int_equal(e.code, ERR_NOT_FOUND);
	/* What could not be put in place leaves nothing aside. */
	assert_false(fsio_write(onto, "x", 1, 0600, &e));
	assert_int_equal(count_entries(folder), 2);
	free(folder);
	free(path);
	free(nowhere);
	free(onto);
	buf_release(&in);
}

static void short_writes_go_on(void **state)
{
	size_t size = 1 << 20, total = 0;
	char *bytes = mem_alloc(size), chunk[4096];
	int ends[2];
	ssize_t n;
	pid_t writer;
	int status;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	writer = fork();
	if (writer == 0) {
		close(ends[0]);
		_exit(!fsio_write_all(ends[1], bytes, size));
	}
	close(ends[1]);
	while ((n = read(ends[0], chunk, sizeof chunk)) > 0)
		total += (size_t)n;
	assert_int_equal(total, size);
	assert_int_equal(waitpid(writer, &status, 0), writer);
	assert_int_equal(status, 0);
	close(ends[0]);
	assert_false(fsio_write_all(-1, "x", 1));
	free(bytes);
}

static void paths(void **state)
{
	static const struct {
		const char *dir, *name, *want;
	} rows[] = {{"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"a/", "/b", "a/b"}, {"/", "b", "/b"},
		{"", "b", "b"}, {"a", "/b", "a/b"}};
	char *dir;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *joined = fsio_join(rows[i].dir, rows[i].name);

		assert_string_equal(joined, rows[i].want);
		free(joined);
	}
	dir = fsio_program_dir();
	assert_int_equal(dir[0], '/');
	assert_true(exists(dir));
	assert_non_null(strstr(dir, "unit"));
	free(dir);
}

static void local_folders_are_local(void **state)
{
	char *missing = at("not/made/yet");

	(void)state;
	assert_false(fsio_is_network("/proc"));
	assert_false(fsio_is_network("/dev/shm"));
	assert_false(fsio_is_network("no/such/folder") && !fsio_is_network("."));
	assert_int_equal(fsio_is_network(missing), fsio_is_network(root));
	free(missing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(folders_are_made_with_parents),
		cmocka_unit_test(files_are_read_whole),
		cmocka_unit_test(limits_are_exact),
		cmocka_unit_test(writing_replaces_whole),
		cmocka_unit_test(short_writes_go_on),
		cmocka_unit_test(paths),
		cmocka_unit_test(local_folders_are_local),
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}
