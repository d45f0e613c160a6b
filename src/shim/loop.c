/* Waits for what happens, and for what is due. Nothing wakes it while a task is quiet. */
#include "shim.h"

#include "base/timefmt.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	READ_SIZE = 256 * 1024,
	READS_AT_ONCE = 8, /* then the control socket has its turn */
	PIPE_SIZE = 1024 * 1024,
	PIPE_DEFAULT = 64 * 1024, /* pipe(7) */
	MEMORY_MS = 250,
	MEMORY_REST = 19, /* times what a look took, before the next: a twentieth of a processor */
	AGAIN_MS = 50,    /* between two KILLs of a tree that is not yet gone */
	SILENT_MS = 200,  /* for leftovers that cannot write to the log */
	TERM_MOST_MS = 5000, /* for leftovers, between TERM and KILL */
	GIVE_UP_MS = 10000,  /* for what KILL does not end: it waits in the kernel */
	RECORD_MS = 1000,    /* between two tries to write the exit record */
};

enum { POLL_SIGNALS, POLL_OUTPUT, POLL_LISTENER, POLL_GATE, POLL_CLIENTS };

static char bytes[READ_SIZE];

static void close_output(struct shim *s)
{
	if (s->output >= 0)
		close(s->output);
	s->output = -1;
}

/* Reads what is there; false when there was nothing more, or the end. */
static bool read_once(struct shim *s)
{
	ssize_t n = read(s->output, bytes, sizeof bytes);

	if (n < 0 && errno == EINTR)
		return true;
	if (n == 0 || (n < 0 && errno != EAGAIN))
		close_output(s);
	if (n <= 0)
		return false;
	/* A task that fills the pipe gets a larger one; most never do, and a user's pages are counted. */
	if (n >= PIPE_DEFAULT && !s->pipe_grown) {
		fcntl(s->output, F_SETPIPE_SZ, PIPE_SIZE);
		s->pipe_grown = true;
	}
	tasklog_add(&s->log, bytes, (size_t)n, time_now_ms(), time_mono_ms());
	shim_crash_at("mid-log");
	return true;
}

static void pump(struct shim *s)
{
	uint64_t before = s->log.end;

	for (int i = 0; i < READS_AT_ONCE && s->output >= 0 && read_once(s); i++)
		;
	if (s->log.end != before)
		control_log_grew(s);
}

/* The children: the running step, and orphans of the tree that came to us. */
static void reap(struct shim *s)
{
	int status, pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == s->child)
			steps_ended(s, status);
	s->childless = pid < 0 && errno == ECHILD;
}

static void take_signals(struct shim *s)
{
	struct signalfd_siginfo info;

	while (read(s->signals, &info, sizeof info) == (ssize_t)sizeof info) {
		if (info.ssi_signo == SIGCHLD)
			continue;
		shim_note(s, "the task's supervisor was told to end (signal %d from process %d)",
			(int)info.ssi_signo, (int)info.ssi_pid);
		steps_stop(s, TASK_END_STOPPED, s->spec.stop_grace_ms);
	}
	reap(s);
}

/* The kernel has ended one of its processes: it is over for the rest as well. */
static void check_group(struct shim *s, int64_t now)
{
	s->memory_at = now + MEMORY_MS;
	if (s->phase != PHASE_RUN || s->step == STEP_FINISH || !group_oom(s))
		return;
	if (!s->stopping)
		group_note_oom(s);
	steps_kill(s, TASK_END_OOM, false);
}

static void check_memory(struct shim *s, int64_t now)
{
	struct proctree_usage usage = tree_usage(s);
	int64_t took;

	/* Workers that are forks of a loader share its data: a sum of theirs alone proves nothing. */
	if (usage.rss > s->spec.memory_limit)
		tree_memory(s);
	took = time_mono_ms() - now;
	s->memory_at = now + took +
		(took * MEMORY_REST > MEMORY_MS ? took * MEMORY_REST : MEMORY_MS);
	if (s->memory <= s->spec.memory_limit || s->phase != PHASE_RUN)
		return;
	if (s->kill_at > now + AGAIN_MS) /* not while they are being killed already */
		shim_note(s, "%zu %s held %lld MiB, more than the memory limit of %lld MiB",
			usage.count, usage.count == 1 ? "process" : "processes",
			(long long)(s->memory >> 20), (long long)(s->spec.memory_limit >> 20));
	steps_kill(s, TASK_END_OOM, false);
}

