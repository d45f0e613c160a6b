#include "io/ws_inside.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

void ws_failed(struct ws *w, int status, const struct err *why)
{
	conn_end(w->now);
	w->now = NULL;
	w->failure = *why;
	w->failure_status = status;
	loop_timer_start(w->due, 0);
}

static void on_due(void *ctx)
{
	struct ws *w = ctx;
	struct err why = w->failure;

	if (w->now)
		conn_due(w->now);
	else
		w->events.closed(w->events.ctx, w->failure_status, &why);
}

struct ws *ws_new(uv_loop_t *loop, const struct ws_config *config, const struct ws_events *events)
{
	struct ws *w = mem_alloc(sizeof *w);

	w->loop = loop;
	w->config = *config;
	w->config.ca_file = mem_strdup(config->ca_file);
	w->config.protocol = mem_strdup(config->protocol);
	w->config.addresses = mem_strdup(config->addresses);
	w->events = *events;
	w->due = loop_timer_new(loop, &w->gate, on_due, w);
	return w;
}

void ws_connect(struct ws *w, const struct ws_target *t)
{
	struct err e = ERR_INIT;

	ws_drop(w);
	conn_dial(w, t);
	if (w->now)
		return;
	err_set(&e, ERR_INTERNAL, "the stream cannot be opened: libcurl did not start");
	w->failure = e;
	w->failure_status = 0;
	loop_timer_start(w->due, 0);
}

void ws_drop(struct ws *w)
{
	loop_timer_stop(w->due);
	if (w->now == NULL)
		return;
	if (w->now->phase == CONN_OPEN)
		frames_bye(w->now);
	conn_end(w->now);
	w->now = NULL;
}

void ws_send(struct ws *w, const char *text, size_t len)
{
	const struct wslay_event_msg m = {WSLAY_TEXT_FRAME, (const uint8_t *)text, len};

	if (w->now == NULL || w->now->phase != CONN_OPEN)
		return;
	wslay_event_queue_msg(w->now->frames, &m);
	if (w->now->watched == UV_READABLE) /* else it goes when the socket takes more */
		loop_timer_start(w->due, 0);
}

size_t ws_queued(const struct ws *w)
{
	const struct ws_conn *c = w->now;

	if (c == NULL || c->phase != CONN_OPEN)
		return 0;
	return wslay_event_get_queued_msg_length(c->frames) + c->out.len - c->out_at;
}

static void on_empty(void *ctx)
{
	struct ws *w = ctx;
	void (*done)(void *) = w->done;
	void *done_ctx = w->done_ctx;

	free((char *)w->config.ca_file);
	free((char *)w->config.protocol);
	free((char *)w->config.addresses);
	free(w);
	if (done)
		done(done_ctx);
}

/* No event is called from within curl, so it may be freed at once. */
void ws_free(struct ws *w, void (*done)(void *ctx), void *ctx)
{
	ws_drop(w);
	multi_free(w->multi);
	w->done = done;
	w->done_ctx = ctx;
	loop_timer_free(w->due);
	loop_gate_shut(&w->gate, on_empty, w);
}
