/* Logs: bytes into the store, windows and hits out of it. */
#include "mltop/run.h"

#include "base/fsio.h"

#include <stdlib.h>
#include <string.h>

enum { WINDOW_MAX = 1024 };

static void log_failed(struct run *r, const struct run_sub *s, const struct err *e)
{
	struct msg m = {.type = MSG_SUB_ERROR,
		.sub = s->id,
		.text = e->text,
		.text_len = strlen(e->text)};

	r->tell(r, &m);
}

void run_log_open(struct run *r, struct run_sub *s)
{
	struct err e = ERR_INIT;

	s->store = logstore_new(r->cache_dir, &e);
	if (s->store == NULL)
		log_failed(r, s, &e);
	else
		logstore_set_raw(s->store, s->raw);
}

void run_log_reset(struct run *r, struct run_sub *s)
{
	if (s->store)
		logstore_free(s->store);
	s->store = NULL;
	run_log_open(r, s);
	run_log_tell(r, s);
}

void run_log_tell(struct run *r, struct run_sub *s)
{
	struct msg m = {.type = MSG_LOG_STATE, .sub = s->id};

	s->changed = false;
	if (s->store == NULL)
		return;
	m.log_lines = logstore_lines(s->store);
	m.log_bytes = (int64_t)logstore_next(s->store);
	m.log_first = (int64_t)logstore_first(s->store);
	m.log_final = s->final;
	m.text = s->end;
	m.text_len = strlen(s->end);
	r->tell(r, &m);
}

/* The dashboard hears of new lines once a frame, not once a frame of the socket. */
static void log_changed(struct run *r, struct run_sub *s)
{
	if (s->changed)
		return;
	s->changed = true;
	if (!uv_is_active((uv_handle_t *)&r->frame)) {
		uv_update_time(&r->loop);
		run_log_tell(r, s);
	}
}

void run_log_bytes(struct run *r, struct run_sub *s, uint64_t offset, const void *bytes, size_t len)
{
	struct err e = ERR_INIT;

	if (s->store == NULL)
		return;
	if (!logstore_append(s->store, offset, bytes, len, &e)) {
		/* No credit: the daemon stops sending until this pane is closed. */
		log_failed(r, s, &e);
		return;
	}
	stream_credit(r->stream, s->id, len);
	log_changed(r, s);
}

void run_log_gap(struct run *r, struct run_sub *s, uint64_t offset, uint64_t lost)
{
	struct err e = ERR_INIT;

	if (s->store && !logstore_gap(s->store, offset, lost, &e))
		log_failed(r, s, &e);
	log_changed(r, s);
}

void run_log_state(struct run *r, struct run_sub *s, const struct stream_log_state *state)
{
	s->final = state->final;
	s->end[0] = '\0';
	if (state->final && state->state)
		snprintf(s->end, sizeof s->end, "%s%s", state->state,
			state->signal > 0 ? " by a signal" : "");
	log_changed(r, s);
}

void run_log_window(struct run *r, const struct cmd *c)
{
	static struct logstore_line lines[WINDOW_MAX];
	static struct log_line out[WINDOW_MAX];
	struct run_sub *s = run_sub_find(r, c->sub);
	struct msg m = {.type = MSG_LOG_WINDOW, .sub = c->sub, .line = c->line, .lines = out};
	struct err e = ERR_INIT;
	size_t want = c->count < WINDOW_MAX ? (size_t)c->count : WINDOW_MAX;

	if (s == NULL || s->store == NULL || c->count <= 0 || c->line < 0)
		return;
	m.line_count = logstore_window(s->store, c->line, want, lines, &e);
	for (size_t i = 0; i < m.line_count; i++)
		out[i] = (struct log_line){
			.bytes = lines[i].bytes,
			.len = lines[i].len,
			.offset = lines[i].offset,
			.lost = lines[i].lost,
			.partial = lines[i].partial,
			.drawn = lines[i].drawn,
		};
	if (e.code != ERR_NONE)
		log_failed(r, s, &e);
	else
		r->tell(r, &m);
}

void run_log_at(struct run *r, const struct cmd *c)
{
	struct run_sub *s = run_sub_find(r, c->sub);
	struct msg m = {.type = MSG_LOG_AT, .sub = c->sub};

	if (s == NULL || s->store == NULL)
		return;
	s->raw = c->raw;
	logstore_set_raw(s->store, s->raw);
	run_log_tell(r, s);
	m.line = logstore_line_at(s->store, c->offset);
	r->tell(r, &m);
}

/* ---- Search, a step each turn of the loop ---- */

static bool search_step(struct run *r, struct run_sub *s)
{
	struct msg m = {.type = MSG_LOG_FOUND, .sub = s->id, .finished = true};
	int64_t line = s->find_line;

	if (!logstore_find(s->store, s->pattern, s->backwards, &line, &s->find_resume)) {
		s->find_line = line;
		return false;
	}
	m.line = line;
	free(s->pattern);
	s->pattern = NULL;
	r->tell(r, &m);
	return true;
}

static void on_search(uv_idle_t *idle)
{
	struct run *r = idle->data;

	for (size_t i = 0; i < r->subs.len; i++) {
		if (r->subs.items[i]->pattern) {
			search_step(r, r->subs.items[i]);
			return;
		}
	}
	uv_idle_stop(idle);
}

void run_log_find(struct run *r, const struct cmd *c)
{
	struct run_sub *s = run_sub_find(r, c->sub);

	if (s == NULL || s->store == NULL)
		return;
	free(s->pattern);
	s->pattern = mem_strdup(c->text);
	s->backwards = c->backwards;
	/* The command's line is the one not to look at any more, the store's the first to look at. */
	s->find_line = c->backwards ? c->line - 1 : c->line + 1;
	s->find_resume = 0;
	if (s->pattern)
		uv_idle_start(&r->search, on_search);
}

void run_log_save(struct run *r, const struct cmd *c)
{
	struct run_sub *s = run_sub_find(r, c->sub);
	struct msg m = {.type = MSG_SAVED, .text = c->path};
	struct err e = ERR_INIT;

	if (s == NULL || s->store == NULL || c->path == NULL)
		return;
	if (!logstore_save(s->store, c->path, &e)) {
		m.text = e.text;
		m.status = 1;
	}
	m.text_len = strlen(m.text);
	r->tell(r, &m);
}
