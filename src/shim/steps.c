/*
 * prepare && main; rc; finish; exit rc - without a shell around them: each step is a process of its
 * own, in the shim's session and in a group of its own.
 */
#include "shim.h"

#include "base/timefmt.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	LINGER_MS = 5000,      /* what is left may write for so long */
	FINISH_MIN_MS = 10000, /* what finish gets after a stop, whatever the grace */
};
static const int64_t grace_most = 366ll * 24 * 3600 * 1000;

static bool start_step(struct shim *s, enum step step, struct err *e)
{
	const char *text = step == STEP_PREPARE ? s->spec.prepare : s->spec.finish;
	const char *const shell[] = {"/bin/sh", "-c", text, NULL};

	s->step = step;
	return child_start(s, step == STEP_MAIN ? s->spec.argv : shell, e);
}

bool steps_begin(struct shim *s, struct err *e)
{
	return start_step(s, s->spec.prepare[0] != '\0' ? STEP_PREPARE : STEP_MAIN, e);
}

/* The last step has ended: whoever still holds the log pipe gets a while. */
static void end_steps(struct shim *s)
{
	int64_t now = time_mono_ms();

	if (s->output_write >= 0)
		close(s->output_write);
	s->output_write = -1;
	s->phase = s->hard ? PHASE_TERM : PHASE_LINGER;
	s->phase_at = now + (s->hard ? 0 : LINGER_MS);
	s->runtime_at = s->kill_at = NEVER;
}

static void finish_or_end(struct shim *s);

static void next_step(struct shim *s, enum step step)
{
	struct err e = ERR_INIT;

	if (start_step(s, step, &e)) {
		/* The session and the marker still tell whose it is, should the file not be written. */
		if (!outcome_write_pid(s, &e))
			shim_say("%s", e.text);
		child_go(s);
		return;
	}
	shim_note(s, "%s", e.text);
	if (step == STEP_FINISH) {
		s->end.finish_code = 126;
		end_steps(s);
		return;
	}
	s->end.end = TASK_END_START;
	s->end.code = 11; /* EAGAIN, what fork says */
	finish_or_end(s);
}

static void finish_or_end(struct shim *s)
{
	int64_t grace = s->spec.stop_grace_ms;

	s->kill_at = NEVER;
	if (s->hard || s->spec.finish[0] == '\0') {
		end_steps(s);
		return;
	}
	if (s->stopping)
		s->kill_at = time_mono_ms() +
			(grace > FINISH_MIN_MS && grace < grace_most ? grace : FINISH_MIN_MS);
	next_step(s, STEP_FINISH);
}

static void record_status(struct shim *s, int status, int number)
{
	bool signalled = WIFSIGNALED(status);

	s->end.code = signalled ? 0 : number != 0 ? number : WEXITSTATUS(status);
	s->end.signal = signalled ? WTERMSIG(status) : 0;
	if (s->stopping)
		s->end.end = s->why;
	else
		s->end.end = number != 0 ? TASK_END_START
			: signalled      ? TASK_END_SIGNAL
					 : TASK_END_EXIT;
}

/* Why it may have ended so, as its control group knows: also where it was a child that was ended. */
static void record_group(struct shim *s, bool good)
{
	bool by_itself = s->end.end == TASK_END_SIGNAL || s->end.end == TASK_END_EXIT;

	if (group_oom(s)) {
		group_note_oom(s);
		if (by_itself && !good)
			s->end.end = TASK_END_OOM;
	}
	if (!good)
		group_note_refused(s);
}

static void finish_ended(struct shim *s, int status, bool failed, const char *text)
{
	s->end.finish_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	if (failed)
		shim_note(s, "the finish command did not start: %s", text);
	end_steps(s);
}

void steps_ended(struct shim *s, int status)
{
	char text[256] = "";
	int number = 0;
	bool failed = child_failure(s, &number, text, sizeof text);
	bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0;

	s->child = 0;
	if (!failed && s->step != STEP_FINISH)
		s->begun = true;
	if (s->step == STEP_FINISH) {
		finish_ended(s, status, failed, text);
		return;
	}
	if (s->step == STEP_PREPARE && good && !s->stopping) {
		next_step(s, STEP_MAIN);
		return;
	}
	record_status(s, status, number);
	record_group(s, good);
	if (failed)
		shim_note(s, "%s", text);
	if (s->step == STEP_PREPARE)
		shim_note(s,
			s->stopping ? "stopped before the task started"
				    : "the prepare command failed, so the task was not started");
	finish_or_end(s);
}

static void stopping_for(struct shim *s, enum task_end why)
{
	if (s->step == STEP_FINISH || s->stopping)
		return; /* the first reason stands, and the task's own end is told already */
	s->stopping = true;
	s->why = why;
}

void steps_stop(struct shim *s, enum task_end why, int64_t grace_ms)
{
	int64_t at = time_mono_ms() + (grace_ms < grace_most ? grace_ms : grace_most);

	if (s->phase == PHASE_LINGER)
		s->phase_at = 0;
	if (s->phase != PHASE_RUN)
		return;
	stopping_for(s, why);
	if (at < s->kill_at)
		s->kill_at = at;
	/* Finish is let run, within the grace: it is what cleans up. */
	if (s->child > 0 && s->step != STEP_FINISH) {
		kill(-s->child, SIGTERM);
		kill(-s->child, SIGCONT);
	}
}

void steps_kill(struct shim *s, enum task_end why, bool hard)
{
	s->hard = s->hard || hard;
	if (s->phase == PHASE_LINGER || s->phase == PHASE_TERM) {
		s->phase = PHASE_TERM;
		s->phase_at = 0;
	}
	if (s->phase != PHASE_RUN)
		return;
	stopping_for(s, why);
	s->kill_at = 0;
}
