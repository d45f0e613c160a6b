/* Secrets of a task: they reach it, and nobody else. */
#include "engine_tasks.h"

#include <ftw.h>

static const char value[] = "s3cret-of-a-file-5f1d", word[] = "s3cret-of-a-variable-77c2";

static void start_with(struct bench *b, const struct task_secret *secrets, size_t count,
	const char *prepare, const char *script, int user)
{
	const char *argv[3];
	struct task_program p = shell_job(argv, script);

	p.prepare_command = prepare;
	struct task_launch l = {.ref = ref_of("a", 1),
		.program = p,
		.run_uid = user,
		.run_gid = user,
		.secrets = secrets,
		.secret_count = count};

	b->en->ops->start(b->en, &l);
}

static const struct task_secret both[] = {
	{.name = "token.txt", .value = value, .size = sizeof value - 1},
	{.name = "PASSWORD", .value = word, .size = sizeof word - 1, .env = true},
};

/* ---- Where they must not be ---- */

static int found;
static char found_in[400];

static bool file_holds(const char *path, const char *what)
{
	static char bytes[1 << 20];
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
	ssize_t n = fd < 0 ? 0 : read(fd, bytes, sizeof bytes);

	if (fd >= 0)
		close(fd);
	return n > 0 && memmem(bytes, (size_t)n, what, strlen(what)) != NULL;
}

static int look(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)at;
	if (type == FTW_F && S_ISREG(st->st_mode) &&
		(file_holds(path, value) || file_holds(path, word))) {
		found++;
		snprintf(found_in, sizeof found_in, "%s", path);
	}
	return 0;
}

static void expect_nowhere(struct bench *b)
{
	found = 0;
	assert_int_equal(nftw(b->dir, look, 16, FTW_PHYS), 0);
	if (found > 0)
		fail_msg("a secret is in %s", found_in);
}

/* argv and environment of every process but the task's own user sees them; here all but `child`. */
static void expect_in_no_process(const struct task_pid *pid)
{
	char path[64];

	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "/proc/%d/%s", pid->shim_pid,
			i ? "environ" : "cmdline");
		assert_false(file_holds(path, value) || file_holds(path, word));
	}
	snprintf(path, sizeof path, "/proc/%d/cmdline", pid->child_pid);
	assert_false(file_holds(path, value) || file_holds(path, word));
	snprintf(path, sizeof path, "/proc/%d/environ", pid->child_pid);
	assert_false(file_holds(path, value)); /* only what was asked for there */
}

/* ---- Tests ---- */

static void reach(struct bench *b, int user)
{
	struct task_pid pid;
	char *dir = path_of(b, "a", "/master-0/1/secrets");

	start_with(b, both, 2, "cat $MLTOP_SECRETS_DIR/token.txt | wc -c; echo ${#PASSWORD}",
		"stat -c '%a %u' $MLTOP_SECRETS_DIR/token.txt; cat $MLTOP_SECRETS_DIR/token.txt | wc -c; "
		"echo ${#PASSWORD}; ls $MLTOP_SECRETS_DIR; stat -f -c %T $MLTOP_SECRETS_DIR; "
		"touch $MLTOP_SECRETS_DIR/x 2>/dev/null || echo closed; echo up; "
		"until [ -e $MLTOP_OUTPUT_DIR/go ]; do sleep 0.01; done",
		user);
	bench_until(b, log_has(b, "a", "up\n") || seen(b, "a")->ended);
	if (seen(b, "a")->ended)
		fail_msg("%s", seen(b, "a")->end.message);
	assert_true(load_pid(b, "a", &pid));
	expect_in_no_process(&pid);
	expect_nowhere(b);
	/* Where others look the folder is empty. */
	assert_int_equal(rmdir(dir) == 0 || errno == EBUSY, 1);
	touch(b, "a", "/output/go");
	bench_until(b, seen(b, "a")->ended);
	assert_int_equal(seen(b, "a")->end.code, 0);
	char expected[200];

	snprintf(expected, sizeof expected,
		"21\n25\n400 %d\n21\n25\ntoken.txt\ntmpfs\nclosed\nup\n", user < 0 ? 0 : user);
	expect_log(b, "a", expected);
	expect_nowhere(b);
	free(dir);
}

static void test_reach_the_task(void **state)
{
	if (geteuid() == 0)
		reach(*state, -1);
}

static void test_reach_a_user_of_its_own(void **state)
{
	struct bench *b = *state;

	if (geteuid() != 0)
		return;
	bench_close_engine(b);
	b->config.shared = true;
	assert_int_equal(chmod(b->dir, 0711), 0);
	bench_open(b, &engine_local);
	reach(b, 500000 + getpid());
}

