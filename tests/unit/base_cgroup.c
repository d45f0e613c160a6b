/*
 * Control groups: names and formats of v2 in a folder of stand-in files, and what the kernel does in
 * the trees of v1 and in the v2 tree beside them where this machine lets us make groups.
 */
#include "base/cgroup.h"
#include "base/fsio.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct stand_in {
	char dir[64], procs[100];
	const char *group[2];
};

static void file_make(const struct stand_in *s, const char *name, const char *text)
{
	char *path = fsio_join(s->dir, name);

	assert_true(fsio_write(path, text, strlen(text), 0600, NULL));
	free(path);
}

static void expect_file(const struct stand_in *s, const char *name, const char *text)
{
	char *path = fsio_join(s->dir, name), bytes[100] = "";
	int fd = open(path, O_RDONLY);

	assert_true(fd >= 0 && read(fd, bytes, sizeof bytes - 1) >= 0);
	assert_string_equal(bytes, text);
	close(fd);
	free(path);
}

static const char *const v2_files[] = {"cgroup.procs", "cpu.max", "memory.max", "memory.high",
	"memory.swap.max", "memory.oom.group", "pids.max", "cgroup.kill"};

static int stand_in_setup(void **state)
{
	struct stand_in *s = mem_alloc(sizeof *s);
	const char *tmp = getenv("TMPDIR");

	snprintf(s->dir, sizeof s->dir, "%.40s/cgroup-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(s->dir));
	snprintf(s->procs, sizeof s->procs, "%s/cgroup.procs", s->dir);
	s->group[0] = s->procs;
	for (size_t i = 0; i < ARRAY_SIZE(v2_files); i++)
		file_make(s, v2_files[i], "");
	file_make(s, "cpu.stat", "nr_periods 3\nusage_usec 2500000\nuser_usec 1\n");
	file_make(s, "memory.current", "73400320\n");
	file_make(s, "memory.peak", "104857600\n");
	file_make(s, "memory.stat", "anon 5\ninactive_file 4096\n");
	file_make(s, "memory.events", "low 0\noom 2\noom_kill 3\noom_group_kill 1\n");
	file_make(s, "pids.events", "max 7\n");
	*state = s;
	return 0;
}

static int stand_in_teardown(void **state)
{
	struct stand_in *s = *state;

	assert_true(fsio_remove_tree(s->dir, NULL));
	free(s);
	return 0;
}

static void test_v2_limits(void **state)
{
	struct stand_in *s = *state;
	const struct cgroup_limits limits = {.cpu = 1500, .memory = 256 << 20, .pids = 99};

	assert_true(cgroup_limit(s->group, &limits, NULL));
	expect_file(s, "cpu.max", "150000 100000");
	expect_file(s, "memory.max", "268435456");
	expect_file(s, "memory.high", "268435456");
	expect_file(s, "memory.swap.max", "0");
	expect_file(s, "memory.oom.group", "1");
	expect_file(s, "pids.max", "99");
}

static void test_v2_only_what_is_limited(void **state)
{
	struct stand_in *s = *state;
	const struct cgroup_limits limits = {.pids = 5};

	assert_true(cgroup_limit(s->group, &limits, NULL));
	expect_file(s, "cpu.max", "");
	expect_file(s, "memory.max", "");
	expect_file(s, "memory.oom.group", "");
	expect_file(s, "pids.max", "5");
}

/* Without swap the kernel has no memory.swap.max; without the controller there is no memory.max. */
static void test_v2_files_that_lack(void **state)
{
	struct stand_in *s = *state;
	const struct cgroup_limits limits = {.memory = 1 << 20};
	struct err e = ERR_INIT;
	char *swap = fsio_join(s->dir, "memory.swap.max"), *max = fsio_join(s->dir, "memory.max");

	assert_int_equal(unlink(swap), 0);
	assert_true(cgroup_limit(s->group, &limits, &e));
	assert_int_equal(unlink(max), 0);
	assert_false(cgroup_limit(s->group, &limits, &e));
	assert_int_equal(e.code, ERR_UNAVAILABLE);
	assert_non_null(strstr(e.text, "memory.max"));
	assert_non_null(strstr(e.text, "1048576"));
	free(swap);
	free(max);
}

static void test_v2_facts(void **state)
{
	struct stand_in *s = *state;
	static const struct {
		enum cgroup_fact fact;
		int64_t value;
	} told[] = {
		{CGROUP_CPU_USED, 2500000000},
		{CGROUP_MEMORY_USED, 73400320},
		{CGROUP_MEMORY_CACHE, 4096},
		{CGROUP_MEMORY_PEAK, 104857600},
		{CGROUP_OOM_KILLS, 3},
		{CGROUP_PIDS_REFUSED, 7},
		{CGROUP_MEMORY_LIMIT, INT64_MAX},
		{CGROUP_PIDS_LIMIT, 12},
		{CGROUP_OOM_WHOLE, 1},
	};
	int64_t value;

	file_make(s, "memory.max", "max\n");
	file_make(s, "pids.max", "12\n");
	file_make(s, "memory.oom.group", "1\n");
	for (size_t i = 0; i < ARRAY_SIZE(told); i++) {
		assert_true(cgroup_read(s->group, told[i].fact, &value));
		assert_int_equal(value, told[i].value);
	}
}

static void test_facts_that_are_none(void **state)
{
	struct stand_in *s = *state;
	int64_t value = 42;
	const char *const none[] = {NULL};

	file_make(s, "memory.current", "abc\n");
	file_make(s, "memory.events", "oom_kills 3\nxoom_kill 4\n");
	assert_false(cgroup_read(s->group, CGROUP_MEMORY_USED, &value));
	assert_false(cgroup_read(s->group, CGROUP_OOM_KILLS, &value));
	assert_false(cgroup_read(none, CGROUP_CPU_USED, &value));
	assert_int_equal(value, 42);
	file_make(s, "memory.current", "99999999999999999999999\n");
	assert_true(cgroup_read(s->group, CGROUP_MEMORY_USED, &value));
	assert_int_equal(value, INT64_MAX);
}

static void test_v2_kill_and_join(void **state)
{
	struct stand_in *s = *state;

	assert_true(cgroup_kill(s->group));
	expect_file(s, "cgroup.kill", "1");
	assert_true(cgroup_join(s->group));
	expect_file(s, "cgroup.procs", "0");
	assert_int_equal(cgroup_count(s->group), 0); /* 0 is no process */
	file_make(s, "cgroup.procs", "12\n345\n");
	assert_int_equal(cgroup_count(s->group), 2);
	assert_false(cgroup_remove(s->group)); /* no cgroupfs: its files are in the way */
}

/* The lock over all threads, which cgroup.procs takes, is waited for some ms in each tree. */
static void test_v1_join_by_thread(void **state)
{
	struct stand_in *s = *state;

	file_make(s, "cgroup.procs", "");
	file_make(s, "tasks", "");
	assert_true(cgroup_join(s->group));
	expect_file(s, "tasks", "0");
	expect_file(s, "cgroup.procs", "");
}

/* ---- The kernel's ---- */

struct real {
	char paths[8][120];
	const char *group[8];
};

/* A group in the trees named, at their tops; false where they are not there or not ours to use. */
static bool real_make(struct real *r, const char *const *trees)
{
	*r = (struct real){0};
	for (size_t i = 0; trees[i] != NULL; i++) {
		snprintf(r->paths[i], sizeof r->paths[i],
			"/sys/fs/cgroup/%s/mltop-test-%d/cgroup.procs", trees[i], (int)getpid());
		r->group[i] = r->paths[i];
	}
	if (cgroup_make(r->group, NULL))
		return true;
	cgroup_remove(r->group);
	print_message("not shown here: no groups of v1 can be made\n");
	return false;
}

static void real_end(const struct real *r)
{
	while (!cgroup_remove(r->group))
		usleep(1000);
}

/* Starts `work` inside the group; its pid. */
static int start_in(const struct real *r, void (*work)(void))
{
	int ready[2], pid;
	char c;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!cgroup_join(r->group))
			_exit(99);
		close(ready[0]);
		close(ready[1]);
		work();
		_exit(0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 0);
	close(ready[0]);
	return pid;
}

