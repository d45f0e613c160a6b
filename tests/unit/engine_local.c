/* The local engine, with real tasks under the real mltop-shim. */
#include "base/proctree.h"
#include "engine_bench.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>

extern char **environ;

/* ---- Helpers ---- */

/* Tests name jobs shortly; their uids are made of that. */
static struct task_ref ref_of(const char *name, int attempt)
{
	return (struct task_ref){.uid = bench_uid(name), .task = "master-0", .attempt = attempt};
}

static struct job shell_job(const char *const argv[3], const char *script)
{
	const char **words = (const char **)argv;

	words[0] = "sh";
	words[1] = "-c";
	words[2] = script;
	return (struct job){.uid = "u", .job_name = "job", .org_name = "org",
		.command = {.items = argv, .len = 3}, .cpu_limit = {1500}};
}

/* Marks as known what is not zero. */
static struct job known(const struct job *from)
{
	static const char zeros[256];
	struct job j = *from;

	for (size_t i = 0; i < job_kind.field_count; i++) {
		const struct field *f = &job_kind.fields[i];

		if (memcmp((const char *)&j + f->offset, zeros, f->size))
			record_know(&job_kind, &j, f->offset);
	}
	return j;
}

static void launch(struct bench *b, const char *uid, int attempt, const struct job *from,
	const char *package)
{
	struct job whole = known(from), *j = &whole;
	struct task_launch l = {.ref = ref_of(uid, attempt), .job = j, .package_path = package,
		.run_uid = -1, .run_gid = -1};

	b->en->ops->start(b->en, &l);
}

static void launch_shell(struct bench *b, const char *uid, const char *script)
{
	const char *argv[3];
	struct job j = shell_job(argv, script);

	launch(b, uid, 1, &j, NULL);
}

static struct seen *seen(struct bench *b, const char *uid)
{
	struct task_ref ref = ref_of(uid, 1);

	return seen_of(b, &ref);
}

/* The whole log of an attempt, gaps as "<gap N>". */
static char *log_text(struct bench *b, const char *uid, int attempt)
{
	struct task_ref ref = ref_of(uid, attempt);
	struct buf text = BUF_INIT;
	struct log_gap gap;
	uint64_t offset = 0;
	char bytes[65536];
	ssize_t n;

	while ((n = b->en->ops->log_read(b->en, &ref, offset, bytes, sizeof bytes, &gap)) != 0) {
		if (n < 0) {
			buf_addf(&text, "<gap %llu>", (unsigned long long)gap.lost);
			assert_int_equal(gap.offset, offset);
			offset += gap.lost;
		} else {
			buf_add(&text, bytes, (size_t)n);
			offset += (uint64_t)n;
		}
	}
	return buf_detach(&text);
}

static void expect_log(struct bench *b, const char *uid, const char *expected)
{
	char *text = log_text(b, uid, 1);

	assert_string_equal(text, expected);
	free(text);
}

static bool log_has(struct bench *b, const char *uid, const char *part)
{
	char *text = log_text(b, uid, 1);
	bool has = strstr(text, part) != NULL;

	free(text);
	return has;
}

static char *path_in(struct bench *b, const char *name)
{
	return fsio_join(b->dir, name);
}

/* Below a job's folder; the caller frees. */
static char *path_of(struct bench *b, const char *uid, const char *below)
{
	char *path = NULL;

	assert_true(asprintf(&path, "%s/tasks/%s%s", b->dir, bench_uid(uid), below) > 0);
	return path;
}

static bool exists(struct bench *b, const char *uid, const char *below)
{
	char *path = path_of(b, uid, below);
	struct stat st;
	bool there = lstat(path, &st) == 0;

	free(path);
	return there;
}

/* Makes an empty file in the job's output folder: what its script waits for. */
static void touch(struct bench *b, const char *uid, const char *below)
{
	char *path = path_of(b, uid, below);

	assert_true(fsio_write(path, "", 0, 0600, NULL));
	free(path);
}

static bool load_pid(struct bench *b, const char *uid, struct task_pid *pid)
{
	char *path = path_of(b, uid, "/master-0/1"), data[1024];
	size_t len;
	int folder = open(path, O_RDONLY | O_DIRECTORY);
	bool good = folder >= 0 && taskfile_load(folder, "pid", data, sizeof data, &len, NULL)
		&& taskfile_decode_pid(pid, data, len, NULL);

	if (folder >= 0)
		close(folder);
	free(path);
	return good;
}

