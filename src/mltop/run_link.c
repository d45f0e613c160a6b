/*
 * The platform as the runner sees it: found (or started) by a worker thread after the first frame,
 * then one api and one stream; when it is lost and was a private one, looked for again.
 */
#include "mltop/run.h"

#include <stdlib.h>
#include <string.h>

enum { SEARCH_AGAIN_MS = 1000 };

static void tell_link(struct run *r, enum link_state link, int64_t rtt_ms, const char *text)
{
	struct msg m = {.type = MSG_LINK,
		.link = link,
		.rtt_ms = rtt_ms,
		.text = text,
		.text_len = text ? strlen(text) : 0};

	run_msg(r, &m);
}

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
static void sub_ask(struct run *r, const struct run_sub *s)
{
	if (!s->is_log) {
		stream_rows(r->stream, s->id, s->kind, s->org, s->fields, s->filter);
		return;
	}
	if (s->store && !s->left)
		stream_log(r->stream, s->id, s->job, s->task, s->attempt,
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
	s->task = mem_strdup(c->task ? c->task : "master-0");
	s->attempt = c->attempt;
	vec_push(&r->subs, s);
	if (s->is_log)
		run_log_open(r, s);
	if (r->stream)
		sub_ask(r, s);
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
	struct msg m = {.type = MSG_ROWS, .sub = sub, .rows = rows};

	run_msg(ctx, &m);
}

static void on_gone(void *ctx, uint32_t sub, const json_t *uids)
{
	struct msg m = {.type = MSG_GONE, .sub = sub, .uids = uids};

	run_msg(ctx, &m);
}

static void on_synced(void *ctx, uint32_t sub)
{
	struct msg m = {.type = MSG_SYNCED, .sub = sub};

	run_msg(ctx, &m);
}

static void on_reset(void *ctx, uint32_t sub)
{
	struct msg m = {.type = MSG_RESET, .sub = sub};
	struct run_sub *s = run_sub_find(ctx, sub);

	if (s && s->is_log)
		run_log_reset(ctx, s);
	else
		run_msg(ctx, &m);
}

static void on_sub_error(void *ctx, uint32_t sub, const struct err *e)
{
	struct msg m = {.type = MSG_SUB_ERROR,
		.sub = sub,
		.text = e->text,
		.text_len = strlen(e->text),
		.status = err_http_status(e->code)};

	run_msg(ctx, &m);
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
	case STREAM_CONNECTING: tell_link(r, LINK_CONNECTING, 0, NULL); break;
	case STREAM_LIVE:
		/* -1 is not known yet; less than a millisecond is not nothing. */
		tell_link(r, LINK_LIVE, rtt_ms < 0 ? 0 : rtt_ms < 1 ? 1 : rtt_ms, NULL);
		break;
	case STREAM_GONE:
		tell_link(r, LINK_GONE, 0, why ? why->text : NULL);
		/* A private platform that went away may be back under another port, or must be
		 * started again. */
		if (r->context.private && !r->context.demo)
			run_link_start(r);
		break;
	}
}

/* ---- Requests ---- */

static void request_free(struct run *r, struct run_request *q)
{
	for (size_t i = 0; i < r->requests.len; i++) {
		if (r->requests.items[i] == q) {
			vec_remove(&r->requests, i);
			break;
		}
	}
	free(q->cmd.path);
	json_decref(q->cmd.body);
	free(q);
}

static void on_answer(void *ctx, const struct api_answer *answer)
{
	struct run_request *q = ctx;
	struct run *r = q->run;
	struct msg m = {
		.type = MSG_REPLY,
		.id = q->id,
		.status = answer->status,
		.body = answer->body,
		.text = answer->err.code == ERR_NONE ? NULL : answer->err.text,
	};

	m.text_len = m.text ? strlen(m.text) : 0;
	q->call = 0;
	run_msg(r, &m);
	request_free(r, q);
}

