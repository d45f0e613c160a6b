/* What a new daemon makes of the tasks that an old one left, and what happens when a shim dies. */
#include "base/proctree.h"
#include "descriptors.h"
#include "engine_tasks.h"

#include <sys/prctl.h>
#include <sys/wait.h>

/* ---- Adoption ---- */

static void test_adopt_running(void **state)
{
	struct bench *b = *state;
	const char *uid = "a";

	launch_shell(b, "a",
		"echo up; until [ -e $MLTOP_OUTPUT_DIR/go ]; do sleep 0.01; done; exit 3");
	bench_until(b, seen(b, "a")->started && log_has(b, "a", "up\n"));
	int64_t start_ms = seen(b, "a")->start_ms;

	bench_close_engine(b);
	reopen(b);
	bench_adopt(b, &uid, 1);
	bench_until(b, seen(b, "a")->started);
	assert_int_equal(seen(b, "a")->start_ms, start_ms);
	touch(b, "a", "/output/go");
	bench_until(b, seen(b, "a")->ended);
	assert_int_equal(seen(b, "a")->end.code, 3);
	expect_log(b, "a", "up\n");
}

static void test_adopt_ended(void **state)
{
	struct bench *b = *state;
	const char *uid = "a";
	struct task_ref ref = ref_of("a", 1);
	struct log_range range;

	launch_shell(b, "a",
		"echo up; until [ -e $MLTOP_OUTPUT_DIR/go ]; do sleep 0.01; done; echo bye; exit 4");
	bench_until(b, seen(b, "a")->started);
	bench_close_engine(b);
	touch(b, "a", "/output/go");
	bench_until(b, exists(b, "a", "/master-0/1/exit"));
	reopen(b);
	bench_adopt(b, &uid, 1);
	bench_until(b, seen(b, "a")->ended);
	assert_int_equal(seen(b, "a")->end.code, 4);
	expect_log(b, "a", "up\nbye\n");
	assert_true(bench_range(b, &ref, &range));
	assert_true(range.final);
	assert_int_equal(range.newest, 7);
}

static void test_adopt_what_never_began(void **state)
{
	struct bench *b = *state;
	const char *uid = "a";

	bench_adopt(b, &uid, 1);
	bench_until(b, seen(b, "a")->ended);
	assert_int_equal(seen(b, "a")->why, REASON_RETRY);
	assert_int_equal(seen(b, "a")->started, 0);
}

/* Writes a folder as a launch leaves it that was cut short after the spec. */
static void write_spec_only(struct bench *b, bool this_boot)
{
	static const char *const argv[] = {"/bin/sh", "-c", "echo once", NULL};
	static const char *const env[] = {"PATH=/usr/bin:/bin", NULL};
	struct task_spec spec = {.uid = bench_uid("a"),
		.task = "master-0",
		.attempt = 1,
		.argv = argv,
		.env = env,
		.work_dir = "/",
		.prepare = "",
		.finish = "",
		.run_uid = -1,
		.run_gid = -1,
		.umask = 077,
		.stop_grace_ms = 100,
		.segment_size = 65536};
	char *path = path_of(b, "a", "/master-0/1"), data[8192], boot[40];
	size_t len = taskfile_encode_spec(data, sizeof data, &spec);

	assert_true(len > 0);
	assert_true(fsio_mkdirs(path, 0700, NULL));
	int folder = open(path, O_RDONLY | O_DIRECTORY);

	assert_true(taskfile_boot_id(boot));
	assert_int_equal(symlinkat(this_boot ? boot : "another", folder, "boot"), 0);
	assert_true(taskfile_write_aside(folder, "spec", data, len, false, NULL));
	assert_true(taskfile_rename(folder, "spec", false, NULL));
	close(folder);
	free(path);
}

static void test_adopt_a_launch_cut_short(void **state)
{
	struct bench *b = *state;
	const char *uid = "a";

	write_spec_only(b, true);
	bench_adopt(b, &uid, 1);
	bench_until(b, seen(b, "a")->ended);
	assert_int_equal(seen(b, "a")->end.code, 0);
	assert_int_equal(seen(b, "a")->why, REASON_NONE);
	expect_log(b, "a", "once\n");
}

static void test_adopt_a_launch_cut_short_before_a_reboot(void **state)
{
	struct bench *b = *state;
	const char *uid = "a";

	write_spec_only(b, false);
	bench_adopt(b, &uid, 1);
	bench_until(b, seen(b, "a")->ended);
	assert_int_equal(seen(b, "a")->why, REASON_NODE_REBOOTED);
	assert_false(exists(b, "a", "/master-0/1/log")); /* it was not run */
}

