/*
 * What the dashboard has subscribed to: kept, so that each new stream can be asked again; and what
 * the stream brings, as messages.
 */
#include "core/kinds/task.h"
#include "mltop/run.h"

#include <stdlib.h>
#include <string.h>

/* ---- Subscriptions ---- */

struct run_sub *run_sub_find(struct run *r, uint32_t id)
{
	for (size_t i = 0; i < r->subs.len; i++)
		if (r->subs.items[i]->id == id)
			return r->subs.items[i];
	return NULL;
}

static void sub_free(struct run_sub *s)
{
	free(s->kind);
	free(s->org);
	free(s->fields);
	free(s->filter);
	free(s->job);
	free(s->task);
	free(s->pattern);
	if (s->store)
		logstore_free(s->store);
	free(s);
}

/* Asks a stream for what the dashboard wants; a log goes on where its store ends. */
void run_sub_ask(struct run *r, const struct run_sub *s)
{
	if (!s->is_log) {
		stream_rows(r->stream, s->id, s->kind, s->org, s->fields, s->filter);
		return;
	}
	if (s->store && !s->left)
		stream_log(r->stream, s->id, s->org, s->job, s->task, s->attempt,
			(int64_t)logstore_next(s->store), 0);
}

void run_subscribe(struct run *r, const struct cmd *c)
{
	struct run_sub *s = mem_alloc(sizeof *s);

	run_unsubscribe(r, c->sub);
	s->id = c->sub;
	s->is_log = c->type == CMD_LOG_OPEN;
	s->kind = mem_strdup(c->kind);
	s->org = mem_strdup(c->org);
	s->fields = mem_strdup(c->fields);
	s->filter = mem_strdup(c->filter);
	s->job = mem_strdup(c->job);
	s->task = mem_strdup(c->task ? c->task : task_single);
	s->attempt = c->attempt;
	vec_push(&r->subs, s);
	if (s->is_log)
		run_log_open(r, s);
	if (r->stream)
		run_sub_ask(r, s);
}

void run_unsubscribe(struct run *r, uint32_t id)
{
	for (size_t i = 0; i < r->subs.len; i++) {
		if (r->subs.items[i]->id != id)
			continue;
		if (r->stream)
			stream_close(r->stream, id);
		sub_free(r->subs.items[i]);
		vec_remove(&r->subs, i);
		return;
	}
}

/* ---- What the stream brings ---- */

static void on_rows(void *ctx, uint32_t sub, const json_t *rows)
{
	struct run *r = ctx;
	struct msg m = {.type = MSG_ROWS, .sub = sub, .rows = rows};

	r->tell(r, &m);
}

static void on_gone(void *ctx, uint32_t sub, const json_t *uids)
{
	struct run *r = ctx;
	struct msg m = {.type = MSG_GONE, .sub = sub, .uids = uids};

	r->tell(r, &m);
}

static void on_synced(void *ctx, uint32_t sub)
{
	struct run *r = ctx;
	struct msg m = {.type = MSG_SYNCED, .sub = sub};

	r->tell(r, &m);
}

static void on_reset(void *ctx, uint32_t sub)
{
	struct run *r = ctx;
	struct msg m = {.type = MSG_RESET, .sub = sub};
	struct run_sub *s = run_sub_find(r, sub);

	if (s && s->is_log)
		run_log_reset(r, s);
	else
		r->tell(r, &m);
}

static void on_sub_error(void *ctx, uint32_t sub, const struct err *e)
{
	struct run *r = ctx;
	struct msg m = {.type = MSG_SUB_ERROR,
		.sub = sub,
		.text = e->text,
		.text_len = strlen(e->text),
		.status = err_http_status(e->code)};

	r->tell(r, &m);
}

static void on_log_bytes(void *ctx, uint32_t sub, uint64_t offset, const void *bytes, size_t len)
{
	struct run_sub *s = run_sub_find(ctx, sub);

	if (s)
		run_log_bytes(ctx, s, offset, bytes, len);
}

static void on_log_gap(void *ctx, uint32_t sub, uint64_t offset, uint64_t lost)
{
	struct run_sub *s = run_sub_find(ctx, sub);

	if (s)
		run_log_gap(ctx, s, offset, lost);
}

static void on_log_state(void *ctx, uint32_t sub, const struct stream_log_state *state)
{
	struct run_sub *s = run_sub_find(ctx, sub);

	if (s)
		run_log_state(ctx, s, state);
}

static void on_link(void *ctx, enum stream_link link, int64_t rtt_ms, const struct err *why)
{
	struct run *r = ctx;

	switch (link) {
	case STREAM_CONNECTING: run_tell_link(r, LINK_CONNECTING, 0, NULL); break;
	case STREAM_LIVE:
		/* -1 is not known yet; less than a millisecond is not nothing. */
		run_tell_link(r, LINK_LIVE, rtt_ms < 0 ? 0 : rtt_ms < 1 ? 1 : rtt_ms, NULL);
		run_who_ask(r);
		break;
	case STREAM_GONE:
		run_tell_link(r, LINK_GONE, 0, why);
		/* A private platform that went away may be back under another port, or must be
		 * started again. */
		if (r->context.private && !r->context.demo)
			run_link_start(r);
		break;
	}
}

void run_stream_open(struct run *r)
{
	const struct stream_events events = {
		.ctx = r,
		.link = on_link,
		.rows = on_rows,
		.gone = on_gone,
		.synced = on_synced,
		.reset = on_reset,
		.log_bytes = on_log_bytes,
		.log_gap = on_log_gap,
		.log_state = on_log_state,
		.sub_error = on_sub_error,
	};

	r->stream = stream_new(&r->loop, &r->context, &events);
	for (size_t i = 0; i < r->subs.len; i++)
		run_sub_ask(r, r->subs.items[i]);
}

void run_subs_release(struct run *r)
{
	while (r->subs.len)
		run_unsubscribe(r, r->subs.items[0]->id);
	vec_release(&r->subs);
}
