/*
 * The platform as the runner sees it: found (or started) by a worker thread after the first frame,
 * then one api and one stream; when it is lost and was a private one, looked for again.
 */
#include "mltop/run.h"

#include <stdlib.h>
#include <string.h>

enum { SEARCH_AGAIN_MS = 1000 };

void run_tell_link(struct run *r, enum link_state link, int64_t rtt_ms, const struct err *why)
{
	const char *text = why ? why->text : NULL;
	struct msg m = {.type = MSG_LINK,
		.link = link,
		.rtt_ms = rtt_ms,
		.finished = why && why->code == ERR_UNAUTHORIZED,
		.text = text,
		.text_len = text ? strlen(text) : 0};

	r->tell(r, &m);
}

/* ---- Finding ---- */

static void link_open(struct run *r)
{
	r->api = api_new(&r->loop, &r->context);
	run_who_begin(r);
	run_stream_open(r);
	run_requests_send(r);
}

static void link_close(struct run *r)
{
	run_requests_drop(r);
	if (r->stream)
		stream_free(r->stream, NULL, NULL);
	if (r->api)
		api_free(r->api, NULL, NULL);
	r->stream = NULL;
	r->api = NULL;
	context_release(&r->context);
}

/* What was found is ours from here on. */
static void link_take(struct run *r, struct context *found)
{
	if (r->api)
		link_close(r);
	r->context = *found;
	*found = (struct context){0};
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
		r->tell(r, &m);
	}
}

/* The last line says why; all else goes on as before. */
static void switch_failed(struct run *r)
{
	struct msg m = {.type = MSG_THEME,
		.status = 1,
		.text = r->finder_error.text,
		.text_len = strlen(r->finder_error.text)};

	r->tell(r, &m);
	r->finder_error = (struct err)ERR_INIT;
	if (r->api == NULL)
		run_link_start(r);
}

static void switch_done(struct run *r, struct context *found)
{
	if (strcmp(r->wanted, r->finder_name) != 0) {
		/* Found was something else: the name came, or changed, while it was looked for. */
		r->finder_error = (struct err)ERR_INIT;
		run_link_start(r);
		return;
	}
	free(r->wanted);
	r->wanted = NULL;
	if (found == NULL) {
		switch_failed(r);
		return;
	}
	free(r->chosen);
	r->chosen = mem_strdup(r->finder_name);
	r->find = (struct context_options){.context = r->chosen, .state_dir = r->find.state_dir};
	subs_leave(r);
	link_take(r, found);
}

static void platform_looked_for(void *ctx, struct context *found, const struct err *why)
{
	struct run *r = ctx;

	if (found)
		r->finder_error = (struct err)ERR_INIT;
	else
		r->finder_error = *why;
	if (r->quitting)
		return;
	if (r->wanted) {
		switch_done(r, found);
	} else if (found == NULL) {
		run_tell_link(r, LINK_GONE, 0, why);
		uv_timer_start(&r->again, on_again, SEARCH_AGAIN_MS, 0);
	} else if (r->api == NULL || strcmp(r->context.url, found->url) != 0) {
		link_take(r, found);
	}
}

/* Names may change here while it looks. */
static void find_begin(struct run *r)
{
	struct context_options o = r->find;

	if (r->finder == NULL)
		r->finder = finder_new(&r->loop, platform_looked_for, r);
	free(r->finder_name);
	r->finder_name = mem_strdup(r->wanted ? r->wanted : r->chosen ? r->chosen : "");
	if (r->wanted || r->chosen)
		o.context = r->finder_name;
	if (r->wanted)
		o.endpoint = NULL;
	finder_start(r->finder, &o);
}

bool run_link_searching(const struct run *r)
{
	return r->finder && finder_busy(r->finder);
}

void run_link_start(struct run *r)
{
	if (run_link_searching(r) || r->quitting)
		return;
	if (r->found && r->api == NULL && r->wanted == NULL) {
		link_open(r);
		return;
	}
	/* Once it has failed, why it did stays on the screen while it is tried again. */
	if (!r->found && r->finder_error.code == ERR_NONE)
		run_tell_link(r, LINK_STARTING, 0, NULL);
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
		run_sub_ask(r, s);
		r->tell(r, &m);
	}
}

void run_link_switch(struct run *r, const char *context)
{
	free(r->wanted);
	r->wanted = mem_strdup(context);
	uv_timer_stop(&r->again);
	run_link_start(r);
}

/* The demo is none of them. */
static void mark_none(json_t *rows)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
		json_object_del(row, "current");
}

void run_contexts(struct run *r, const struct cmd *c)
{
	struct msg m = {.type = MSG_REPLY, .id = c->id, .status = 200};
	struct err e = ERR_INIT;
	json_t *rows = context_list(&r->find, NULL, &e), *body = NULL;

	if (rows && r->context.demo)
		mark_none(rows);
	if (rows) {
		body = json_pack("{s:o}", "data", rows);
		m.body = body;
	} else {
		m.status = 0;
		m.text = e.text;
		m.text_len = strlen(e.text);
	}
	r->tell(r, &m);
	json_decref(body);
}

void run_link_stop(struct run *r)
{
	run_subs_release(r);
	run_requests_release(r);
	if (!run_link_searching(r)) {
		finder_free(r->finder);
		r->finder = NULL;
	}
	if (r->stream)
		stream_free(r->stream, NULL, NULL);
	if (r->api)
		api_free(r->api, NULL, NULL);
	r->stream = NULL;
	r->api = NULL;
	context_release(&r->context);
}
