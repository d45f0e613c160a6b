/* The local engine with real tasks under the real mltop-shim: ends, environment, stops, the rest. */
#include "descriptors.h"
#include "engine/local/local.h"
#include "engine_tasks.h"

#include <math.h>

/* ---- Ends ---- */

static void test_exit_code_and_log(void **state)
{
	struct bench *b = *state;
	struct log_range range;
	struct task_ref ref = ref_of("a", 1);

	launch_shell(b, "a", "echo out; echo err >&2; exit 7");
	bench_until(b, seen(b, "a")->ended);
	assert_int_equal(seen(b, "a")->started, 1);
	assert_int_equal(seen(b, "a")->end.end, TASK_END_EXIT);
	assert_int_equal(seen(b, "a")->end.code, 7);
	assert_int_equal(seen(b, "a")->why, REASON_EXIT_CODE);
	assert_true(seen(b, "a")->start_ms > 0);
	assert_true(seen(b, "a")->end.end_ms >= seen(b, "a")->start_ms);
	expect_log(b, "a", "out\nerr\n");
	assert_true(bench_range(b, &ref, &range));
	assert_int_equal(range.newest, 8);
	assert_int_equal(range.oldest, 0);
	assert_int_equal(range.generation, 0);
	assert_true(range.final);
	assert_int_equal(seen(b, "a")->ended, 1);
}

static void test_signal(void **state)
{
	struct bench *b = *state;

	launch_shell(b, "a", "kill -USR1 $$");
	bench_until(b, seen(b, "a")->ended);
	assert_int_equal(seen(b, "a")->end.end, TASK_END_SIGNAL);
	assert_int_equal(seen(b, "a")->end.signal, SIGUSR1);
	assert_int_equal(seen(b, "a")->why, REASON_SIGNAL);
}

static void test_environment(void **state)
{
	struct bench *b = *state;
	static const char *const expected[] = {"CUDA_VISIBLE_DEVICES=GPU-1,GPU-2\n",
		"CUDA_DEVICE_ORDER=PCI_BUS_ID\n", "MLTOP_JOB=job\n", "MLTOP_ORG=org\n",
		"MLTOP_ATTEMPT=1\n", "OMP_NUM_THREADS=2\n", "TERM=dumb\n", "PYTHONUNBUFFERED=1\n",
		"MINE=yes and no\n"};
	static const char *const gpus[] = {"GPU-1", "GPU-2"};
	struct label env[] = {{"MINE", "yes and no"}, {"MLTOP_JOB", "forged"},
		{"CUDA_VISIBLE_DEVICES", "0,1,2,3"}};
	const char *argv[3];
	char marker[100];
	struct task_program j = shell_job(argv,
		"env; umask; echo $PWD; echo kept > $MLTOP_OUTPUT_DIR/f");

	j.env = (struct labels){.items = env, .len = ARRAY_SIZE(env)};
	j.umask = 027;
	struct task_launch l = {.ref = ref_of("a", 1),
		.program = j,
		.gpus = gpus,
		.gpu_count = 2,
		.run_uid = -1,
		.run_gid = -1};

	b->en->ops->start(b->en, &l);
	bench_until(b, seen(b, "a")->ended);
	assert_int_equal(seen(b, "a")->end.code, 0);
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		if (!log_has(b, "a", expected[i]))
			fail_msg("no %s", expected[i]);
	snprintf(marker, sizeof marker, "MLTOP_TASK=%s/master-0/1\n", bench_uid("a"));
	assert_true(log_has(b, "a", marker));
	assert_false(log_has(b, "a", "forged"));
	assert_false(log_has(b, "a", "MLTOP_TEST_SECRET"));
	assert_true(log_has(b, "a", "\n0027\n"));
	assert_true(log_has(b, "a", "/master-0/1/work\n"));
	assert_true(exists(b, "a", "/output/f"));
}

static void test_no_gpu_means_none(void **state)
{
	struct bench *b = *state;

	launch_shell(b, "a", "echo [${CUDA_VISIBLE_DEVICES-unset}]");
	bench_until(b, seen(b, "a")->ended);
	expect_log(b, "a", "[]\n");
}

static void test_no_such_program(void **state)
{
	struct bench *b = *state;
	const char *argv[] = {"no-such-program"};
	struct task_program j = {TASK_PROGRAM_INIT, .name = "job",
		.command = {.items = argv, .len = 1}};

	launch(b, "a", 1, &j, NULL);
	expect_start_failure(b, REASON_START, "cannot start 'no-such-program': no such program");
}

static void test_no_such_folder(void **state)
{
	struct bench *b = *state;
	const char *argv[3];
	struct task_program j = shell_job(argv, "true");

	j.work_dir = "/no/such/folder";
	launch(b, "a", 1, &j, NULL);
	expect_start_failure(b, REASON_START, "/no/such/folder");
	assert_false(exists(b, "a", "/master-0/1/work")); /* it has a place of its own */
}

