/*
 * Process trees. As `base_proctree --kill-task FOLDER MARKER` it is the daemon's part of the fault
 * tests of the shim: it ends what a dead shim left behind, and fails if anything stays.
 */
#include "base/proctree.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Good until the next scan. */
static struct proctree scan(void)
{
	static struct proctree tree = PROCTREE_INIT;

	assert_true(proctree_scan(&tree));
	return tree;
}

static const struct proctree_process *find(const struct proctree *tree, int pid)
{
	for (size_t i = 0; i < tree->count; i++)
		if (tree->list[i].pid == pid)
			return &tree->list[i];
	return NULL;
}

static bool is_marked(const struct proctree *tree, int pid)
{
	const struct proctree_process *p = find(tree, pid);

	return p != NULL && p->marked;
}

/* A process that tells its pid through `ready` and waits to be killed. */
static int start(bool own_session, const char *env)
{
	int ready[2], pid;
	char c;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		const char *const argv[] = {"sh", "-c", "read x", NULL},
				  *const envp[] = {env, NULL};
		int hold[2];

		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a check that fails must leave nobody behind */
		if (own_session)
			setsid();
		if (pipe(hold) == 0 && dup2(hold[0], 0) == 0)
			execve("/bin/sh", (char *const *)(uintptr_t)argv,
				(char *const *)(uintptr_t)envp);
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 0); /* its end closes on exec */
	close(ready[0]);
	return pid;
}

static void end(int pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void test_reads_itself(void **state)
{
	static char memory[2 << 20];
	struct proctree_process p;
	uint64_t start_time;

	(void)state;
	assert_true(proctree_read(&p, getpid()));
	assert_int_equal(p.pid, getpid());
	assert_int_equal(p.parent, getppid());
	assert_int_equal(p.group, getpgrp());
	assert_int_equal(p.session, getsid(0));
	assert_string_equal(p.name, "base_proctree");
	memset(memory, 1, sizeof memory);
	assert_true(proctree_read(&p, getpid()));
	assert_true(p.rss > (int64_t)sizeof memory / 2); /* the kernel counts it roughly */
	assert_true(taskfile_start_time(getpid(), &start_time));
	assert_true(p.start == start_time);
	assert_false(proctree_read(&p, 0));
}

static void test_name_with_parentheses(void **state)
{
	int pid = start(false, "A=b");
	struct proctree_process p;
	char path[64];
	int fd;

	(void)state;
	snprintf(path, sizeof path, "/proc/%d/comm", pid);
	fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	/* A comm may be written by its own threads only; where it is refused the plain name stays. */
	if (write(fd, ") S 1 (", 7) < 0)
		assert_true(errno == EINVAL || errno == EACCES);
	close(fd);
	assert_true(proctree_read(&p, pid));
	assert_int_equal(p.parent, getpid());
	end(pid);
}

static void test_alive(void **state)
{
	int pid = start(false, "A=b");
	char boot[40];
	uint64_t began;

	(void)state;
	assert_true(taskfile_boot_id(boot));
	assert_int_equal(strlen(boot), 36);
	assert_true(taskfile_start_time(pid, &began));
	assert_true(taskfile_alive(pid, began, boot));
	assert_false(taskfile_alive(pid, began + 1, boot));
	assert_false(taskfile_alive(pid, began, "00000000-0000-0000-0000-000000000000"));
	kill(pid, SIGKILL);
	waitid(P_PID, (id_t)pid, NULL, WEXITED | WNOWAIT);
	assert_false(taskfile_alive(pid, began, boot)); /* a zombie is not alive */
	waitpid(pid, NULL, 0);
	assert_false(taskfile_alive(pid, began, boot));
}

static void test_below(void **state)
{
	int child = start(true, "A=b");
	struct proctree tree = scan();

	(void)state;
	assert_true(proctree_mark_below(&tree, getpid()) >= 1);
	assert_true(is_marked(&tree, child));
	assert_false(is_marked(&tree, getpid()));
	assert_false(is_marked(&tree, getppid()));
	assert_true(proctree_usage_marked(&tree).count >= 1);
	end(child);
	tree = scan();
	proctree_mark_below(&tree, getpid());
	assert_false(is_marked(&tree, child));
}

/* However many there are: the list has no end at which the newest processes would be out of sight. */
static void test_many(void **state)
{
	enum { MANY = 700 };
	static int children[MANY];
	struct proctree tree;
	size_t before;

	(void)state;
	tree = scan();
	before = proctree_mark_below(&tree, getpid());
	for (int i = 0; i < MANY; i++) {
		children[i] = fork();
		if (children[i] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			pause();
			_exit(0);
		}
		assert_true(children[i] > 0);
	}
	tree = scan();
	assert_int_equal(proctree_mark_below(&tree, getpid()), before + MANY);
	assert_false(tree.partial);
	for (int i = 0; i < MANY; i++)
		assert_true(is_marked(&tree, children[i]));
	proctree_signal_marked(&tree, SIGKILL);
	for (int i = 0; i < MANY; i++)
		waitpid(children[i], NULL, 0);
}

/* Holds `size` bytes, which three forks of it share; its end ends them. */
_Noreturn static void share_memory(size_t size, int ready)
{
	char *bytes = malloc(size);

	memset(bytes, 1, size);
	for (int i = 0; i < 3; i++)
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (write(ready, "x", 1) != 1)
				_exit(1);
			pause();
			_exit(0);
		}
	if (write(ready, "x", 1) != 1)
		_exit(1);
	pause();
	_exit(0);
}