/* A shim that anybody may run: the tree that is tested may lie where others do not pass. */
static char *shim_copy(struct bench *b)
{
	char *path = path_in(b, "shim");
	struct buf bytes = BUF_INIT;

	assert_true(fsio_read(b->config.shim_path, &bytes, 256 << 20, NULL));
	assert_true(fsio_write(path, bytes.data, bytes.len, 0755, NULL));
	assert_int_equal(chmod(path, 0755), 0);
	buf_release(&bytes);
	return path;
}

/* Without a privilege there is no mount: a folder of the machine's tmpfs, removed at the end. */
static void test_without_root(void **state)
{
	struct bench *b = *state;
	char *dir = NULL, *tasks = path_in(b, "tasks");
	char *shim = shim_copy(b);

	bench_close_engine(b);
	b->config.shim_path = shim;
	if (geteuid() == 0) {
		assert_int_equal(chown(b->dir, 65534, 65534), 0);
		assert_true(fsio_remove_tree(tasks, NULL));
		assert_int_equal(seteuid(65534), 0);
	}
	bench_open(b, &engine_local);
	start_with(b, both, 2, NULL,
		"stat -c %a $MLTOP_SECRETS_DIR/token.txt; cat $MLTOP_SECRETS_DIR/token.txt | wc -c; "
		"echo ${#PASSWORD}; stat -c %a $MLTOP_SECRETS_DIR",
		-1);
	bench_until(b, seen(b, "a")->ended);
	assert_true(asprintf(&dir, "/dev/shm/mltop-%s.master-0.1", bench_uid("a")) > 0);
	int left = access(dir, F_OK);

	bench_close_engine(b);
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	bench_open(b, &engine_local);
	expect_log(b, "a", "400\n21\n25\n700\n");
	assert_int_equal(left, -1);
	expect_nowhere(b);
	free(tasks);
	free(shim);
	free(dir);
}

static void test_binary_and_empty(void **state)
{
	struct bench *b = *state;
	const struct task_secret odd[] = {
		{.name = "bytes", .value = "a\0b\n", .size = 4},
		{.name = "empty", .value = "", .size = 0},
	};

	if (geteuid() != 0)
		return;
	start_with(b, odd, 2, NULL, "cd $MLTOP_SECRETS_DIR; od -An -c bytes; stat -c %s empty", -1);
	bench_until(b, seen(b, "a")->ended);
	expect_log(b, "a", "   a  \\0   b  \\n\n0\n");
}

/* A name that leads out of the folder, a variable that cannot hold its value, too many, too much. */
static void test_refused(void **state)
{
	static const struct {
		struct task_secret secret;
		const char *why;
	} bad[] = {
		{{.name = "../spec", .value = value, .size = 3}, "named '../spec'"},
		{{.name = "", .value = value, .size = 3}, "named ''"},
		{{.name = "..", .value = value, .size = 3}, "named '..'"},
		{{.name = "A=B", .value = value, .size = 3, .env = true}, "named 'A=B'"},
		{{.name = "A", .value = "a\0b", .size = 3, .env = true}, "NUL"},
		{{.name = "big", .value = value, .size = TASK_SECRETS_BYTES + 1}, "more than"},
	};
	struct bench *b = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		bench_forget_seen(b);
		start_with(b, &bad[i].secret, 1, NULL, "echo ran", -1);
		expect_start_failure(b, REASON_START, bad[i].why);
		assert_null(strstr(seen(b, "a")->end.message, value));
	}
}

/* The daemon died before the shim began: it has no values for it, and says that nothing ran. */
static void test_launch_cut_short(void **state)
{
	struct bench *b = *state;
	const char *uid = "a";
	char *exit_file = path_of(b, "a", "/master-0/1/exit"),
	     *pid_file = path_of(b, "a", "/master-0/1/pid");

	if (geteuid() != 0)
		return;
	start_with(b, both, 2, NULL, "true", -1);
	bench_until(b, seen(b, "a")->ended);
	bench_close_engine(b);
	assert_true(unlink(exit_file) == 0 && unlink(pid_file) == 0);
	reopen(b);
	bench_adopt(b, &uid, 1);
	bench_until(b, seen(b, "a")->ended);
	assert_int_equal(seen(b, "a")->why, REASON_RETRY);
	free(exit_file);
	free(pid_file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_reach_the_task),
		TEST(test_reach_a_user_of_its_own),
		TEST(test_without_root),
		TEST(test_binary_and_empty),
		TEST(test_refused),
		TEST(test_launch_cut_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