/* Found out only by execve, when the shim has promised a record: it has not started for that. */
static void test_not_executable_by_the_kernel(void **state)
{
	struct bench *b = *state;
	char *script = path_in(b, "script");
	const char *argv[] = {script};
	struct task_program j = {TASK_PROGRAM_INIT, .name = "job",
		.command = {.items = argv, .len = 1}};

	assert_true(fsio_write(script, "#!/no/such/interpreter\n", 23, 0700, NULL));
	launch(b, "a", 1, &j, NULL);
	expect_start_failure(b, REASON_START,
		"the interpreter /no/such/interpreter of its first line is not there");
	free(script);
}

static void test_shim_that_cannot_run(void **state)
{
	struct bench *b = *state;
	struct err e = ERR_INIT;
	struct engine *en;

	b->config.shim_path = "/no/such/mltop-shim";
	assert_false(engine_local.open(&en, &b->config, &e));
	assert_non_null(strstr(e.text, "/no/such/mltop-shim"));
	/* It is there, and is not a shim. */
	bench_close_engine(b);
	b->config.shim_path = "/bin/false";
	reopen(b);
	launch_shell(b, "a", "true");
	expect_start_failure(b, REASON_START, "supervisor did not start");
}

/* ---- Stopping ---- */

static void test_stop(void **state)
{
	struct bench *b = *state;
	struct task_ref ref = ref_of("a", 1);

	launch_shell(b, "a", "trap '' TERM; echo up; while :; do sleep 60 & wait; done");
	bench_until(b, seen(b, "a")->started && log_has(b, "a", "up"));
	b->en->ops->stop(b->en, &ref, 50);
	bench_until(b, seen(b, "a")->ended);
	assert_int_equal(seen(b, "a")->end.end, TASK_END_STOPPED);
	assert_int_equal(seen(b, "a")->end.signal, SIGKILL);
	assert_int_equal(seen(b, "a")->why, REASON_CANCELLED);
	bench_until(b, bench_processes(b, false) == 0);
}

static void test_stop_shortened(void **state)
{
	struct bench *b = *state;
	struct task_ref ref = ref_of("a", 1);

	launch_shell(b, "a", "trap '' TERM; echo up; while :; do sleep 60 & wait; done");
	bench_until(b, seen(b, "a")->started && log_has(b, "a", "up"));
	b->en->ops->stop(b->en, &ref, 3600 * 1000);
	b->en->ops->stop(b->en, &ref, 50);
	bench_until(b, seen(b, "a")->ended);
	assert_int_equal(seen(b, "a")->end.end, TASK_END_STOPPED);
}

/* Asked to stop in the same turn as to start: it may run for a moment or not at all. */
static void test_stop_before_start(void **state)
{
	struct bench *b = *state;
	char uid[16];

	for (int i = 0; i < 40; i++) {
		struct task_ref ref;

		snprintf(uid, sizeof uid, "job-%d", i);
		ref = ref_of(uid, 1);
		launch_shell(b, uid, "sleep 600");
		b->en->ops->stop(b->en, &ref, 1000);
	}
	bench_until(b, b->ended == 40);
	for (size_t i = 0; i < b->all.len; i++) {
		assert_int_equal(b->all.items[i]->end.end, TASK_END_STOPPED);
		assert_int_equal(b->all.items[i]->why, REASON_CANCELLED);
	}
}

static void test_never_started_twice(void **state)
{
	struct bench *b = *state;

	launch_shell(b, "a",
		"echo x >> $MLTOP_OUTPUT_DIR/count; sleep 0.2; cat $MLTOP_OUTPUT_DIR/count");
	launch_shell(b, "a", "echo twice");
	bench_until(b, seen(b, "a")->ended);
	expect_log(b, "a", "x\n");
	/* And not after its end either: its folder says that it ran. */
	bench_forget_seen(b);
	launch_shell(b, "a", "echo thrice");
	bench_until(b, seen(b, "a")->ended);
	assert_int_equal(seen(b, "a")->why, REASON_NONE);
	assert_int_equal(seen(b, "a")->end.end, TASK_END_EXIT);
	expect_log(b, "a", "x\n");
}

/* ---- The rest ---- */