static void test_shared_memory_is_shown_once(void **state)
{
	const int64_t size = 64 << 20;
	struct proctree_meter meter = PROCTREE_METER_INIT;
	struct proctree_usage usage;
	struct proctree tree;
	int64_t exact, next;
	int ready[2], pid;
	char c;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		share_memory((size_t)size, ready[1]);
	}
	for (int i = 0; i < 4; i++)
		assert_int_equal(read(ready[0], &c, 1), 1);
	tree = scan();
	proctree_mark_below(&tree, getpid());
	usage = proctree_usage_marked(&tree);
	assert_int_equal(usage.count, 4);
	assert_true(usage.rss > 4 * size);
	exact = proctree_memory(&meter, &tree, &usage);
	assert_true(exact > size && exact < size * 3 / 2);
	/* In a moment it is reckoned from the sum, not looked at. */
	assert_true(meter.next > 0);
	next = meter.next = INT64_MAX;
	usage.rss *= 2;
	assert_true(proctree_memory(&meter, &tree, &usage) / 2 - exact < 4096);
	assert_int_equal(meter.next, next);
	usage.count = 1;
	assert_int_equal(proctree_memory(&meter, &tree, &usage), usage.rss);
	end(pid);
}

static struct task_pid record_of(int pid)
{
	struct task_pid record = {.shim_pid = pid};

	taskfile_boot_id(record.boot_id);
	taskfile_start_time(pid, &record.shim_start);
	return record;
}

static void test_by_marker(void **state)
{
	int ours = start(true, "MLTOP_TASK=u/t/1"), longer = start(true, "MLTOP_TASK=u/t/12");
	int prefixed = start(true, "XMLTOP_TASK=u/t/1"), none = start(true, "A=b");
	struct task_pid record = record_of(getpid());
	struct proctree tree = scan();

	(void)state;
	record.shim_pid = 0x3ffffff; /* no such session */
	proctree_mark_task(&tree, &record, "u/t/1");
	assert_true(is_marked(&tree, ours));
	assert_false(is_marked(&tree, longer));
	assert_false(is_marked(&tree, prefixed));
	assert_false(is_marked(&tree, none));
	assert_false(is_marked(&tree, getpid()));
	end(ours);
	end(longer);
	end(prefixed);
	end(none);
}