static void request_send(struct run *r, struct run_request *q)
{
	struct api_request request = {
		.method = q->cmd.method,
		.path = q->cmd.path,
		.body = q->cmd.body,
		.want_json = true,
	};

	q->call = api_call(r->api, &request, on_answer, q);
}

/* Reads wait for the platform; a change that cannot be sent now is refused now. */
void run_request(struct run *r, const struct cmd *c)
{
	struct run_request *q;

	if (r->api == NULL && strcmp(c->method, "GET") != 0) {
		static const char text[] = "not sent: there is no connection to the platform yet";
		struct msg m = {.type = MSG_REPLY,
			.id = c->id,
			.text = text,
			.text_len = sizeof text - 1};

		run_msg(r, &m);
		return;
	}
	q = mem_alloc(sizeof *q);
	q->id = c->id;
	q->run = r;
	q->cmd.method = c->method;
	q->cmd.path = mem_strdup(c->path);
	q->cmd.body = json_incref(c->body);
	vec_push(&r->requests, q);
	if (r->api)
		request_send(r, q);
}

void run_request_cancel(struct run *r, uint64_t id)
{
	for (size_t i = 0; i < r->requests.len; i++) {
		struct run_request *q = r->requests.items[i];

		if (q->id != id)
			continue;
		if (q->call)
			api_cancel(r->api, q->call);
		request_free(r, q);
		return;
	}
}

/* ---- Finding ---- */