static void bench_adopt(struct bench *b, const char *const *uids, size_t count)
{
	struct task_known known[8];
	struct job j = {.uid = "u"};

	for (size_t i = 0; i < count; i++)
		known[i] = (struct task_known){.ref = ref_of(uids[i], 1), .job = &j};
	b->en->ops->adopt(b->en, known, count);
}

/* A new daemon on the same folder. */
static void reopen(struct bench *b)
{
	bench_forget_seen(b);
	bench_open(b, &engine_local);
}

static int setup(void **state)
{
	struct bench *b = mem_alloc(sizeof *b);

	setenv("MLTOP_TEST_SECRET", "of the daemon", 1);
	bench_init(b);
	bench_open(b, &engine_local);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	bench_release(*state);
	free(*state);
	return 0;
}

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
	assert_true(b->en->ops->log_range(b->en, &ref, &range));
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
		"MLTOP_ATTEMPT=1\n", "OMP_NUM_THREADS=2\n",
		"TERM=dumb\n", "PYTHONUNBUFFERED=1\n", "MINE=yes and no\n"};
	static const char *const gpus[] = {"GPU-1", "GPU-2"};
	struct label env[] = {{"MINE", "yes and no"}, {"MLTOP_JOB", "forged"},
		{"CUDA_VISIBLE_DEVICES", "0,1,2,3"}};
	const char *argv[3];
	char marker[100];
	struct job j = shell_job(argv, "env; umask; echo $PWD; echo kept > $MLTOP_OUTPUT_DIR/f");

	j.env = (struct labels){.items = env, .len = ARRAY_SIZE(env)};
	j.umask = 027;
	j = known(&j);
	struct task_launch l = {.ref = ref_of("a", 1), .job = &j, .gpus = gpus, .gpu_count = 2,
		.run_uid = -1, .run_gid = -1};

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

static void expect_start_failure(struct bench *b, enum job_reason why, const char *part)
{
	bench_until(b, seen(b, "a")->ended);
	assert_int_equal(seen(b, "a")->end.end, TASK_END_START);
	assert_int_equal(seen(b, "a")->why, why);
	if (strstr(seen(b, "a")->end.message, part) == NULL)
		fail_msg("'%s' is not in '%s'", part, seen(b, "a")->end.message);
}

static void test_no_such_program(void **state)
{
	struct bench *b = *state;
	const char *argv[] = {"no-such-program"};
	struct job j = {.uid = "a", .job_name = "job", .command = {.items = argv, .len = 1}};

	launch(b, "a", 1, &j, NULL);
	expect_start_failure(b, REASON_START, "cannot start 'no-such-program': no such program");
}

static void test_no_such_folder(void **state)
{
	struct bench *b = *state;
	const char *argv[3];
	struct job j = shell_job(argv, "true");

	j.work_dir = "/no/such/folder";
	launch(b, "a", 1, &j, NULL);
	expect_start_failure(b, REASON_START, "/no/such/folder");
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

/* ---- Packages ---- */

static void run(const char *const *argv)
{
	pid_t pid;
	int status = -1;

	assert_int_equal(posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)argv, environ), 0);
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
}

/* demo-1.0.tar.gz with demo-1.0/demo/{__init__,train}.py; the caller frees. */
static char *package_make(struct bench *b, const char *code)
{
	char *dir = path_in(b, "src"), *top = path_in(b, "src/demo-1.0/demo");
	char *tar = path_in(b, "demo-1.0.tar.gz");
	char *init = path_in(b, "src/demo-1.0/demo/__init__.py");
	char *train = path_in(b, "src/demo-1.0/demo/train.py");
	const char *argv[] = {"tar", "-czf", tar, "-C", dir, "demo-1.0", NULL};

	assert_true(fsio_mkdirs(top, 0700, NULL));
	assert_true(fsio_write(init, "", 0, 0600, NULL));
	assert_true(fsio_write(train, code, strlen(code), 0600, NULL));
	run(argv);
	free(dir);
	free(top);
	free(init);
	free(train);
	return tar;
}

static struct job module_job(const char *module, const char *args)
{
	return (struct job){.uid = "a", .job_name = "job", .module_name = module,
		.trainer_uri = "file:///x", .job_args = args};
}