static void test_samples(void **state)
{
	struct bench *b = *state;

	bench_close_engine(b);
	b->local.sample.v = 30;
	bench_open(b, &engine_local);
	int before = bench_timers(b); /* the watch of GPUs and of the machine has one */
	launch_shell(b, "a", "sh -c 'while :; do :; done'");
	bench_until(b, seen(b, "a")->sample.cpu_percent > 20);
	assert_true(seen(b, "a")->sample.memory > 100000);
	assert_true(isnan(seen(b, "a")->sample.gpu_util));
	struct task_ref ref = ref_of("a", 1);

	assert_int_equal(bench_timers(b), before + 1);
	b->en->ops->stop(b->en, &ref, 0);
	bench_until(b, seen(b, "a")->ended);
	assert_int_equal(bench_timers(b), before); /* idle: no sample is taken */
}

static void test_machine(void **state)
{
	struct bench *b = *state;
	struct plan_cluster c;
	char host[256];

	gethostname(host, sizeof host);
	b->en->ops->machine(b->en, &c);
	assert_int_equal(c.node_count, 1);
	assert_string_equal(c.nodes->name, host);
	assert_int_equal(c.nodes->cpu_total.v, sysconf(_SC_NPROCESSORS_ONLN) * 1000);
	assert_in_range(c.nodes->memory_total.v, (int64_t)64 << 20,
		(int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE) + (1 << 20));
	assert_int_equal(c.nodes->max_tasks, 4);
	assert_int_equal(c.nodes->gpu_count, 0);
	assert_true(c.packing_cpu);
}

static void refuses(struct bench *b, const struct task_program *j, const char *field,
	const char *part)
{
	struct err e = ERR_INIT;

	assert_false(b->en->ops->check(b->en, j, &e));
	assert_string_equal(e.field, field);
	if (strstr(e.text, part) == NULL)
		fail_msg("'%s' is not in '%s'", part, e.text);
}

static void test_check(void **state)
{
	struct bench *b = *state;
	const char *argv[3];
	struct label env[] = {{"A=B", "x"}};
	struct task_program good = shell_job(argv, "true"), j;

	good.work_dir = "/data";
	assert_true(b->en->ops->check(b->en, &good, NULL));
	j = good;
	j.docker_image = "-v";
	refuses(b, &j, "docker_image", "name of an image");
	j = good;
	j.work_dir = "data";
	refuses(b, &j, "work_dir", "give a path from / on");
	j = good;
	j.env = (struct labels){.items = env, .len = 1};
	refuses(b, &j, "env", "A=B");
	j = good;
	j.job_args = "--name 'x";
	refuses(b, &j, "job_args", "job_args: column 8: the quote ' is not closed");
	bench_close_engine(b);
	b->config.shared = true;
	bench_open(b, &engine_local);
	refuses(b, &good, "work_dir", "several people share");
}

static void test_forget(void **state)
{
	struct bench *b = *state;

	launch_shell(b, "a", "echo x; mkdir -p deep/er; ln -s /etc link");
	bench_until(b, seen(b, "a")->ended);
	expect_log(b, "a", "x\n");
	b->en->ops->forget(b->en, bench_uid("a"), "an-org");
	bench_until(b, !exists(b, "a", ""));
	assert_true(access("/etc/passwd", F_OK) == 0);
	expect_log(b, "a", "");
}

static void test_prepare_and_finish(void **state)
{
	struct bench *b = *state;
	const char *argv[3];
	struct task_program j = shell_job(argv, "echo main; exit 5");

	j.prepare_command = "echo prepare";
	j.finish_command = "echo finish; exit 6";
	launch(b, "a", 1, &j, NULL);
	bench_until(b, seen(b, "a")->ended);
	assert_int_equal(seen(b, "a")->end.code, 5);
	expect_log(b, "a", "prepare\nmain\nfinish\n");
	assert_string_equal(seen(b, "a")->note, "FinishFailed: finish_command ended with code 6");
}

/* A task of another user reaches its code and its output, and nothing of the platform's. */
static void test_another_user(void **state)
{
	struct bench *b = *state;
	const char *argv[3];
	struct task_program j = shell_job(argv,
		"id -u; echo kept > $MLTOP_OUTPUT_DIR/f && cd $PWD && touch x;"
		"cat ../spec ../pid ../log/* ../../../../key; ls ../../.. ; ls -a ../; true");
	char *key = path_in(b, "key");

	bench_close_engine(b);
	b->config.shared = true;
	assert_true(fsio_write(key, "secret of the platform", 22, 0600, NULL));
	free(key);
	assert_int_equal(chmod(b->dir, 0711), 0);
	bench_open(b, &engine_local);
	struct task_launch l = {.ref = ref_of("a", 1),
		.program = j,
		.run_uid = 65534,
		.run_gid = 65534};

	b->en->ops->start(b->en, &l);
	bench_until(b, seen(b, "a")->ended);
	if (geteuid() != 0) { /* only root may give files away: refused, not run as ourselves */
		assert_int_equal(seen(b, "a")->end.end, TASK_END_START);
		return;
	}
	assert_int_equal(seen(b, "a")->end.code, 0);
	assert_true(log_has(b, "a", "65534\n"));
	assert_true(exists(b, "a", "/output/f"));
	assert_true(exists(b, "a", "/master-0/1/work/x"));
	assert_false(log_has(b, "a", "secret"));
	assert_false(log_has(b, "a", "version="));
	assert_false(log_has(b, "a", "\nmaster-0\n"));
	assert_false(log_has(b, "a", "ctl.sock"));
}

