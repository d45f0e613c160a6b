/* What the engine reports. */
#include "mltopd/platform_inside.h"
#include "work/retry.h"

#include "base/fsio.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/ulid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The job that a report is about; NULL when it is over, or of an older attempt. */
static struct active *about(struct platform *p, const struct task_ref *ref)
{
	struct active *a = platform_active(p, ref->uid);
	const struct job *j = a ? platform_work(p, ref->uid) : NULL;

	return j && !a->over && j->attempt == ref->attempt ? a : NULL;
}

static void task_row(struct platform *p, const struct job *j, struct task *t)
{
	const struct task *row = platform_task(p, j->uid, NULL, (int)j->attempt);

	memset(t, 0, sizeof *t);
	if (row)
		*t = *row;
}

static void on_started(void *ctx, const struct task_ref *ref, int64_t start_ms)
{
	struct platform *p = ctx;
	struct active *a = about(p, ref);
	struct change *c;
	struct job j;
	struct task t;

	if (a == NULL)
		return;
	a->told = true;
	active_live(a, true);
	j = *a->work;
	/* Adopted: nothing is new. Being deleted: it is about to be stopped. */
	if (j.state != JOB_CREATING)
		return;
	c = change_new(p);
	job_set(&j, start_time, (struct when){start_ms});
	reconcile_move(c, &j, JOB_RUNNING);
	task_row(p, &j, &t);
	task_set(&t, state, JOB_RUNNING);
	task_set(&t, start_time, (struct when){start_ms});
	if (t.uid)
		change_task(c, &t);
	change_event(c, &j, EVENT_NORMAL, "Started", "attempt %lld runs", (long long)j.attempt);
	change_commit(c);
	if (p->hub)
		hub_log_grew(p->hub, a->uid, ref->task, ref->attempt);
}

/* ---- Ended ---- */

static unsigned end_state(const struct task_exit *end, enum job_reason why)
{
	if (end->end == TASK_END_EXIT && end->code == 0 && why == REASON_NONE)
		return JOB_COMPLETED;
	return end->end == TASK_END_START ? JOB_ERROR : JOB_FAILED;
}

static enum job_reason end_reason(const struct active *a, const struct task_exit *end,
	enum job_reason why)
{
	static const enum job_reason words[] = {[TASK_END_EXIT] = REASON_EXIT_CODE,
		[TASK_END_SIGNAL] = REASON_SIGNAL,
		[TASK_END_START] = REASON_START,
		[TASK_END_OOM] = REASON_OOM_KILLED,
		[TASK_END_MAX_RUNTIME] = REASON_MAX_RUNTIME,
		[TASK_END_STOPPED] = REASON_CANCELLED};

	if (a->cancel && end->end == TASK_END_STOPPED)
		return REASON_CANCELLED;
	if (why != REASON_NONE)
		return why;
	if (end->end == TASK_END_EXIT && end->code == 0)
		return REASON_NONE;
	return words[end->end];
}

static void end_message(const struct task_exit *end, enum job_reason reason, struct buf *out)
{
	if (reason == REASON_CANCELLED)
		buf_adds(out, "stopped on request");
	else if (*end->message)
		buf_adds(out, end->message);
	else if (end->end == TASK_END_EXIT && end->code)
		buf_addf(out, "exit code %d", end->code);
	else if (end->end == TASK_END_SIGNAL)
		buf_addf(out, "ended by signal %d (%s)", end->signal, strsignal(end->signal));
	else if (end->end == TASK_END_OOM)
		buf_adds(out, "used more memory than its memory_limit");
	else if (end->end == TASK_END_MAX_RUNTIME)
		buf_adds(out, "ran longer than its max_runtime");
	if (reason == REASON_CANCELLED && end->signal)
		buf_addf(out, ", by signal %d", end->signal);
	if (end->finish_code > 0)
		buf_addf(out, "%sthe finish command ended with %d", out->len ? "; " : "",
			end->finish_code);
}

/* The row of the attempt that is over, when the job goes on. */
static void change_attempt_over(struct change *c, const struct job *j, enum job_reason reason,
	const char *message, const struct task_exit *end)
{
	struct task t;

	task_row(change_platform(c), j, &t);
	if (t.uid == NULL)
		return;
	task_set(&t, state, end_state(end, reason));
	task_set(&t, reason, reason);
	task_set(&t, message, message);
	task_set(&t, end_time, (struct when){end->end_ms ? end->end_ms : platform_now()});
	if (end->end != TASK_END_START) {
		task_set(&t, exit_code, end->code);
		task_set(&t, signal, end->signal);
	}
	task_set(&t, log_bytes, (struct bytes){(int64_t)end->log_bytes});
	change_task(c, &t);
}

struct ended_log {
	struct platform *p;
	char uid[ULID_SIZE];
	int attempt;
};

/* Viewers learn of an attempt's end when its row says so. */
static void attempt_stored(void *ctx, bool ok, const struct err *e)
{
	struct ended_log *l = ctx;

	(void)ok, (void)e;
	if (l->p->hub)
		hub_log_ended(l->p->hub, l->uid, task_single, l->attempt);
	logs_wake(l->p, l->uid);
	reconcile_soon(l->p);
	free(l);
}

