/*
 * How the limits of tasks are held: by control groups where this machine lets us make them (as root on
 * the trees of v1; elsewhere what is then claimed), polled, or not at all.
 */
#include "engine_tasks.h"

#include <sys/wait.h>
#include <uv.h>

enum { MIB = 1 << 20 };

static void open_with(struct bench *b, unsigned limits, const char *root)
{
	bench_close_engine(b);
	b->local.limits = limits;
	b->local.cgroup_root = root;
	bench_open(b, &engine_local);
}

/* False: this machine holds no limits so, and does not say that it does. */
static bool has_groups(struct bench *b)
{
	assert_non_null(b->en->notice);
	if (strcmp(b->en->enforces, "cgroup") == 0)
		return true;
	assert_string_equal(b->en->enforces, "poll");
	assert_non_null(strstr(b->en->notice, "polled: "));
	assert_int_not_equal(geteuid(), 0); /* where tests run as root they are to show it */
	print_message("not shown here: no control groups\n");
	return false;
}

static void start_script(struct bench *b, const char *uid, const char *script, int64_t cpu,
	int64_t memory)
{
	const char *argv[3];
	struct task_program p = shell_job(argv, script);

	p.cpu_limit.v = cpu;
	p.memory_limit.v = memory;
	launch(b, uid, 1, &p, NULL);
}

#define HOG(mib) "exec /usr/bin/python3 -S -c 'x = bytearray(" #mib " << 20); print(\"has it\")'"

static const char *message_of(struct bench *b, const char *uid)
{
	return seen(b, uid)->end.message;
}

static void expect_oom(struct bench *b)
{
	bench_until(b, seen(b, "a")->ended);
	if (seen(b, "a")->why != REASON_OOM_KILLED ||
		!strstr(message_of(b, "a"), "limit of 64 MiB") ||
		!strstr(message_of(b, "a"), "peak 6"))
		fail_msg("why %d: %s", seen(b, "a")->why, message_of(b, "a"));
}

static void test_out_of_memory(void **state)
{
	struct bench *b = *state;

	if (!has_groups(b))
		return;
	start_script(b, "a", HOG(200), 1000, 64 * MIB);
	expect_oom(b);
	assert_false(log_has(b, "a", "has it"));
}

/* It is a child that the kernel ends; the program itself would go on, or end with a code of its own. */
static void test_a_child_out_of_memory(void **state)
{
	struct bench *b = *state;

	if (!has_groups(b))
		return;
	start_script(b, "a", "(" HOG(200) "); exec sleep 1000", 1000, 64 * MIB);
	expect_oom(b);
	bench_forget_seen(b);
	start_script(b, "b", "(" HOG(200) ") || exit 7", 1000, 64 * MIB);
	bench_until(b, seen(b, "b")->ended);
	assert_int_equal(seen(b, "b")->why, REASON_OOM_KILLED);
}

/* What succeeded has succeeded, and says what it did without. */
static void test_out_of_memory_and_well(void **state)
{
	struct bench *b = *state;

	if (!has_groups(b))
		return;
	start_script(b, "a", "(" HOG(200) "); exit 0", 1000, 64 * MIB);
	bench_until(b, seen(b, "a")->ended);
	/* The look may come before the end: then it is over for the rest as well. */
	if (seen(b, "a")->why == REASON_NONE)
		assert_non_null(strstr(message_of(b, "a"), "out of memory"));
	else
		assert_int_equal(seen(b, "a")->why, REASON_OOM_KILLED);
}

static int numbers_of_log(struct bench *b, int out[2])
{
	char *text = log_text(b, "a", 1);
	int n = sscanf(text, "%d\n%d\n", &out[0], &out[1]);

	free(text);
	return n;
}

/* A process that has left session and environment behind; cgroup.kill and the freezer find it. */
static void test_stop_ends_all_of_it(void **state)
{
	struct bench *b = *state;
	struct task_ref ref = ref_of("a", 1);
	int pids[2];

	start_script(b, "a",
		"trap '' TERM; echo $$; setsid env -i /bin/sh -c 'trap \"\" TERM; echo $$; while :; do "
		"/bin/sleep 1000; done' & wait; sleep 1000",
		1000, 0);
	bench_until(b, numbers_of_log(b, pids) == 2);
	b->en->ops->stop(b->en, &ref, 10);
	bench_until(b, seen(b, "a")->ended);
	assert_int_equal(seen(b, "a")->why, REASON_CANCELLED);
	assert_int_equal(kill(pids[0], 0), -1);
	assert_int_equal(kill(pids[1], 0), -1);
}

