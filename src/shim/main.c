#include "shim.h"

#include "base/num.h"
#include "base/standard.h"
#include "base/timefmt.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where the descriptors that the shim keeps are moved, so that all others can be closed. */
enum { FOLDER_FD = 3, READY_FD = 4, SECRETS_FD = 5, FIRST_FREE_FD = 6 };

static struct shim shim;
static char spec_bytes[TASKFILE_MAX];
static const char *spec_vector[TASK_VECTOR_MAX];

/* One line to whoever started us: "ok", or what failed. */
static void handshake(int fd, const char *line)
{
	char text[1100];
	int len = snprintf(text, sizeof text, "%s\n", line);

	if (write(fd, text, (size_t)len) < 0)
		shim_say("cannot tell the daemon \"%s\": %s", line, strerror(errno));
}

/* Session, signals and limits: nothing of the daemon's is left, and no core with the spec's secrets. */
static void detach(struct shim *s)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, standard = {.sa_handler = SIG_DFL};
	struct rlimit no_core;

	setsid();
	umask(077);
	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGXFSZ, &ignore, NULL);
	sigaction(SIGCHLD, &standard, NULL); /* inherited as ignored it would cost the exit codes */
	getrlimit(RLIMIT_CORE, &s->core);
	no_core = (struct rlimit){.rlim_cur = 0, .rlim_max = s->core.rlim_max};
	setrlimit(RLIMIT_CORE, &no_core);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	if (chdir("/") < 0) /* so as not to keep a file system from being unmounted */
		shim_say("cannot change to /: %s", strerror(errno));
	prctl(PR_SET_NAME, "mltop-shim", 0, 0, 0); /* also when run by another name or a loader */
}