static void test_package(void **state)
{
	struct bench *b = *state;
	char *tar = package_make(b, "import sys, os, demo\n"
		"print(sys.argv[1:], os.path.basename(os.getcwd()))\n"
		"path = os.environ['MLTOP_OUTPUT_DIR'] + '/count'\n"
		"open(path, 'a').write('x')\n"
		"print(open(path).read(), os.environ['MLTOP_ATTEMPT'])\n");
	struct job j = module_job("demo.train", "--name 'a b' \"c\"");
	struct task_ref second = ref_of("a", 2), third = ref_of("a", 3);
	char *text;

	launch(b, "a", 1, &j, tar);
	bench_until(b, seen(b, "a")->ended);
	expect_log(b, "a", "['--name', 'a b', 'c'] demo-1.0\nx 1\n");
	/* The output folder is the job's; the code is unpacked anew. */
	launch(b, "a", 2, &j, tar);
	bench_until(b, seen_of(b, &second)->ended);
	text = log_text(b, "a", 2);
	assert_string_equal(text, "['--name', 'a b', 'c'] demo-1.0\nxx 2\n");
	free(text);
	/* The module is found from any folder. */
	j.work_dir = "/usr";
	launch(b, "a", 3, &j, tar);
	bench_until(b, seen_of(b, &third)->ended);
	text = log_text(b, "a", 3);
	assert_string_equal(text, "['--name', 'a b', 'c'] usr\nxxx 3\n");
	free(text);
	free(tar);
}

static void test_module_that_is_not_there(void **state)
{
	struct bench *b = *state;
	char *tar = package_make(b, "");
	struct job j = module_job("demo.trian", NULL);

	launch(b, "a", 1, &j, tar);
	expect_start_failure(b, REASON_MODULE_MISSING, "demo.train");
	free(tar);
}

