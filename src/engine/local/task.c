#include "engine/local/local.h"

#include "base/fsio.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *local_key(const struct task_ref *ref)
{
	char *key = NULL;

	if (asprintf(&key, "%s/%s/%d", ref->uid, ref->task, ref->attempt) < 0)
		abort();
	return key;
}

struct local_task *local_task_new(struct local *l, const struct task_ref *ref)
{
	struct local_task *t = mem_alloc(sizeof *t);

	t->local = l;
	t->key = local_key(ref);
	t->uid = mem_strdup(ref->uid);
	t->task = mem_strdup(ref->task);
	t->ref = (struct task_ref){.uid = t->uid, .task = t->task, .attempt = ref->attempt};
	t->cpu_ms = -1;
	map_set(&l->tasks, t->key, t);
	return t;
}

struct local_task *local_task_find(struct local *l, const struct task_ref *ref)
{
	char *key = local_key(ref);
	struct local_task *t = map_get(&l->tasks, key);

	free(key);
	return t;
}

void local_task_free(struct local_task *t)
{
	local_cores_give_back(&t->local->cores, &t->cores);
	free(t->key);
	free(t->uid);
	free(t->task);
	free(t);
}

enum work_reason local_reason(const struct task_exit *end)
{
	switch (end->end) {
	case TASK_END_EXIT: return end->code ? REASON_EXIT_CODE : REASON_NONE;
	case TASK_END_SIGNAL: return REASON_SIGNAL;
	case TASK_END_START: return REASON_START;
	case TASK_END_OOM: return REASON_OOM_KILLED;
	case TASK_END_MAX_RUNTIME: return REASON_MAX_RUNTIME;
	case TASK_END_STOPPED: return REASON_CANCELLED;
	}
	return REASON_NONE;
}

static void note(struct local_task *t, const char *reason, const char *message)
{
	t->local->events.note(t->local->events.ctx, &t->ref, true, reason, message);
}

static void notes_of_end(struct local_task *t, const struct task_exit *end)
{
	char message[200];

	if (end->log_lost > 0) {
		snprintf(message, sizeof message,
			"%llu bytes of its output could not be written to the disk",
			(unsigned long long)end->log_lost);
		note(t, "LogLost", message);
	}
	if (end->finish_code > 0) {
		snprintf(message, sizeof message, "finish_command ended with code %d",
			end->finish_code);
		note(t, "FinishFailed", message);
	}
}

void local_task_end(struct local_task *t, const struct task_exit *end, enum work_reason why)
{
	struct local *l = t->local;

	map_remove(&l->tasks, t->key);
	if (t->link)
		local_link_close(t);
	local_logs_forget(&l->logs, t->key);
	if (l->owns_files && !l->closing) {
		char *folder = fsio_join(l->tasks_dir, t->key);

		local_remove(l, fsio_join(folder, "tmp"), NULL);
		free(folder);
	}
	if (!t->stray && !l->closing) {
		if (t->fresh && !t->started && end->end != TASK_END_START && end->start_ms > 0)
			l->events.started(l->events.ctx, &t->ref, end->start_ms);
		notes_of_end(t, end);
		l->events.ended(l->events.ctx, &t->ref, end, why);
	}
	local_task_free(t);
}

struct local_work *local_work_new(struct local_task *t, bool recover)
{
	struct local_work *w = mem_alloc(sizeof *w);

	w->req.data = w;
	w->local = t->local;
	w->task = t;
	w->recover = recover;
	w->began = t->started;
	w->stray = t->stray;
	w->folder = fsio_join(t->local->tasks_dir, t->key);
	w->marker = mem_strdup(t->key);
	w->run_uid = w->run_gid = -1;
	w->fd = -1;
	w->end.finish_code = -1;
	t->work = w;
	return w;
}

static void work_free(struct local_work *w)
{
	free(w->folder);
	free(w->marker);
	local_secrets_free(w);
	arena_release(&w->arena);
	free(w);
}

static void work_run(uv_work_t *req)
{
	struct local_work *w = req->data;

	if (w->recover)
		local_recover(w);
	else
		local_launch(w);
}

static void lost_output(struct local_task *t)
{
	note(t, "LogGap",
		"its supervisor died: what it had read of the output and not yet written is gone");
}

static void recover_again(struct local_task *t, const struct local_work *before)
{
	struct local_work *w = local_work_new(t, true);

	w->began = before->began;
	w->hard = before->hard;
	atomic_store(&w->cancelled, t->stop_wanted);
	local_work_submit(w);
}

static void work_result(struct local_task *t, struct local_work *w)
{
	if (local_ending(t->local)) {
		if (w->fd >= 0)
			close(w->fd);
		map_remove(&t->local->tasks, t->key);
		local_task_free(t);
		return;
	}
	if (w->gap && !t->stray)
		lost_output(t);
	if (w->outcome == LOCAL_ENDED)
		local_task_end(t, &w->end, w->why);
	else if (w->outcome == LOCAL_UNSURE || !local_link_open(t, w->fd))
		recover_again(t, w);
}

static void queue_run(struct local *l);

static void work_over(struct local_work *w)
{
	struct local *l = w->local;

	if (!w->recover)
		l->launching--;
	w->task->work = NULL;
	work_result(w->task, w);
	work_free(w);
	queue_run(l);
	local_drop(l);
}

static void work_done(uv_work_t *req, int status)
{
	(void)status;
	work_over(req->data);
}

static void work_begins(struct local_work *w)
{
	local_hold(w->local);
	w->task->state = LOCAL_WORKING;
	if (!w->recover)
		w->local->launching++;
}

static void work_begin(struct local_work *w)
{
	work_begins(w);
	uv_queue_work(w->local->loop, &w->req, work_run, work_done);
}

/* ---- Launches that unpack ---- */

static bool launch_due(struct turn *turn)
{
	work_begins(turn->ctx);
	return true;
}

static void launch_run(struct turn *turn)
{
	local_launch(turn->ctx);
}

static void launch_over(struct turn *turn, bool ran)
{
	(void)ran; /* false: we are ending */
	work_over(turn->ctx);
}

static const char *turn_key(const struct local_work *w)
{
	return w->program.org_name ? w->program.org_name : "";
}

void local_work_withdraw(struct local_work *w)
{
	if (w->package)
		turns_withdraw(&w->turn);
	work_free(w);
}

/* ---- All of them ---- */

void local_work_submit(struct local_work *w)
{
	if (w->recover) {
		work_begin(w);
		return;
	}
	w->task->state = LOCAL_QUEUED;
	if (w->package) {
		w->turn = (struct turn){.ctx = w,
			.patient = true,
			.due = launch_due,
			.run = launch_run,
			.over = launch_over};
		turns_queue(w->local->turns, &w->turn, turn_key(w));
		return;
	}
	vec_push(&w->local->queue, w->task);
	queue_run(w->local);
}

static void queue_run(struct local *l)
{
	while (!l->closing && l->launching < LOCAL_WORKS_MAX && l->queue_at < l->queue.len)
		work_begin(l->queue.items[l->queue_at++]->work);
	if (l->queue_at == l->queue.len)
		l->queue_at = l->queue.len = 0;
}

void local_queue_skip(struct local_task *t)
{
	struct local *l = t->local;

	if (t->work->package) {
		turns_withdraw(&t->work->turn);
		work_begin(t->work);
		return;
	}
	for (size_t i = l->queue_at; i < l->queue.len; i++) {
		if (l->queue.items[i] == t) {
			vec_remove(&l->queue, i);
			work_begin(t->work);
			return;
		}
	}
}