static void kill_shim(struct bench *b, const char *uid)
{
	struct task_pid pid;

	assert_true(load_pid(b, uid, &pid));
	assert_true(proctree_signal(pid.shim_pid, pid.shim_start, SIGKILL));
}

/* A grandchild in a session of its own, and one in the task's. */
#define FAMILY "setsid sh -c 'sleep 600' & sleep 600 & echo up; wait"

static void test_shim_killed(void **state)
{
	struct bench *b = *state;
	struct task_ref ref = ref_of("a", 1);
	struct log_range range;

	launch_shell(b, "a", FAMILY);
	bench_until(b,
		seen(b, "a")->started && log_has(b, "a", "up") && bench_processes(b, false) >= 5);
	kill_shim(b, "a");
	bench_until(b, seen(b, "a")->ended);
	assert_int_equal(seen(b, "a")->why, REASON_SUPERVISOR_LOST);
	assert_int_equal(seen(b, "a")->end.end, TASK_END_SIGNAL);
	assert_int_equal(seen(b, "a")->end.log_bytes, 3);
	assert_int_equal(seen(b, "a")->notes, 1);
	assert_non_null(strstr(seen(b, "a")->note, "LogGap"));
	bench_until(b, bench_processes(b, false) == 0);
	assert_true(bench_range(b, &ref, &range));
	assert_true(range.final);
	assert_true(exists(b, "a", "/master-0/1/exit"));
	assert_true(exists(b, "a", "/master-0/1/log/gaps"));
}

/* A task with children, whose shim is killed while no daemon is there to see it. */
static void kill_shim_of_family(struct bench *b)
{
	launch_shell(b, "a", FAMILY);
	bench_until(b, seen(b, "a")->started && bench_processes(b, false) >= 5);
	bench_close_engine(b);
	kill_shim(b, "a");
	reopen(b);
}

static void family_is_ended(struct bench *b)
{
	const char *uid = "a";

	kill_shim_of_family(b);
	bench_adopt(b, &uid, 1);
	bench_until(b, seen(b, "a")->ended);
	assert_int_equal(seen(b, "a")->why, REASON_SUPERVISOR_LOST);
	bench_until(b, bench_processes(b, false) == 0);
}

static void test_shim_killed_while_the_daemon_was_away(void **state)
{
	family_is_ended(*state);
}

/* Nothing but what they are tells that these are the task's. */
static void test_shim_killed_where_no_group_holds_its_task(void **state)
{
	struct bench *b = *state;

	bench_close_engine(b);
	b->local.limits = LOCAL_LIMITS_NONE;
	reopen(b);
	family_is_ended(b);
}

/*
 * The folder can be opened, what is in it cannot. Taken for a task that has no pid, and so never
 * ran, it would be started beside what is left of it.
 */
static void test_shim_killed_and_no_descriptors(void **state)
{
	struct bench *b = *state;
	const char *uid = "a";

	kill_shim_of_family(b);
	descriptors_allow_one();
	bench_adopt(b, &uid, 1);
	/* Each turn waits for something to come back from the pool. */
	for (int i = 0; i < 4; i++)
		uv_run(&b->loop, UV_RUN_ONCE);
	descriptors_allow(true);
	bench_until(b, seen(b, "a")->ended);
	assert_int_equal(seen(b, "a")->why, REASON_SUPERVISOR_LOST);
	bench_until(b, bench_processes(b, false) == 0);
}

/* As after a power loss: the pid record is of another boot, its process somebody else's by now. */
static void test_node_rebooted(void **state)
{
	struct bench *b = *state;
	const char *uid = "a";
	struct task_pid pid;
	struct task_ref ref = ref_of("a", 1);
	struct log_range range;
	char data[1024];

	launch_shell(b, "a", "echo up; sleep 600");
	bench_until(b, seen(b, "a")->started && log_has(b, "a", "up"));
	bench_close_engine(b);
	assert_true(load_pid(b, "a", &pid));
	struct task_pid other = pid;

	other.shim_pid = getpid(); /* must not be signalled */
	snprintf(other.boot_id, sizeof other.boot_id, "00000000-0000-0000-0000-000000000000");
	size_t len = taskfile_encode_pid(data, sizeof data, &other);
	char *path = path_of(b, "a", "/master-0/1"), marker[TASK_MARKER_MAX];
	int folder = open(path, O_RDONLY | O_DIRECTORY);

	taskfile_marker(marker, bench_uid("a"), "master-0", 1);
	while (proctree_kill_task(&pid, marker) > 0)
		;
	assert_true(taskfile_write_aside(folder, "pid", data, len, false, NULL));
	assert_true(taskfile_rename(folder, "pid", false, NULL));
	close(folder);
	free(path);
	reopen(b);
	bench_adopt(b, &uid, 1);
	bench_until(b, seen(b, "a")->ended);
	assert_int_equal(seen(b, "a")->why, REASON_NODE_REBOOTED);
	assert_true(bench_range(b, &ref, &range));
	assert_int_equal(range.generation, 1);
	assert_int_equal(range.newest, 3);
}