static void test_package_that_is_none(void **state)
{
	struct bench *b = *state;
	struct job j = module_job("demo.train", NULL);
	char *path = path_in(b, "junk.tar.gz");

	assert_true(fsio_write(path, "not a tar", 9, 0600, NULL));
	launch(b, "a", 1, &j, path);
	expect_start_failure(b, REASON_PACKAGE_UNPACK, "junk.tar.gz");
	free(path);
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

	launch_shell(b, "a", "echo x >> $MLTOP_OUTPUT_DIR/count; sleep 0.2; cat $MLTOP_OUTPUT_DIR/count");
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

/* ---- Adoption ---- */

static void test_adopt_running(void **state)
{
	struct bench *b = *state;
	const char *uid = "a";

	launch_shell(b, "a", "echo up; until [ -e $MLTOP_OUTPUT_DIR/go ]; do sleep 0.01; done; exit 3");
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

	launch_shell(b, "a", "echo up; until [ -e $MLTOP_OUTPUT_DIR/go ]; do sleep 0.01; done; echo bye; exit 4");
	bench_until(b, seen(b, "a")->started);
	bench_close_engine(b);
	touch(b, "a", "/output/go");
	bench_until(b, exists(b, "a", "/master-0/1/exit"));
	reopen(b);
	bench_adopt(b, &uid, 1);
	bench_until(b, seen(b, "a")->ended);
	assert_int_equal(seen(b, "a")->end.code, 4);
	expect_log(b, "a", "up\nbye\n");
	assert_true(b->en->ops->log_range(b->en, &ref, &range));
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
	struct task_spec spec = {.uid = bench_uid("a"), .task = "master-0", .attempt = 1, .argv = argv,
		.env = env, .work_dir = "/", .prepare = "", .finish = "", .run_uid = -1,
		.run_gid = -1, .umask = 077, .stop_grace_ms = 100, .segment_size = 65536};
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
	bench_until(b, seen(b, "a")->started && log_has(b, "a", "up") && bench_processes(b, false) >= 5);
	kill_shim(b, "a");
	bench_until(b, seen(b, "a")->ended);
	assert_int_equal(seen(b, "a")->why, REASON_SUPERVISOR_LOST);
	assert_int_equal(seen(b, "a")->end.end, TASK_END_SIGNAL);
	assert_int_equal(seen(b, "a")->end.log_bytes, 3);
	assert_int_equal(seen(b, "a")->notes, 1);
	assert_non_null(strstr(seen(b, "a")->note, "LogGap"));
	bench_until(b, bench_processes(b, false) == 0);
	assert_true(b->en->ops->log_range(b->en, &ref, &range));
	assert_true(range.final);
	assert_true(exists(b, "a", "/master-0/1/exit"));
	assert_true(exists(b, "a", "/master-0/1/log/gaps"));
}

static void test_shim_killed_while_the_daemon_was_away(void **state)
{
	struct bench *b = *state;
	const char *uid = "a";

	launch_shell(b, "a", FAMILY);
	bench_until(b, seen(b, "a")->started && bench_processes(b, false) >= 5);
	bench_close_engine(b);
	kill_shim(b, "a");
	reopen(b);
	bench_adopt(b, &uid, 1);
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
	assert_true(b->en->ops->log_range(b->en, &ref, &range));
	assert_int_equal(range.generation, 1);
	assert_int_equal(range.newest, 3);
}

static void test_strays(void **state)
{
	struct bench *b = *state;

	launch_shell(b, "finished", "echo kept");
	launch_shell(b, "stray", FAMILY);
	bench_until(b, seen(b, "finished")->ended && seen(b, "stray")->started
		&& bench_processes(b, false) >= 5);
	bench_close_engine(b);
	reopen(b);
	bench_adopt(b, NULL, 0);
	bench_until(b, !exists(b, "stray", "/master-0") && bench_processes(b, false) == 0);
	expect_log(b, "finished", "kept\n");
	assert_int_equal(b->ended, 0); /* nobody is told */
}

/* ---- Logs ---- */

static void test_log_follow(void **state)
{
	struct bench *b = *state;
	struct task_ref ref = ref_of("a", 1);
	struct log_range range;
	struct log_gap gap;
	char byte;

	assert_false(b->en->ops->log_range(b->en, &ref, &range));
	assert_int_equal(b->en->ops->log_read(b->en, &ref, 0, &byte, 1, &gap), 0);
	launch_shell(b, "a", "for i in 1 2 3; do echo $i; until [ -e $MLTOP_OUTPUT_DIR/$i ]; "
		"do sleep 0.005; done; done");
	for (int i = 1; i <= 3; i++) {
		char name[64];

		bench_until(b, b->en->ops->log_range(b->en, &ref, &range)
			&& range.newest == (uint64_t)i * 2);
		assert_false(range.final);
		assert_true(seen(b, "a")->grew >= 1);
		snprintf(name, sizeof name, "/output/%d", i);
		touch(b, "a", name);
	}
	bench_until(b, seen(b, "a")->ended);
	expect_log(b, "a", "1\n2\n3\n");
}

/* 20 MB in segments, whole; and the same under a limit, where the oldest are dropped. */
static void test_log_large(void **state)
{
	struct bench *b = *state;
	static const char script[] = "seq 1 3000000";
	struct buf expected = BUF_INIT;
	char *text;

	for (int i = 1; i <= 3000000; i++)
		buf_addf(&expected, "%d\n", i);
	launch_shell(b, "a", script);
	bench_until(b, seen(b, "a")->ended);
	text = log_text(b, "a", 1);
	assert_int_equal(strlen(text), expected.len);
	assert_true(strcmp(text, expected.data) == 0);
	free(text);
	/* A burst is coalesced: far fewer events than writes. */
	assert_in_range(seen(b, "a")->grew, 1, 2000);
	buf_release(&expected);
}

static void test_log_limit(void **state)
{
	struct bench *b = *state;
	struct task_ref ref = ref_of("a", 1);
	struct log_range range;
	struct log_gap gap;
	char *text, byte;
	size_t len;

	bench_close_engine(b);
	b->config.log_limit = 1 << 20;
	bench_open(b, &engine_local);
	launch_shell(b, "a", "seq 1 1000000; echo last");
	bench_until(b, seen(b, "a")->ended);
	assert_true(b->en->ops->log_range(b->en, &ref, &range));
	assert_int_equal(range.newest, 6888896 + 5);
	assert_true(range.oldest > 0);
	assert_in_range(range.newest - range.oldest, 1 << 19, (1 << 20) + (1 << 18));
	assert_int_equal(b->en->ops->log_read(b->en, &ref, 0, &byte, 1, &gap), -1);
	assert_int_equal(gap.offset, 0);
	assert_int_equal(gap.lost, range.oldest);
	text = log_text(b, "a", 1);
	len = strlen(text);
	assert_true(strncmp(text, "<gap ", 5) == 0);
	assert_string_equal(text + len - 13, "1000000\nlast\n");
	free(text);
}

static void test_log_at(void **state)
{
	struct bench *b = *state;
	struct task_ref ref = ref_of("a", 1);
	uint64_t offset = 99;

	assert_false(b->en->ops->log_at(b->en, &ref, 0, &offset));
	launch_shell(b, "a", "echo first");
	bench_until(b, seen(b, "a")->ended);
	assert_true(b->en->ops->log_at(b->en, &ref, 0, &offset));
	assert_int_equal(offset, 0);
	assert_true(b->en->ops->log_at(b->en, &ref, time_now_ms() + 5000, &offset));
	assert_int_equal(offset, 6);
}

/* ---- The rest ---- */

static void test_samples(void **state)
{
	struct bench *b = *state;

	bench_close_engine(b);
	b->config.sample_ms = 30;
	bench_open(b, &engine_local);
	assert_int_equal(bench_timers(b), 0);
	launch_shell(b, "a", "sh -c 'while :; do :; done'");
	bench_until(b, seen(b, "a")->sample.cpu_percent > 20);
	assert_true(seen(b, "a")->sample.memory > 100000);
	assert_true(isnan(seen(b, "a")->sample.gpu_util));
	struct task_ref ref = ref_of("a", 1);

	assert_int_equal(bench_timers(b), 1);
	b->en->ops->stop(b->en, &ref, 0);
	bench_until(b, seen(b, "a")->ended);
	assert_int_equal(bench_timers(b), 0); /* idle: nothing fires */
}

static void test_machine(void **state)
{
	struct bench *b = *state;
	struct plan_machine m;
	char host[256];

	gethostname(host, sizeof host);
	b->en->ops->machine(b->en, &m);
	assert_string_equal(m.node_name, host);
	assert_int_equal(m.cpu_total.v, sysconf(_SC_NPROCESSORS_ONLN) * 1000);
	assert_in_range(m.memory_total.v, (int64_t)64 << 20,
		(int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE) + (1 << 20));
	assert_int_equal(m.max_tasks, 4);
	assert_int_equal(m.gpu_count, 0);
	assert_true(m.packing_cpu);
}

static void refuses(struct bench *b, const struct job *j, const char *field, const char *part)
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
	struct job good = shell_job(argv, "true"), j;

	good.work_dir = "/data";
	assert_true(b->en->ops->check(b->en, &good, NULL));
	j = good;
	j.docker_image = "tensorflow";
	refuses(b, &j, "docker_image", "container platform");
	j = good;
	j.worker_count = 2;
	refuses(b, &j, "worker_count", "worker_count is 2: this platform runs jobs of one task");
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
	b->en->ops->forget(b->en, bench_uid("a"));
	bench_until(b, !exists(b, "a", ""));
	assert_true(access("/etc/passwd", F_OK) == 0);
	expect_log(b, "a", "");
}