/* A daemon that has no descriptor when the end is told learns of it when it has one again. */
static void test_end_without_descriptors(void **state)
{
	struct bench *b = *state;
	char *go, *record;
	int turns = 0;

	launch_shell(b, "a", "until [ -e $MLTOP_OUTPUT_DIR/go ]; do sleep 0.01; done; exit 7");
	bench_until(b, seen(b, "a")->started);
	go = path_of(b, "a", "/output/go");
	record = path_of(b, "a", "/master-0/1/exit");
	descriptors_allow(false);
	assert_int_equal(mkdir(go, 0700), 0);
	bench_until(b, access(record, F_OK) == 0 && ((struct local *)b->en)->linked == 0);
	/* It is looked for in vain for some turns, and nothing is concluded from that. */
	bench_until(b, ++turns > 100);
	assert_int_equal(seen(b, "a")->ended, 0);
	descriptors_allow(true);
	bench_until(b, seen(b, "a")->ended);
	assert_int_equal(seen(b, "a")->end.end, TASK_END_EXIT);
	assert_int_equal(seen(b, "a")->end.code, 7);
	free(go);
	free(record);
}

/* Made anew at its old place, the folder would hide what was moved from who looks for it. */
static void test_the_folder_was_moved_away(void **state)
{
	struct bench *b = *state;
	char *tasks = path_in(b, "tasks"), *away = path_in(b, "tasks.away");

	assert_int_equal(rename(tasks, away), 0);
	launch_shell(b, "a", "true");
	expect_start_failure(b, REASON_START, "was removed or replaced while mltopd runs");
	assert_int_equal(access(tasks, F_OK), -1);
	/* Another's, at the same place, is not ours either. */
	assert_int_equal(mkdir(tasks, 0700), 0);
	launch_shell(b, "b", "true");
	bench_until(b, seen(b, "b")->ended);
	assert_int_equal(seen(b, "b")->why, REASON_START);
	assert_false(exists(b, "b", ""));
	assert_int_equal(rmdir(tasks), 0);
	assert_int_equal(rename(away, tasks), 0);
	launch_shell(b, "c", "true");
	bench_until(b, seen(b, "c")->ended);
	assert_int_equal(seen(b, "c")->why, REASON_NONE);
	free(tasks);
	free(away);
}

/* Short jobs end to end, the way a test suite or a sweep uses the machine. */
static void test_many_short_jobs(void **state)
{
	enum { N = 400 };
	struct bench *b = *state;
	int before = descriptors();
	int64_t begin = time_mono_ms();
	char uid[32];

	for (int i = 0; i < N; i++) {
		const char *argv[] = {"/bin/echo", "done"};
		struct task_program j = {TASK_PROGRAM_INIT, .name = "job",
			.command = {.items = argv, .len = 2}};

		snprintf(uid, sizeof uid, "job-%d", i);
		launch(b, uid, 1, &j, NULL);
	}
	bench_until(b, b->ended == N);
	print_message("%d short jobs: %lld a second\n", N,
		(long long)N * 1000 / (time_mono_ms() - begin + 1));
	for (size_t i = 0; i < b->all.len; i++) {
		assert_int_equal(b->all.items[i]->why, REASON_NONE);
		assert_int_equal(b->all.items[i]->started, 1);
	}
	/* All logs are read; only so many keep descriptors (two each), and no link is left open. */
	for (int i = 0; i < N; i++) {
		snprintf(uid, sizeof uid, "job-%d", i);
		expect_log(b, uid, "done\n");
	}
	assert_true(descriptors() <= before + 2 * 64 + 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_exit_code_and_log),
		TEST(test_signal),
		TEST(test_environment),
		TEST(test_no_gpu_means_none),
		TEST(test_no_such_program),
		TEST(test_no_such_folder),
		TEST(test_not_executable_by_the_kernel),
		TEST(test_shim_that_cannot_run),
		TEST(test_stop),
		TEST(test_stop_shortened),
		TEST(test_stop_before_start),
		TEST(test_never_started_twice),
		TEST(test_samples),
		TEST(test_machine),
		TEST(test_check),
		TEST(test_forget),
		TEST(test_prepare_and_finish),
		TEST(test_another_user),
		TEST(test_end_without_descriptors),
		TEST(test_the_folder_was_moved_away),
		TEST(test_many_short_jobs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