static void run_deadlines(struct shim *s, int64_t now)
{
	if (now >= s->runtime_at) {
		s->runtime_at = NEVER;
		shim_note(s, "the maximum run time of %lld s has passed",
			(long long)(s->spec.max_runtime_ms / 1000));
		steps_stop(s, TASK_END_MAX_RUNTIME, s->spec.stop_grace_ms);
	}
	if (now >= s->memory_at)
		(s->memory_held ? check_group : check_memory)(s, now);
	if (s->phase == PHASE_RUN && now >= s->kill_at) {
		tree_kill(s);
		s->kill_at = now + AGAIN_MS;
	}
}

static void begin_term(struct shim *s, int64_t now)
{
	int64_t grace = s->spec.stop_grace_ms < TERM_MOST_MS ? s->spec.stop_grace_ms : TERM_MOST_MS;

	tree_end(s, SIGTERM);
	s->phase = PHASE_TERM;
	s->phase_at = now + grace;
}

static void kill_again(struct shim *s, int64_t now)
{
	if (s->phase == PHASE_TERM) {
		s->phase = PHASE_KILL;
		s->give_up_at = now + GIVE_UP_MS;
	}
	if (now >= s->give_up_at) {
		shim_note(s, "some of them wait in the kernel and do not end");
		s->phase = PHASE_DONE;
		return;
	}
	tree_kill(s);
	s->phase_at = now + AGAIN_MS;
}

/* Drain, reap, then record: done when nobody is left and nothing more can come out of the pipe. */
static void clear_up(struct shim *s, int64_t now)
{
	pump(s);
	reap(s);
	if (s->childless) {
		pump(s); /* what the last one wrote before it ended */
		if (s->output < 0 || now >= s->phase_at || s->phase > PHASE_LINGER)
			s->phase = PHASE_DONE;
		return;
	}
	if (s->phase == PHASE_LINGER && s->output < 0 && s->phase_at > now + SILENT_MS)
		s->phase_at = now + SILENT_MS;
	if (now < s->phase_at)
		return;
	if (s->phase == PHASE_LINGER)
		begin_term(s, now);
	else
		kill_again(s, now);
}

static int poll_timeout(const struct shim *s, int64_t now)
{
	const int64_t at[] = {s->kill_at, s->runtime_at, s->phase_at, s->memory_at};
	int64_t next = NEVER;

	for (size_t i = 0; i < sizeof at / sizeof at[0]; i++)
		next = at[i] < next ? at[i] : next;
	if (next == NEVER)
		return -1;
	if (next <= now)
		return 0;
	return next - now < INT_MAX ? (int)(next - now) : INT_MAX;
}

static void wait_and_serve(struct shim *s)
{
	struct pollfd fds[POLL_CLIENTS + SHIMCTL_CLIENTS] = {
		[POLL_SIGNALS] = {.fd = s->signals, .events = POLLIN},
		[POLL_OUTPUT] = {.fd = s->output, .events = POLLIN},
		[POLL_LISTENER] = {.fd = s->listener, .events = POLLIN},
		[POLL_GATE] = {.fd = child_starting(s), .events = POLLIN},
	};

	for (int i = 0; i < SHIMCTL_CLIENTS; i++)
		fds[POLL_CLIENTS + i] = (struct pollfd){.fd = s->clients[i].fd, .events = POLLIN};
	if (poll(fds, POLL_CLIENTS + SHIMCTL_CLIENTS, poll_timeout(s, time_mono_ms())) <= 0)
		return;
	control_hello(s); /* first: a task's output is told after its beginning */
	if (fds[POLL_OUTPUT].revents != 0)
		pump(s);
	if (fds[POLL_SIGNALS].revents != 0)
		take_signals(s);
	for (int i = 0; i < SHIMCTL_CLIENTS; i++)
		if (fds[POLL_CLIENTS + i].revents != 0)
			control_read(s, &s->clients[i]);
	if (fds[POLL_LISTENER].revents != 0)
		control_accept(s);
}

void loop_run(struct shim *s)
{
	for (;;) {
		int64_t now = time_mono_ms();

		run_deadlines(s, now);
		if (s->phase != PHASE_RUN && s->phase != PHASE_DONE)
			clear_up(s, now);
		if (s->phase == PHASE_DONE) {
			s->memory_at = NEVER;
			close_output(s);
			group_end(s);
			secret_end(s);
			if (outcome_write_exit(s))
				return;
			s->phase_at = now + RECORD_MS;
		}
		wait_and_serve(s);
	}
}