static void run_again(struct active *a, enum job_reason reason, const char *message,
	const struct task_exit *end, int64_t delay)
{
	struct platform *p = a->p;
	struct change *c = change_new(p);
	struct job j = *a->work;
	struct ended_log *l = mem_alloc(sizeof *l);
	struct buf text = BUF_INIT;

	l->p = p;
	memcpy(l->uid, a->uid, sizeof l->uid);
	l->attempt = (int)j.attempt;
	change_attempt_over(c, &j, reason, message, end);
	buf_addf(&text, "attempt %lld ended (%s): again in %.1f s", (long long)j.attempt,
		*message ? message : "done", (double)delay / 1000);
	a->told = a->stop_sent = false;
	active_live(a, false);
	a->not_before = platform_now() + delay;
	active_gpus(a, NULL, 0);
	job_set(&j, reason, REASON_RETRY);
	job_set(&j, message, text.data);
	if (end->end != TASK_END_START) {
		job_set(&j, exit_code, end->code);
		job_set(&j, signal, end->signal);
	}
	reconcile_move(c, &j, JOB_ENQUEUED);
	change_event(c, &j, EVENT_WARNING, "Retry", "%s", text.data);
	change_then(c, attempt_stored, l);
	change_commit(c);
	buf_release(&text);
}

/*
 * Its launch never began. It is made again at once, under a new number, because the engine may
 * still be clearing away what is left of the old one; the policy does not count it.
 */
static void begin_again(struct active *a, const struct task_exit *end)
{
	static const char message[] = "the platform stopped before it could start";
	struct platform *p = a->p;
	struct change *c = change_new(p);
	struct job j = *a->work;

	change_attempt_over(c, &j, REASON_RETRY, message, end);
	a->told = a->stop_sent = false;
	active_live(a, false);
	job_set(&j, attempts_uncounted, j.attempts_uncounted + 1);
	job_set(&j, reason, REASON_RETRY);
	job_set(&j, message, message);
	reconcile_move(c, &j, JOB_ENQUEUED);
	change_event(c, &j, EVENT_WARNING, "Retry", "attempt %lld: %s", (long long)j.attempt,
		message);
	change_commit(c);
	reconcile_soon(p);
}

/* All of its log was read: now it is decided what becomes of the job. */
static void end_decide(struct active *a)
{
	struct task_exit *end = a->end;
	enum job_reason reason = end_reason(a, end, a->end_why);
	struct buf message = BUF_INIT;
	const struct job *j = a->work;
	int64_t delay;

	a->end = NULL;
	end_message(end, reason, &message);
	if (!a->cancel && retry_job(j, reason, j->attempt - j->attempts_uncounted, &delay))
		run_again(a, reason, message.data, end, delay);
	else
		reconcile_finish(a, end_state(end, reason), reason, message.data, end);
	buf_release(&message);
	free(end);
}

static void on_ended(void *ctx, const struct task_ref *ref, const struct task_exit *end,
	enum job_reason why)
{
	struct platform *p = ctx;
	struct active *a = about(p, ref);

	if (a == NULL || a->end)
		return;
	if (why == REASON_RETRY && !a->cancel) {
		begin_again(a, end);
		return;
	}
	a->end = mem_dup(end, sizeof *end);
	a->end_why = why == REASON_RETRY ? REASON_CANCELLED : why;
	logs_read(a, end_decide);
}

/* ---- The rest ---- */

static void on_log_grew(void *ctx, const struct task_ref *ref)
{
	struct platform *p = ctx;
	struct active *a = about(p, ref);

	if (p->hub)
		hub_log_grew(p->hub, ref->uid, ref->task, ref->attempt);
	logs_wake(p, ref->uid);
	if (a)
		logs_grew(p, a);
}

static void on_sampled(void *ctx, const struct task_ref *ref, const struct task_sample *s)
{
	sample_take(ctx, ref, s);
}

static void on_note(void *ctx, const struct task_ref *ref, bool warning, const char *reason,
	const char *message)
{
	struct platform *p = ctx;
	const struct job *j = platform_work(p, ref->uid);
	struct change *c;

	if (j == NULL)
		j = rowset_find(&p->jobs, ref->uid);
	if (j == NULL)
		return;
	c = change_new(p);
	change_event(c, j, warning ? EVENT_WARNING : EVENT_NORMAL, reason, "%s", message);
	change_commit(c);
}

static void on_machine_changed(void *ctx)
{
	reconcile_soon(ctx);
}

/*
 * Nobody can say of jobs from before the store began, or was put back from a backup: their folders
 * stay. `before-restore` is made anew by each restore.
 */
static int64_t deletions_known_since(const struct platform *p)
{
	char *path = fsio_join(p->dir, "before-restore");
	int64_t since = INT64_MAX, restored = 0;
	struct stat st;

	if (stat(path, &st) == 0)
		restored = (st.st_mtim.tv_sec + 1) * (int64_t)1000;
	free(path);
	for (size_t i = 0; i < p->orgs.len; i++) {
		const struct org *o = p->orgs.rows[i];

		if (o->create_time.v < since)
			since = o->create_time.v;
	}
	return since > restored ? since : restored;
}

static bool on_known(void *ctx, const char *uid)
{
	struct platform *p = ctx;

	return rowset_find(&p->jobs, uid) || platform_work(p, uid) ||
		ulid_ms(uid) <= deletions_known_since(p);
}

const struct engine_events reconcile_events = {
	.started = on_started,
	.ended = on_ended,
	.log_grew = on_log_grew,
	.sampled = on_sampled,
	.note = on_note,
	.fake_job = own_jobs_told,
	.machine_changed = on_machine_changed,
	.known = on_known,
};