/* Somebody else's process, alone in a session, that lives until it is killed. */
static pid_t stranger_fork(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setsid();
		for (;;)
			pause();
	}
	assert_true(pid > 0);
	return pid;
}

/* One that began after the dead ones: start times are told in ticks of 10 ms. */
static pid_t stranger_start(const struct task_pid *dead)
{
	struct proctree_process p;
	pid_t pid = stranger_fork();

	while (proctree_read(&p, pid) &&
		(p.start == dead->shim_start || p.start == dead->child_start)) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		pid = stranger_fork();
	}
	return pid;
}

/* The shim's number, and its child's, were given to others meanwhile: these are not ended for it. */
static void test_pids_given_away(void **state)
{
	struct bench *b = *state;
	const char *uid = "a";
	struct task_pid pid;
	pid_t stranger;
	char data[1024];

	launch_shell(b, "a", "echo up; sleep 600");
	bench_until(b, seen(b, "a")->started && log_has(b, "a", "up"));
	bench_close_engine(b);
	assert_true(load_pid(b, "a", &pid));
	struct task_pid other = pid;
	char *path = path_of(b, "a", "/master-0/1"), marker[TASK_MARKER_MAX];
	int folder = open(path, O_RDONLY | O_DIRECTORY);

	taskfile_marker(marker, bench_uid("a"), "master-0", 1);
	while (proctree_kill_task(&pid, marker) > 0)
		;
	stranger = stranger_start(&pid);
	other.shim_pid = other.child_pid = (int)
		stranger; /* with the start times of the dead ones */
	assert_true(taskfile_write_aside(folder, "pid", data,
		taskfile_encode_pid(data, sizeof data, &other), false, NULL));
	assert_true(taskfile_rename(folder, "pid", false, NULL));
	close(folder);
	free(path);
	reopen(b);
	bench_adopt(b, &uid, 1);
	bench_until(b, seen(b, "a")->ended);
	assert_int_equal(seen(b, "a")->why, REASON_SUPERVISOR_LOST);
	assert_int_equal(waitpid(stranger, NULL, WNOHANG), 0);
	kill(stranger, SIGKILL);
	waitpid(stranger, NULL, 0);
}

static void test_strays(void **state)
{
	struct bench *b = *state;

	launch_shell(b, "finished", "echo kept");
	launch_shell(b, "stray", FAMILY);
	bench_until(b,
		seen(b, "finished")->ended && seen(b, "stray")->started &&
			bench_processes(b, false) >= 5);
	bench_close_engine(b);
	reopen(b);
	bench_adopt(b, NULL, 0);
	bench_until(b, !exists(b, "stray", "/master-0") && bench_processes(b, false) == 0);
	expect_log(b, "finished", "kept\n");
	assert_int_equal(b->ended, 0); /* nobody is told */
}

static const char *const left[] = {"01M80H1P2F791X2E29CG3XBXWR", "01M80H37N978JAAB6QW1HAYP18",
	"of-somebody-else"};

static bool first_is_deleted(void *ctx, const char *uid)
{
	(void)ctx;
	return strcmp(uid, left[0]) != 0;
}

/* A daemon may die between a deletion's commit and the removal of what the job left. */
static void test_what_deleted_jobs_left(void **state)
{
	struct bench *b = *state;
	char *there[3];

	for (int i = 0; i < 3; i++) {
		char *tasks = fsio_join(b->dir, "tasks");

		there[i] = fsio_join(tasks, left[i]);
		free(tasks);
		assert_true(fsio_mkdirs(there[i], 0700, NULL));
	}
	bench_close_engine(b);
	b->config.events.known = first_is_deleted;
	reopen(b);
	bench_adopt(b, NULL, 0);
	bench_until(b, access(there[0], F_OK) != 0);
	assert_int_equal(access(there[1], F_OK), 0);
	assert_int_equal(access(there[2], F_OK), 0);
	for (int i = 0; i < 3; i++)
		free(there[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_adopt_running),
		TEST(test_adopt_ended),
		TEST(test_adopt_what_never_began),
		TEST(test_adopt_a_launch_cut_short),
		TEST(test_adopt_a_launch_cut_short_before_a_reboot),
		TEST(test_shim_killed),
		TEST(test_shim_killed_while_the_daemon_was_away),
		TEST(test_shim_killed_where_no_group_holds_its_task),
		TEST(test_shim_killed_and_no_descriptors),
		TEST(test_node_rebooted),
		TEST(test_pids_given_away),
		TEST(test_strays),
		TEST(test_what_deleted_jobs_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