/* Whether any of the groups that the log names ("4:memory:/path") is there. */
static int groups_of_log(struct bench *b, int *named)
{
	char *text = log_text(b, "a", 1), *rest = text, *line, path[1024];
	int there = 0;

	*named = 0;
	while ((line = strsep(&rest, "\n")) != NULL) {
		char *names = strchr(line, ':'), *at = names ? strchr(names + 1, ':') : NULL;

		if (at == NULL || strstr(at, "/mltop-") == NULL)
			continue;
		*at++ = '\0';
		++*named;
		snprintf(path, sizeof path, "/sys/fs/cgroup/%.100s%.800s",
			names[1] ? names + 1 : "unified", at);
		there += access(path, F_OK) == 0;
	}
	free(text);
	return there;
}

static void test_groups_go_with_the_task(void **state)
{
	struct bench *b = *state;
	int named;

	if (!has_groups(b))
		return;
	start_script(b, "a",
		"cat /proc/self/cgroup; echo up; until [ -e $MLTOP_OUTPUT_DIR/go ]; do sleep 0.01; done",
		1000, 64 * MIB);
	bench_until(b, log_has(b, "a", "up\n"));
	assert_true(groups_of_log(b, &named) == named && named > 0);
	/* A daemon that restarts leaves it where it is. */
	bench_close_engine(b);
	reopen(b);
	bench_adopt(b, (const char *const[]){"a"}, 1);
	bench_until(b, seen(b, "a")->started);
	assert_int_equal(groups_of_log(b, &named), named);
	touch(b, "a", "/output/go");
	bench_until(b, seen(b, "a")->ended);
	assert_int_equal(seen(b, "a")->end.code, 0);
	assert_int_equal(groups_of_log(b, &named), 0);
}

/* Nothing of the task is found by looking but by its group: it is ended, and the group removed. */
static void test_groups_of_a_dead_shim(void **state)
{
	struct bench *b = *state;
	struct task_pid pid;
	int named;

	if (!has_groups(b))
		return;
	start_script(b, "a",
		"cat /proc/self/cgroup; setsid env -i /bin/sh -c '(echo pid $$ up; exec sleep 1000) & ' ; "
		"sleep 1000",
		1000, 0);
	bench_until(b, log_has(b, "a", "up\n"));
	assert_true(load_pid(b, "a", &pid));
	kill(pid.shim_pid, SIGKILL);
	bench_until(b, seen(b, "a")->ended);
	assert_int_equal(seen(b, "a")->why, REASON_SUPERVISOR_LOST);
	assert_int_equal(groups_of_log(b, &named), 0);
	assert_true(named > 0);
}

/* Daemon and shim die, and somebody removes the folder: the next start finds the group. */
static void test_groups_that_nobody_knows(void **state)
{
	struct bench *b = *state;
	struct task_pid pid;
	char *folder = path_of(b, "a", "");
	int named;

	if (!has_groups(b))
		return;
	start_script(b, "a", "cat /proc/self/cgroup; echo up; exec sleep 1000", 1000, 0);
	bench_until(b, log_has(b, "a", "up\n"));
	assert_true(load_pid(b, "a", &pid));
	bench_close_engine(b);
	kill(pid.shim_pid, SIGKILL);
	bench_open(b, &engine_local); /* it does not adopt yet: the log is read through it */
	assert_true(groups_of_log(b, &named) == named && named > 0);
	char *text = log_text(b, "a", 1);

	assert_true(fsio_remove_tree(folder, NULL));
	bench_adopt(b, NULL, 0);
	bench_until(b, kill(pid.child_pid, 0) < 0 || waitpid(pid.child_pid, NULL, WNOHANG) > 0);
	char *at = strstr(text, "/mltop-"), path[1024];
	char *mem = strstr(text, ":pids:") + 6;

	mem[strcspn(mem, "\n")] = '\0';
	snprintf(path, sizeof path, "/sys/fs/cgroup/pids%.800s", mem);
	assert_non_null(at);
	bench_until(b, access(path, F_OK) < 0);
	free(text);
	free(folder);
}

/* The sampler reads the group: all of its processes, without walking /proc. */
static void test_samples_of_a_group(void **state)
{
	struct bench *b = *state;
	struct task_ref ref = ref_of("a", 1);

	if (!has_groups(b))
		return;
	bench_close_engine(b);
	b->local.sample.v = 50;
	bench_open(b, &engine_local);
	start_script(b, "a",
		"exec /usr/bin/python3 -S -c 'x = bytearray(b\"x\") * (40 << 20); import time; time.sleep(1000)'",
		1000, 0);
	bench_until(b, seen(b, "a")->samples > 0 && seen(b, "a")->sample.memory > 40 * MIB);
	assert_true(seen(b, "a")->sample.memory < 200 * MIB);
	b->en->ops->stop(b->en, &ref, 10);
	bench_until(b, seen(b, "a")->ended);
}

static void test_processes_of_a_group(void **state)
{
	struct bench *b = *state;

	if (!has_groups(b))
		return;
	bench_close_engine(b);
	b->local.processes_per_org = 12;
	bench_open(b, &engine_local);
	start_script(b, "a",
		"i=0; while [ $i -lt 30 ]; do sleep 1000 & i=$((i + 1)); done; echo beyond", 1000,
		0);
	bench_until(b, seen(b, "a")->ended);
	assert_false(log_has(b, "a", "beyond"));
	assert_non_null(strstr(message_of(b, "a"), "it may have 12 at once"));
}