/* While it executes a new program a process has no environment to be told by. */
static void test_by_marker_while_it_executes(void **state)
{
	struct task_pid record = record_of(getpid());
	const char *const argv[] = {"sh", "-c", "exec /bin/sh -c \"$0\" \"$0\"",
		"exec /bin/sh -c \"$0\" \"$0\"", NULL},
			  *const envp[] = {"MLTOP_TASK=u/t/1", NULL};
	int pid = fork();
	char comm[16] = "";

	(void)state;
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setsid();
		execve("/bin/sh", (char *const *)(uintptr_t)argv, (char *const *)(uintptr_t)envp);
		_exit(1);
	}
	record.shim_pid = 0x3ffffff;
	while (strcmp(comm, "sh") != 0) {
		struct proctree_process p;

		assert_true(proctree_read(&p, pid));
		memcpy(comm, p.name, sizeof comm);
	}
	for (int i = 0; i < 1000; i++) {
		struct proctree_process one;
		struct proctree tree = {.list = &one, .max = 1, .count = 1, .partial = false};

		assert_true(proctree_read(&one, pid));
		assert_int_equal(proctree_mark_task(&tree, &record, "u/t/1"), 1);
	}
	end(pid);
}

static void test_by_session(void **state)
{
	int leader = start(true, "A=b");
	struct task_pid record = record_of(leader);
	struct proctree tree = scan();

	(void)state;
	proctree_mark_task(&tree, &record, "u/t/1");
	assert_true(is_marked(&tree, leader));
	/* Another process has the number now: nothing of that session is ours. */
	record.shim_start--;
	tree = scan();
	proctree_mark_task(&tree, &record, "u/t/1");
	assert_false(is_marked(&tree, leader));
	end(leader);
}

static void test_never_older_than_the_shim(void **state)
{
	int old = start(true, "MLTOP_TASK=u/t/1");
	struct task_pid record = record_of(old);
	struct proctree tree = scan();

	(void)state;
	record.shim_pid = 0x3ffffff;
	record.shim_start++;
	proctree_mark_task(&tree, &record, "u/t/1");
	assert_false(is_marked(&tree, old));
	end(old);
}

static void test_signal_checks_the_start(void **state)
{
	int pid = start(false, "A=b"), status;
	uint64_t began;

	(void)state;
	assert_true(taskfile_start_time(pid, &began));
	assert_false(proctree_signal(pid, began + 1, SIGKILL));
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	assert_true(proctree_signal(pid, began, SIGTERM));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	assert_false(proctree_signal(pid, began, SIGTERM));
}

static void test_kill_task_of_another_boot(void **state)
{
	int pid = start(true, "MLTOP_TASK=u/t/1"), status;
	struct task_pid record = record_of(pid);

	(void)state;
	record.boot_id[0] = record.boot_id[0] == '0' ? '1' : '0';
	assert_int_equal(proctree_kill_task(&record, "u/t/1"), 0);
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	assert_int_equal(proctree_kill_task(&(struct task_pid){.boot_id = ""}, "u/t/1"), 0);
	record = record_of(pid);
	assert_int_equal(proctree_kill_task(&record, "u/t/1"), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(proctree_kill_task(&record, "u/t/1"), 0);
}

static int kill_task(const char *folder, const char *marker)
{
	static char bytes[4096];
	struct task_pid pid;
	struct err e = ERR_INIT;
	size_t len;
	int dir = open(folder, O_RDONLY | O_DIRECTORY), left = -1;

	if (!taskfile_load(dir, "pid", bytes, sizeof bytes, &len, &e) ||
		!taskfile_decode_pid(&pid, bytes, len, &e)) {
		fprintf(stderr, "base_proctree: %s\n", e.text);
		return 1;
	}
	for (int i = 0; i < 500 && left != 0; i++) {
		left = proctree_kill_task(&pid, marker);
		if (left != 0)
			poll(NULL, 0, 10);
	}
	if (left != 0)
		fprintf(stderr, "base_proctree: %d processes of %s do not end\n", left, marker);
	return left != 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_itself),
		cmocka_unit_test(test_name_with_parentheses),
		cmocka_unit_test(test_alive),
		cmocka_unit_test(test_below),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_shared_memory_is_shown_once),
		cmocka_unit_test(test_by_marker),
		cmocka_unit_test(test_by_marker_while_it_executes),
		cmocka_unit_test(test_by_session),
		cmocka_unit_test(test_never_older_than_the_shim),
		cmocka_unit_test(test_signal_checks_the_start),
		cmocka_unit_test(test_kill_task_of_another_boot),
	};

	if (argc == 4 && strcmp(argv[1], "--kill-task") == 0)
		return kill_task(argv[2], argv[3]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