static int status_of(int pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void wait_for_ever(void)
{
	for (;;)
		pause();
}

/* Children that fork children in sessions of their own: nobody finds them by looking. */
static void fork_on(void)
{
	for (int i = 0; i < 20; i++)
		if (fork() == 0)
			setsid();
	wait_for_ever();
}

static void kill_all_of(const char *const *trees)
{
	struct real r;
	struct cgroup_limits few = {.pids = 40};
	int pid;

	if (!real_make(&r, trees))
		return;
	assert_true(cgroup_limit(r.group, &few, NULL));
	pid = start_in(&r, fork_on);
	while (cgroup_count(r.group) < 40)
		usleep(1000);
	assert_true(cgroup_kill(r.group));
	assert_true(WIFSIGNALED(status_of(pid)));
	while (cgroup_count(r.group) > 0)
		usleep(1000);
	real_end(&r);
	assert_int_equal(cgroup_count(r.group), -1);
}

static void test_kill_by_cgroup_kill(void **state)
{
	(void)state;
	kill_all_of((const char *const[]){"pids", "unified", NULL});
}

static void test_kill_by_freezer(void **state)
{
	(void)state;
	kill_all_of((const char *const[]){"pids", "freezer", NULL});
}

static const char *const v1[] = {"cpu", "cpuacct", "memory", "pids", NULL};

static void take_memory(void)
{
	enum { MORE = 96 << 20 };
	volatile char *bytes = malloc(MORE);

	for (int i = 0; i < MORE; i += 4096)
		bytes[i] = 1;
}

static void test_v1_memory(void **state)
{
	struct real r;
	struct cgroup_limits limits = {.memory = 32 << 20};
	int64_t kills = 0, peak = 0, limit = 0;
	int status;

	(void)state;
	if (!real_make(&r, v1))
		return;
	assert_true(cgroup_limit(r.group, &limits, NULL));
	assert_true(cgroup_read(r.group, CGROUP_MEMORY_LIMIT, &limit));
	assert_int_equal(limit, 32 << 20);
	status = status_of(start_in(&r, take_memory));
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_true(cgroup_read(r.group, CGROUP_OOM_KILLS, &kills));
	assert_true(cgroup_read(r.group, CGROUP_MEMORY_PEAK, &peak));
	assert_int_equal(kills, 1);
	assert_true(peak > 30 << 20 && peak <= 32 << 20);
	real_end(&r);
}

static void fork_more(void)
{
	int failed = 0;

	for (int i = 0; i < 10; i++) {
		int pid = fork();

		if (pid == 0)
			wait_for_ever();
		failed += pid < 0;
	}
	_exit(failed);
}

static void test_v1_pids(void **state)
{
	struct real r;
	struct cgroup_limits limits = {.pids = 4};
	int64_t refused = 0;
	int status;

	(void)state;
	if (!real_make(&r, (const char *const[]){"pids", "unified", NULL}))
		return;
	assert_true(cgroup_limit(r.group, &limits, NULL));
	status = status_of(start_in(&r, fork_more));
	assert_int_equal(WEXITSTATUS(status), 7);
	assert_true(cgroup_read(r.group, CGROUP_PIDS_REFUSED, &refused));
	assert_int_equal(refused, 7);
	assert_true(cgroup_kill(r.group));
	while (cgroup_count(r.group) > 0)
		usleep(1000);
	real_end(&r);
}

static void test_v1_cpu(void **state)
{
	struct real r;
	struct cgroup_limits limits = {.cpu = 250};
	struct stand_in s = {0};

	(void)state;
	if (!real_make(&r, v1))
		return;
	assert_true(cgroup_limit(r.group, &limits, NULL));
	snprintf(s.dir, sizeof s.dir, "%.*s", (int)strlen(r.paths[0]) - 13, r.paths[0]);
	expect_file(&s, "cpu.cfs_quota_us", "25000\n");
	expect_file(&s, "cpu.cfs_period_us", "100000\n");
	real_end(&r);
}

#define STAND_IN(f) cmocka_unit_test_setup_teardown(f, stand_in_setup, stand_in_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAND_IN(test_v2_limits),
		STAND_IN(test_v2_only_what_is_limited),
		STAND_IN(test_v2_files_that_lack),
		STAND_IN(test_v2_facts),
		STAND_IN(test_facts_that_are_none),
		STAND_IN(test_v2_kill_and_join),
		STAND_IN(test_v1_join_by_thread),
		cmocka_unit_test(test_kill_by_cgroup_kill),
		cmocka_unit_test(test_kill_by_freezer),
		cmocka_unit_test(test_v1_memory),
		cmocka_unit_test(test_v1_pids),
		cmocka_unit_test(test_v1_cpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