static void link_open(struct run *r)
{
	struct stream_events events = {
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
	struct msg m = {.type = MSG_CONTEXT, .context = r->context.name, .org = r->context.org};

	r->api = api_new(&r->loop, &r->context);
	r->stream = stream_new(&r->loop, &r->context, &events);
	run_msg(r, &m);
	for (size_t i = 0; i < r->subs.len; i++)
		sub_ask(r, r->subs.items[i]);
	for (size_t i = 0; i < r->requests.len; i++)
		if (r->requests.items[i]->call == 0)
			request_send(r, r->requests.items[i]);
}

static void link_close(struct run *r)
{
	/* Requests under way get no answer from a platform that is gone: say so. */
	while (r->requests.len) {
		struct run_request *q = r->requests.items[0];
		static const char text[] =
			"the platform went away before it answered; look whether it was done";
		struct msg m = {.type = MSG_REPLY,
			.id = q->id,
			.text = text,
			.text_len = sizeof text - 1};

		run_msg(r, &m);
		request_free(r, q);
	}
	if (r->stream)
		stream_free(r->stream, NULL, NULL);
	if (r->api)
		api_free(r->api, NULL, NULL);
	r->stream = NULL;
	r->api = NULL;
	context_release(&r->context);
}

static void find_work(uv_work_t *work)
{
	struct run *r = work->data;

	r->finder_error = (struct err)ERR_INIT;
	r->finder_ok = context_resolve(&r->finder_context, &r->finder_find, &r->finder_error);
}

/* What the worker found is ours from here on. */
static void link_take(struct run *r)
{
	if (r->api)
		link_close(r);
	r->context = r->finder_context;
	r->finder_context = (struct context){0};
	r->found = true;
	link_open(r);
}

static void on_again(uv_timer_t *timer)
{
	run_link_start(timer->data);
}

/* ---- Switching ---- */

/* Rows of the old platform go when those of the new one are whole; its logs go now. */
static void subs_leave(struct run *r)
{
	for (size_t i = 0; i < r->subs.len; i++) {
		struct run_sub *s = r->subs.items[i];
		static const char text[] =
			"this log is of the platform that was left: go back to it "
			"with :context";
		struct msg m = {.type = MSG_RESET, .sub = s->id};

		if (s->is_log) {
			m = (struct msg){.type = MSG_SUB_ERROR,
				.sub = s->id,
				.text = text,
				.text_len = sizeof text - 1};
			s->left = true;
		}
		run_msg(r, &m);
	}
}

/* The last line says why; all else goes on as before. */
static void switch_failed(struct run *r)
{
	struct msg m = {.type = MSG_THEME,
		.status = 1,
		.text = r->finder_error.text,
		.text_len = strlen(r->finder_error.text)};

	run_msg(r, &m);
	r->finder_error = (struct err)ERR_INIT;
	if (r->api == NULL)
		run_link_start(r);
}

static void switch_done(struct run *r)
{
	bool wanted = strcmp(r->wanted, r->finder_name) == 0;

	if (!wanted) {
		/* Found was something else: the name came, or changed, while it was looked for. */
		if (r->finder_ok)
			context_release(&r->finder_context);
		r->finder_error = (struct err)ERR_INIT;
		run_link_start(r);
		return;
	}
	free(r->wanted);
	r->wanted = NULL;
	if (!r->finder_ok) {
		switch_failed(r);
		return;
	}
	free(r->chosen);
	r->chosen = mem_strdup(r->finder_name);
	r->find = (struct context_options){.context = r->chosen, .state_dir = r->find.state_dir};
	subs_leave(r);
	link_take(r);
}

static void find_done(uv_work_t *work, int status)
{
	struct run *r = work->data;

	r->finding = false;
	if (r->quitting || status != 0)
		return;
	if (r->wanted) {
		switch_done(r);
	} else if (!r->finder_ok) {
		tell_link(r, LINK_GONE, 0, r->finder_error.text);
		uv_timer_start(&r->again, on_again, SEARCH_AGAIN_MS, 0);
	} else if (r->api && strcmp(r->context.url, r->finder_context.url) == 0) {
		context_release(&r->finder_context);
	} else {
		link_take(r);
	}
}

/* The worker reads copies: names may change here while it looks. */
static void find_begin(struct run *r)
{
	r->finding = true;
	r->finder_find = r->find;
	free(r->finder_name);
	r->finder_name = mem_strdup(r->wanted ? r->wanted : r->chosen ? r->chosen : "");
	if (r->wanted || r->chosen)
		r->finder_find.context = r->finder_name;
	if (r->wanted)
		r->finder_find.endpoint = NULL;
	r->finder.data = r;
	uv_queue_work(&r->loop, &r->finder, find_work, find_done);
}

void run_link_start(struct run *r)
{
	if (r->finding || r->quitting)
		return;
	if (r->found && r->api == NULL && r->wanted == NULL) {
		link_open(r);
		return;
	}
	/* Once it has failed, why it did stays on the screen while it is tried again. */
	if (!r->found && r->finder_error.code == ERR_NONE)
		tell_link(r, LINK_STARTING, 0, NULL);
	find_begin(r);
}

void run_link_refresh(struct run *r)
{
	if (r->stream == NULL) {
		uv_timer_stop(&r->again);
		run_link_start(r);
		return;
	}
	stream_retry_now(r->stream);
	for (size_t i = 0; i < r->subs.len; i++) {
		struct run_sub *s = r->subs.items[i];
		struct msg m = {.type = MSG_RESET, .sub = s->id};

		if (s->is_log)
			continue;
		/* Rows stay on the screen; what the new snapshot lacks goes at its end. */
		stream_close(r->stream, s->id);
		sub_ask(r, s);
		run_msg(r, &m);
	}
}

void run_link_switch(struct run *r, const char *context)
{
	free(r->wanted);
	r->wanted = mem_strdup(context);
	uv_timer_stop(&r->again);
	run_link_start(r);
}

void run_link_stop(struct run *r)
{
	while (r->subs.len)
		run_unsubscribe(r, r->subs.items[0]->id);
	while (r->requests.len)
		request_free(r, r->requests.items[0]);
	vec_release(&r->subs);
	vec_release(&r->requests);
	if (r->stream)
		stream_free(r->stream, NULL, NULL);
	if (r->api)
		api_free(r->api, NULL, NULL);
	r->stream = NULL;
	r->api = NULL;
	context_release(&r->context);
}
