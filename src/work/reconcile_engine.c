/* What the engine reports. */
#include "work/work.h"

#include "base/fsio.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/timefmt.h"
#include "base/ulid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What a report is about; NULL when it is none of ours, or of an older attempt. */
static struct active *about(struct work *w, const struct task_ref *ref)
{
	struct active *a = work_active(w, ref->uid);

	return a && a->work->attempt == ref->attempt ? a : NULL;
}

static void on_started(void *ctx, const struct task_ref *ref, int64_t start_ms)
{
	struct active *a = about(ctx, ref);
	int64_t ago = time_now_ms() - start_ms;

	if (a == NULL)
		return;
	/* Of one that is found at the start the wall says how long; from here on nobody sets it. */
	a->began = reconcile_now() - (ago > 0 ? ago : 0);
	reconcile_event(a, ON_STARTED, &(struct news){.start_ms = start_ms});
}

/* ---- Ended ---- */

static unsigned end_state(const struct task_exit *end, enum work_reason why)
{
	if (end->end == TASK_END_EXIT && end->code == 0 && why == REASON_NONE)
		return WORK_COMPLETED;
	return end->end == TASK_END_START ? WORK_ERROR : WORK_FAILED;
}

static enum work_reason end_reason(const struct active *a, const struct task_exit *end,
	enum work_reason why)
{
	static const enum work_reason words[] = {[TASK_END_EXIT] = REASON_EXIT_CODE,
		[TASK_END_SIGNAL] = REASON_SIGNAL,
		[TASK_END_START] = REASON_START,
		[TASK_END_OOM] = REASON_OOM_KILLED,
		[TASK_END_MAX_RUNTIME] = REASON_MAX_RUNTIME,
		[TASK_END_STOPPED] = REASON_CANCELLED};

	if (a->life.wish == WISH_YIELD && end->end == TASK_END_STOPPED)
		return a->work->reason == REASON_NODE_DRAINED ? REASON_NODE_DRAINED
							      : REASON_PREEMPTED;
	if (a->life.wish != WISH_NONE && end->end == TASK_END_STOPPED)
		return REASON_CANCELLED;
	if (why != REASON_NONE)
		return why;
	if (end->end == TASK_END_EXIT && end->code == 0)
		return REASON_NONE;
	return words[end->end];
}

static void end_message(const struct task_exit *end, enum work_reason reason, struct buf *out)
{
	if (reason == REASON_PREEMPTED)
		buf_adds(out, "stopped to make room");
	else if (reason == REASON_NODE_DRAINED)
		buf_adds(out, "stopped because its node is drained");
	else if (reason == REASON_CANCELLED)
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

/* All of its log was read: now it is decided what becomes of it. */
static void end_decide(struct active *a)
{
	struct task_exit *end = a->end;
	enum work_reason reason = end_reason(a, end, a->end_why);
	struct buf message = BUF_INIT;
	const struct workload *row = a->work;
	struct news n = {.state = end_state(end, reason), .reason = reason, .end = end};
	bool again = work_reason_yields(reason) ||
		a->policy->again(row, reason, row->attempt - row->attempts_uncounted, &n.delay);

	a->end = NULL;
	end_message(end, reason, &message);
	n.message = message.data;
	reconcile_event(a, again ? ON_AGAIN : ON_LAST, &n);
	buf_release(&message);
	free(end);
}

static void end_told(struct active *a)
{
	failure_look(a, end_decide);
}

static void end_read(struct active *a)
{
	events_last(a, end_told);
}

void reconcile_read_rest(struct active *a)
{
	logs_read(a, end_read);
}

static void on_ended(void *ctx, const struct task_ref *ref, const struct task_exit *end,
	enum work_reason why)
{
	struct active *a = about(ctx, ref);
	struct news n = {.state = end_state(end, REASON_RETRY),
		.reason = REASON_RETRY,
		.message = *end->message ? end->message
					 : "the platform stopped before it could start",
		.end = end};

	if (a == NULL || a->life.at < AT_ASKED || a->life.at > AT_STOPPING)
		return;
	a->end = mem_dup(end, sizeof *end);
	secrets_cover_text(a, a->end->message);
	if (end->start_ms > 0 && end->end != TASK_END_START)
		a->ran = (struct span){end->start_ms,
			end->start_ms +
				(end->ran_ms > 0 ? end->ran_ms : end->end_ms - end->start_ms)};
	/* Never begun, and not wanted any more: it was cancelled. */
	a->end_why = why == REASON_RETRY ? REASON_CANCELLED : why;
	reconcile_event(a, why == REASON_RETRY ? ON_NEVER_BEGAN : ON_ENDED, &n);
}

/* ---- The rest ---- */

static void on_log_grew(void *ctx, const struct task_ref *ref)
{
	struct work *w = ctx;
	struct active *a = about(w, ref);

	w->told.log_grew(w->told.ctx, ref->uid, ref->task, ref->attempt);
	logs_wake(w, ref->uid);
	if (a)
		logs_grew(w, a);
}

static void on_sampled(void *ctx, const struct task_ref *ref, const struct task_sample *s)
{
	sample_take(ctx, ref, s);
	events_tick(ctx);
}

static void on_note(void *ctx, const struct task_ref *ref, bool warning, const char *reason,
	const char *message)
{
	struct work *w = ctx;
	struct active *a = work_active(w, ref->uid);
	const struct kind *k = a ? a->kind : NULL;
	const struct workload *row = a ? a->work : model_workload(w->model, ref->uid, &k);
	char *text;
	struct change *c;

	if (row == NULL)
		return;
	text = mem_strdup(message);
	if (a)
		secrets_cover_text(a, text);
	c = change_new(w->model);
	change_event(c, k, row, warning ? EVENT_WARNING : EVENT_NORMAL, reason, "%s", text);
	change_commit(c);
	free(text);
}

static void on_machine_changed(void *ctx)
{
	reconcile_soon(ctx);
}

static void on_machine_sampled(void *ctx)
{
	struct work *w = ctx;

	if (w->closing)
		return;
	sample_gpus(w);
	w->told.planned(w->told.ctx);
}

static const char *on_gpu_holder(void *ctx, const char *uuid)
{
	const struct active *a = work_gpu_holder(ctx, uuid);

	return a ? a->uid : NULL;
}

/*
 * Nobody can say of those from before the store began, or was put back from a backup: their folders
 * stay. `before-restore` is made anew by each restore.
 */
static int64_t deletions_known_since(const struct work *w)
{
	char *path = fsio_join(w->dir, "before-restore");
	int64_t since = INT64_MAX, restored = 0;
	struct stat st;

	if (stat(path, &st) == 0)
		restored = (st.st_mtim.tv_sec + 1) * (int64_t)1000;
	free(path);
	for (size_t i = 0; i < w->model->orgs.len; i++) {
		const struct org *o = w->model->orgs.rows[i];

		if (o->create_time.v < since)
			since = o->create_time.v;
	}
	return since > restored ? since : restored;
}

static bool on_known(void *ctx, const char *uid)
{
	struct work *w = ctx;

	const struct kind *k;

	return model_workload(w->model, uid, &k) || work_active(w, uid) ||
		ulid_ms(uid) <= deletions_known_since(w);
}

const struct engine_events reconcile_events = {
	.started = on_started,
	.ended = on_ended,
	.log_grew = on_log_grew,
	.sampled = on_sampled,
	.note = on_note,
	.machine_changed = on_machine_changed,
	.machine_sampled = on_machine_sampled,
	.gpu_holder = on_gpu_holder,
	.known = on_known,
};