static bool settle_files(struct shim *s, int folder, int ready, struct err *e)
{
	int high_folder = fcntl(folder, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
	int high_ready = fcntl(ready, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
	int high_secrets = s->secrets < 0 ? -1 : fcntl(s->secrets, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
	int log, in;

	if (high_folder < 0 || high_ready < 0 || (s->secrets >= 0 && high_secrets < 0) ||
		dup3(high_folder, FOLDER_FD, O_CLOEXEC) < 0 ||
		dup3(high_ready, READY_FD, O_CLOEXEC) < 0 ||
		(high_secrets >= 0 && dup3(high_secrets, SECRETS_FD, O_CLOEXEC) < 0) ||
		close_range(high_secrets >= 0 ? FIRST_FREE_FD : SECRETS_FD, ~0U, 0) < 0)
		return err_errno(e, errno, "cannot arrange the files of", "mltop-shim");
	s->folder = FOLDER_FD;
	s->ready = READY_FD;
	s->secrets = high_secrets >= 0 ? SECRETS_FD : -1;
	in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	log = openat(s->folder, "shim.log", O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC,
		0600);
	if (in < 0 || log < 0 || dup2(in, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
		return err_errno(e, errno, "cannot open the task's", "shim.log");
	close(in);
	close(log);
	return true;
}

/* One shim per folder, and a folder is run once: an attempt is never run twice. */
static bool claim(struct shim *s, struct err *e)
{
	static const char *const marks[] = {"exit", "pid"};

	if (flock(s->folder, LOCK_EX | LOCK_NB) < 0)
		return err_set(e, ERR_CONFLICT,
			"this task has a supervisor already (its folder is locked)");
	for (size_t i = 0; i < 2; i++)
		if (faccessat(s->folder, marks[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return err_set(e, ERR_CONFLICT,
				"this attempt of the task was started before (its folder holds %s): use a new "
				"attempt",
				marks[i]);
	return true;
}

static bool read_spec(struct shim *s, struct err *e)
{
	size_t len;

	return taskfile_load(s->folder, "spec", spec_bytes, sizeof spec_bytes, &len, e) &&
		taskfile_decode_spec(&s->spec, spec_bytes, len, spec_vector, TASK_VECTOR_MAX, e) &&
		child_environment(&s->spec, e);
}

static bool open_signals(struct shim *s, struct err *e)
{
	static const int wanted[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
		sigaddset(&set, wanted[i]);
	sigprocmask(SIG_SETMASK, &set, NULL);
	s->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (s->signals < 0)
		return err_errno(e, errno, "cannot open a", "signalfd");
	return true;
}

static bool open_output(struct shim *s, struct err *e)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_errno(e, errno, "cannot open the task's", "log pipe");
	/* Only our end: the flag is the open file's, and the task's end is one of its own. */
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	s->output = ends[0];
	s->output_write = ends[1];
	/* Opening /dev/stdout opens the pipe anew (proc(5)): it has to be the task's. */
	if (s->spec.run_uid >= 0 &&
		fchown(ends[1], (uid_t)s->spec.run_uid, (gid_t)s->spec.run_gid) < 0)
		shim_say("cannot give the log pipe to user %d: %s", s->spec.run_uid,
			strerror(errno));
	return tasklog_open(&s->log, s->folder, &s->spec, e);
}

static bool know_ourselves(struct shim *s, struct err *e)
{
	s->pid.shim_pid = getpid();
	if (!taskfile_boot_id(s->pid.boot_id) ||
		!taskfile_start_time(s->pid.shim_pid, &s->pid.shim_start))
		return err_set(e, ERR_INTERNAL,
			"cannot read this process in /proc: is /proc mounted?");
	return true;
}

static void set_deadlines(struct shim *s)
{
	int64_t now = time_mono_ms();

	s->kill_at = s->runtime_at = s->phase_at = s->memory_at = NEVER;
	if (s->spec.max_runtime_ms > 0 && s->spec.max_runtime_ms < NEVER - now)
		s->runtime_at = now + s->spec.max_runtime_ms;
	if (s->spec.memory_limit > 0) {
		enum group_memory by_group = group_memory(s);

		s->memory_held = by_group != GROUP_MEMORY_NONE;
		if (by_group != GROUP_MEMORY_WHOLE)
			s->memory_at = now;
	}
}

static bool begin(struct shim *s, struct err *e)
{
	if (!read_spec(s, e) || !open_signals(s, e) || !open_output(s, e) || !know_ourselves(s, e))
		return false;
	s->listener = shimctl_listen(s->folder, e);
	if (s->listener < 0)
		return false;
	s->end = (struct task_exit){.finish_code = -1, .start_ms = time_now_ms()};
	s->began = time_mono_ms();
	set_deadlines(s);
	if (!steps_begin(s, e) || !outcome_write_pid(s, e)) {
		unlinkat(s->folder, SHIMCTL_SOCKET, 0);
		return false; /* the gate closes with us, and the child behind it ends */
	}
	shim_crash_at("after-pid");
	outcome_reserve(s);
	handshake(s->ready, "ok");
	close(s->ready);
	s->ready = -1;
	child_go(s);
	return true;
}

static void tidy(struct shim *s)
{
	struct stat st;

	unlinkat(s->folder, SHIMCTL_SOCKET, 0);
	if (fstat(STDERR_FILENO, &st) == 0 && st.st_size == 0)
		unlinkat(s->folder, "shim.log", 0);
}

static int supervise(int folder, int ready, int secrets)
{
	struct shim *s = &shim;
	struct err e = ERR_INIT;

	for (int i = 0; i < SHIMCTL_CLIENTS; i++)
		s->clients[i].fd = -1;
	s->record = -1;
	s->secrets = secrets;
	detach(s);
	if (!settle_files(s, folder, ready, &e) || !claim(s, &e) || !begin(s, &e)) {
		handshake(s->ready > 0 ? s->ready : ready, e.text);
		return 1;
	}
	loop_run(s);
	control_exit(s);
	tidy(s);
	return 0;
}

/* Without a ready pipe, for a person: wait for the line, and pass it on. */
static int await(int fd)
{
	char line[1100];
	ssize_t n = read(fd, line, sizeof line - 1);

	if (n == 3 && memcmp(line, "ok\n", 3) == 0)
		return 0;
	fprintf(stderr, "mltop-shim: %.*s", n > 0 ? (int)n : 0, line);
	return 1;
}

static int launch(const char *path, int ready, int secrets)
{
	int ends[2] = {-1, ready}, pid, folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct err e = ERR_INIT;

	if (ready < 0 && pipe2(ends, O_CLOEXEC) < 0)
		return 1;
	if (folder < 0)
		err_errno(&e, errno, "cannot open the task's folder", path);
	pid = folder < 0 ? -1 : fork();
	if (pid == 0)
		_exit(supervise(folder, ends[1], secrets));
	if (pid < 0) {
		if (folder >= 0)
			err_errno(&e, errno, "cannot start a process to supervise", path);
		handshake(ends[1], e.text);
	}
	if (ready >= 0)
		return pid < 0;
	close(ends[1]);
	return await(ends[0]);
}

static bool option_fd(char **words, const char *name, int64_t *fd)
{
	return strcmp(words[0], name) == 0 && num_i64(words[1], 3, 1 << 20, fd);
}

int main(int argc, char **argv)
{
	int64_t ready = -1, secrets = -1;

	if (!standard_hold())
		return 1;
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("mltop-shim " MLTOP_VERSION);
		return 0;
	}
	if ((argc != 2 && argc != 4 && argc != 6) || argv[1][0] == '-' ||
		(argc > 2 && !option_fd(argv + 2, "--ready-fd", &ready)) ||
		(argc > 4 && !option_fd(argv + 4, "--secrets-fd", &secrets))) {
		fprintf(stderr,
			"usage: mltop-shim FOLDER [--ready-fd N [--secrets-fd N]]\n"
			"Supervises the task described in FOLDER/spec. mltopd starts it; people use mltop run.\n");
		return 2;
	}
	return launch(argv[1], (int)ready, (int)secrets);
}
