/*
 * From fork to execve. Parent and child share a socket pair that closes on exec: the child waits
 * there for a byte (the gate), and answers with what failed; its end without an answer means that
 * the program runs.
 */
#include "base/cgroup.h"
#include "base/procview.h"
#include "base/taskview.h"
#include "program.h"
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/close_range.h>

enum stage {
	STAGE_FILES,
	STAGE_CGROUP,
	STAGE_LIMIT,
	STAGE_VIEW,
	STAGE_OWN,
	STAGE_SECRETS,
	STAGE_GROUP,
	STAGE_USER,
	STAGE_FOLDER,
	STAGE_EXEC,
};

struct failure {
	enum stage stage;
	int number;                     /* errno */
	struct program_failure program; /* STAGE_EXEC */
};

static const char *environment[TASK_ARGS_MAX + 2];
static char marker[sizeof TASK_MARKER + 1 + TASK_MARKER_MAX];

bool child_environment(const struct task_spec *spec, struct err *e)
{
	char value[TASK_MARKER_MAX];
	size_t count = 0;

	taskfile_marker(value, spec->uid, spec->task, spec->attempt);
	snprintf(marker, sizeof marker, "%s=%s", TASK_MARKER, value);
	environment[count++] = marker;
	for (size_t i = 0; spec->env[i] != NULL; i++) {
		if (count > TASK_ARGS_MAX)
			return err_set(e, ERR_TOO_LARGE,
				"the task has more than %d environment entries", TASK_ARGS_MAX);
		if (strncmp(spec->env[i], TASK_MARKER "=", sizeof TASK_MARKER) != 0)
			environment[count++] = spec->env[i];
	}
	environment[count] = NULL;
	return true;
}

_Noreturn static void fail_with(int gate, const struct failure *f)
{
	/* Nothing can be done about a failure to tell of a failure: the parent sees exit code 127. */
	if (write(gate, f, sizeof *f) < 0)
		_exit(126);
	_exit(127);
}

_Noreturn static void fail(int gate, enum stage stage)
{
	fail_with(gate, &(struct failure){.stage = stage, .number = errno});
}

static bool put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return ok;
}