/* ---- Polled ---- */

static void test_polled_memory(void **state)
{
	struct bench *b = *state;

	open_with(b, LOCAL_LIMITS_POLL, NULL);
	assert_string_equal(b->en->enforces, "poll");
	start_script(b, "a",
		"exec /usr/bin/python3 -S -c 'x = bytearray(b\"x\") * (200 << 20); import time; time.sleep(1000)'",
		1000, 64 * MIB);
	bench_until(b, seen(b, "a")->ended);
	assert_int_equal(seen(b, "a")->why, REASON_OOM_KILLED);
	assert_non_null(strstr(message_of(b, "a"), "memory limit of 64 MiB"));
}

static int cpus_of_log(struct bench *b, const char *uid)
{
	char *text = log_text(b, uid, 1);
	int n = (int)strtol(text, NULL, 10);

	free(text);
	return n;
}

/* One processor each, and not the same while there is another. */
static void test_polled_processors(void **state)
{
	struct bench *b = *state;
	static const char script[] =
		"sed -n 's/^Cpus_allowed_list:[^0-9]*//p' /proc/self/status; nproc; "
		"until [ -e $MLTOP_OUTPUT_DIR/go ]; do sleep 0.01; done";

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		print_message("not shown here: one processor\n");
		return;
	}
	open_with(b, LOCAL_LIMITS_POLL, NULL);
	start_script(b, "a", script, 1000, 0);
	start_script(b, "b", script, 700, 0);
	bench_until(b, log_has(b, "a", "\n1\n") && log_has(b, "b", "\n1\n"));
	assert_int_not_equal(cpus_of_log(b, "a"), cpus_of_log(b, "b"));
	touch(b, "a", "/output/go");
	bench_until(b, seen(b, "a")->ended);
	/* The next daemon knows which is taken. */
	int taken = cpus_of_log(b, "b");

	bench_close_engine(b);
	reopen(b);
	bench_adopt(b, (const char *const[]){"b"}, 1);
	bench_until(b, seen(b, "b")->started);
	start_script(b, "c", script, 1000, 0);
	bench_until(b, log_has(b, "c", "\n1\n"));
	assert_int_not_equal(cpus_of_log(b, "c"), taken);
	touch(b, "b", "/output/go");
	touch(b, "c", "/output/go");
	bench_until(b, seen(b, "b")->ended && seen(b, "c")->ended);
}

/* ---- What is claimed ---- */

static void test_none(void **state)
{
	struct bench *b = *state;

	open_with(b, LOCAL_LIMITS_NONE, NULL);
	assert_string_equal(b->en->enforces, "none");
	start_script(b, "a", HOG(100), 10, 8 * MIB);
	bench_until(b, seen(b, "a")->ended);
	expect_log(b, "a", "has it\n");
}

/* Where there are none, it is said which, and whoever insists does not get less. */
static void test_where_there_are_none(void **state)
{
	struct bench *b = *state;
	struct err e = ERR_INIT;

	open_with(b, LOCAL_LIMITS_AUTO, b->dir);
	assert_string_equal(b->en->enforces, "poll");
	assert_non_null(strstr(b->en->notice, "no control groups of cpu below"));
	bench_close_engine(b);
	b->local.limits = LOCAL_LIMITS_CGROUP;
	assert_false(engine_local.open(&b->en, &b->config, &e));
	assert_non_null(strstr(e.text, "local.limits is cgroup, but there are no control groups"));
	b->local.limits = LOCAL_LIMITS_AUTO;
	bench_open(b, &engine_local);
}

/* A group of v2 that may not hand its controllers on. */
static void test_v2_without_controllers(void **state)
{
	struct bench *b = *state;
	char *path = path_in(b, "cgroup.controllers");

	assert_true(fsio_write(path, "cpu memory pids\n", 16, 0600, NULL));
	open_with(b, LOCAL_LIMITS_AUTO, b->dir);
	assert_string_equal(b->en->enforces, "poll");
	if (!strstr(b->en->notice, "cannot write \"+cpu +memory +pids\" into") ||
		!strstr(b->en->notice, "cgroup.subtree_control"))
		fail_msg("%s", b->en->notice);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_out_of_memory),
		TEST(test_a_child_out_of_memory),
		TEST(test_out_of_memory_and_well),
		TEST(test_stop_ends_all_of_it),
		TEST(test_groups_go_with_the_task),
		TEST(test_groups_of_a_dead_shim),
		TEST(test_groups_that_nobody_knows),
		TEST(test_samples_of_a_group),
		TEST(test_processes_of_a_group),
		TEST(test_polled_memory),
		TEST(test_polled_processors),
		TEST(test_none),
		TEST(test_where_there_are_none),
		TEST(test_v2_without_controllers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