static void test_prepare_and_finish(void **state)
{
	struct bench *b = *state;
	const char *argv[3];
	struct job j = shell_job(argv, "echo main; exit 5");

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
	struct job j = shell_job(argv, "id -u; echo kept > $MLTOP_OUTPUT_DIR/f && cd $PWD && touch x;"
		"cat ../spec ../pid ../log/* ../../../../key; ls ../../.. ; ls -a ../; true");
	char *key = path_in(b, "key");

	bench_close_engine(b);
	b->config.shared = true;
	assert_true(fsio_write(key, "secret of the platform", 22, 0600, NULL));
	free(key);
	assert_int_equal(chmod(b->dir, 0711), 0);
	bench_open(b, &engine_local);
	j = known(&j);
	struct task_launch l = {.ref = ref_of("a", 1), .job = &j, .run_uid = 65534, .run_gid = 65534};

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

static int descriptors(void)
{
	int count = 0;
	DIR *d = opendir("/proc/self/fd");

	while (readdir(d))
		count++;
	closedir(d);
	return count;
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
		struct job j = {.uid = "u", .job_name = "job", .command = {.items = argv, .len = 2}};

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

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_exit_code_and_log), TEST(test_signal), TEST(test_environment),
		TEST(test_no_gpu_means_none), TEST(test_no_such_program), TEST(test_no_such_folder),
		TEST(test_shim_that_cannot_run), TEST(test_package),
		TEST(test_module_that_is_not_there), TEST(test_package_that_is_none),
		TEST(test_stop), TEST(test_stop_shortened), TEST(test_stop_before_start),
		TEST(test_never_started_twice), TEST(test_adopt_running), TEST(test_adopt_ended),
		TEST(test_adopt_what_never_began), TEST(test_adopt_a_launch_cut_short),
		TEST(test_adopt_a_launch_cut_short_before_a_reboot), TEST(test_shim_killed),
		TEST(test_shim_killed_while_the_daemon_was_away), TEST(test_node_rebooted),
		TEST(test_strays), TEST(test_log_follow), TEST(test_log_large), TEST(test_log_limit),
		TEST(test_log_at), TEST(test_samples), TEST(test_machine), TEST(test_check),
		TEST(test_forget), TEST(test_prepare_and_finish), TEST(test_another_user),
		TEST(test_many_short_jobs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