/* What the shim changed or inherited from a daemon goes back to what a program expects. */
static void reset_process(const struct shim *s)
{
	struct sigaction standard = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		sigaction(i, &standard, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* Undumpable processes may not open their own files in /proc. */
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	put("/proc/self/oom_score_adj", "0");
	setrlimit(RLIMIT_CORE, &s->core);
	setpgid(0, 0);
	umask((mode_t)s->spec.umask);
}

static bool connect_output(const struct shim *s)
{
	int in = open("/dev/null", O_RDONLY);

	return in >= 0 && (in == 0 || dup2(in, 0) == 0) && dup2(s->output_write, 1) == 1 &&
		dup2(s->output_write, 2) == 2 && close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
}

static bool limit_processes(const struct task_spec *spec)
{
	struct rlimit most = {(rlim_t)spec->max_processes, (rlim_t)spec->max_processes};

	return spec->max_processes == 0 || setrlimit(RLIMIT_NPROC, &most) == 0;
}

/* "0,3" */
static bool bind_to(const char *list)
{
	cpu_set_t set;
	int cpu = 0;

	CPU_ZERO(&set);
	for (const char *at = list;; at++) {
		if (*at >= '0' && *at <= '9' && cpu < CPU_SETSIZE) {
			cpu = cpu * 10 + (*at - '0');
			continue;
		}
		if (cpu < CPU_SETSIZE)
			CPU_SET(cpu, &set);
		cpu = 0;
		if (*at == '\0')
			return sched_setaffinity(0, sizeof set, &set) == 0;
	}
}

static void become(const struct shim *s, int gate)
{
	const struct task_spec *spec = &s->spec;
	gid_t gid = spec->run_gid >= 0 ? (gid_t)spec->run_gid : getegid();

	if (!limit_processes(spec) || (*spec->affinity != '\0' && !bind_to(spec->affinity)))
		fail(gate, STAGE_LIMIT);
	if (spec->hide_processes && !procview_hide())
		fail(gate, STAGE_VIEW);
	if (*spec->own_tmp != '\0' &&
		!taskview_own(spec->own_tmp, spec->own_place, spec->run_uid, spec->run_gid))
		fail(gate, STAGE_OWN);
	if (!secret_give(s, environment, sizeof environment / sizeof environment[0]))
		fail(gate, STAGE_SECRETS);
	if (spec->run_gid >= 0 && geteuid() == 0 && setgroups(1, &gid) < 0)
		fail(gate, STAGE_GROUP);
	if (spec->run_gid >= 0 && setresgid(gid, gid, gid) < 0)
		fail(gate, STAGE_GROUP);
	if (spec->run_uid >= 0 &&
		setresuid((uid_t)spec->run_uid, (uid_t)spec->run_uid, (uid_t)spec->run_uid) < 0)
		fail(gate, STAGE_USER);
}

_Noreturn static void run_child(const struct shim *s, int gate, const char *const *argv)
{
	const struct task_spec *spec = &s->spec;
	struct failure f = {.stage = STAGE_EXEC};
	char go;

	if (read(gate, &go, 1) != 1)
		_exit(127); /* the shim died before it could promise a record */
	reset_process(s);
	if (!connect_output(s))
		fail(gate, STAGE_FILES);
	if (!cgroup_join(spec->cgroups))
		fail(gate, STAGE_CGROUP);
	become(s, gate);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (spec->close_sockets && !taskview_close_sockets())
		fail(gate, STAGE_OWN);
	if (chdir(spec->work_dir[0] != '\0' ? spec->work_dir : "/") < 0)
		fail(gate, STAGE_FOLDER);
	program_execute(argv, environment, &f.program);
	f.number = f.program.number;
	fail_with(gate, &f);
}

bool child_start(struct shim *s, const char *const *argv, struct err *e)
{
	int pair[2], pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_errno(e, errno, "cannot make the gate of", argv[0]);
	pid = fork();
	if (pid < 0) {
		err_set(e, ERR_UNAVAILABLE,
			"cannot start a process for the task: %s (too many processes "
			"on this machine, or its limit is reached)",
			strerror(errno));
		close(pair[0]);
		close(pair[1]);
		return false;
	}
	if (pid == 0) {
		close(pair[0]);
		run_child(s, pair[1], argv);
	}
	close(pair[1]);
	setpgid(pid, pid);
	s->child = pid;
	s->gate = pair[0];
	return true;
}

void child_go(struct shim *s)
{
	char go = 1;

	if (send(s->gate, &go, 1, MSG_NOSIGNAL) < 0)
		shim_say("cannot open the gate of process %d: %s", s->child, strerror(errno));
	if (shim_crashes_at("after-exec"))
		recv(s->gate, &go, 1, MSG_PEEK); /* returns when the program runs */
	shim_crash_at("after-exec");
}

int child_starting(const struct shim *s)
{
	return s->begun || s->step == STEP_FINISH ? -1 : s->gate;
}

void child_look(struct shim *s)
{
	char byte;

	/* The end of the file: closed by execve. A failure is left for child_failure. */
	if (child_starting(s) >= 0 && recv(s->gate, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
		s->begun = true;
}

static void describe(const struct shim *s, const struct failure *f, char *text, size_t size)
{
	const char *program = s->step == STEP_MAIN ? s->spec.argv[0] : "/bin/sh";
	const char *folder = s->spec.work_dir, *why = strerror(f->number);
	const char *path = program_env(s->spec.env, "PATH");

	switch (f->stage) {
	case STAGE_FILES: snprintf(text, size, "cannot connect the task's output: %s", why); break;
	case STAGE_CGROUP:
		snprintf(text, size, "cannot join the task's control group: %s", why);
		break;
	case STAGE_LIMIT:
		snprintf(text, size,
			"cannot limit the task's processes or bind it to processors: %s", why);
		break;
	case STAGE_VIEW:
		snprintf(text, size, "cannot hide the processes of others from the task: %s", why);
		break;
	case STAGE_OWN:
		snprintf(text, size, "cannot give the task a /tmp and sockets of its own: %s", why);
		break;
	case STAGE_SECRETS:
		snprintf(text, size, "cannot give the task its secrets: %s", why);
		break;
	case STAGE_GROUP:
		snprintf(text, size, "cannot run as group %d: %s", s->spec.run_gid, why);
		break;
	case STAGE_USER:
		snprintf(text, size, "cannot run as user %d: %s", s->spec.run_uid, why);
		break;
	case STAGE_FOLDER:
		snprintf(text, size, "cannot enter the work folder %.120s: %s", folder, why);
		break;
	case STAGE_EXEC: program_explain(&f->program, program, path, text, size); break;
	}
}

bool child_failure(struct shim *s, int *number, char *text, size_t size)
{
	struct failure f;
	ssize_t n = recv(s->gate, &f, sizeof f, MSG_DONTWAIT);

	close(s->gate);
	s->gate = -1;
	if (n != (ssize_t)sizeof f)
		return false;
	*number = f.number;
	describe(s, &f, text, size);
	return true;
}
