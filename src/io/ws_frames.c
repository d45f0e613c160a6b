#include "io/ws_inside.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* ---- What comes ---- */

/* Out of our buffer, which saves the kernel many calls: wslay asks for 4 KiB at once. */
static ssize_t on_want(wslay_event_context_ptr frames, uint8_t *to, size_t room, int flags,
	void *user)
{
	struct ws_conn *c = user;
	size_t n;

	(void)flags;
	if (c->phase != CONN_OPEN || (c->in_at == c->in_len && !conn_read(c))) {
		wslay_event_set_error(frames, WSLAY_ERR_WOULDBLOCK);
		return -1;
	}
	n = c->in_len - c->in_at < room ? c->in_len - c->in_at : room;
	memcpy(to, c->in + c->in_at, n);
	c->in_at += n;
	return (ssize_t)n;
}

static void on_frame(wslay_event_context_ptr frames,
	const struct wslay_event_on_frame_recv_start_arg *frame, void *user)
{
	struct ws_conn *c = user;
	struct err e = ERR_INIT;

	c->control = wslay_is_ctrl_frame(frame->opcode);
	if (c->control)
		return;
	if (frame->opcode != WSLAY_CONTINUATION_FRAME) {
		buf_reset(&c->message);
		c->binary = frame->opcode == WSLAY_BINARY_FRAME;
	}
	if (frame->payload_length <= c->ws->config.message_max - c->message.len)
		return;
	err_set(&e, ERR_TOO_LARGE, "%s sent a message of more than %zu bytes on the stream",
		c->site, c->ws->config.message_max);
	ws_failed(c->ws, 0, &e);
	wslay_event_shutdown_read(frames);
}

static void on_part(wslay_event_context_ptr frames,
	const struct wslay_event_on_frame_recv_chunk_arg *part, void *user)
{
	struct ws_conn *c = user;

	(void)frames;
	if (!c->control && c->phase == CONN_OPEN)
		buf_add(&c->message, part->data, part->data_length);
}

static void frames_flush(struct ws_conn *c)
{
	while (conn_write(c)) {
		if (!wslay_event_want_write(c->frames)) {
			c->pings = 0;
			return;
		}
		if (wslay_event_send(c->frames) != 0) {
			c->hung_up = true;
			return;
		}
	}
}

/* wslay has queued the answer. Who pings and does not take the answers would fill our memory. */
static void on_ping(struct ws_conn *c)
{
	struct err e = ERR_INIT;

	if (++c->pings <= WS_PONGS_MAX)
		return;
	frames_flush(c);
	if (c->pings == 0)
		return;
	err_set(&e, ERR_UNAVAILABLE, "%s sends pings without taking the answers", c->site);
	ws_failed(c->ws, 0, &e);
}

static void on_whole(wslay_event_context_ptr frames, const struct wslay_event_on_msg_recv_arg *m,
	void *user)
{
	struct ws_conn *c = user;

	if (c->phase == CONN_OPEN && m->opcode == WSLAY_PING)
		on_ping(c);
	else if (c->phase == CONN_OPEN && !wslay_is_ctrl_frame(m->opcode))
		c->ws->events.message(c->ws->events.ctx, c->binary, c->message.data,
			c->message.len);
	if (c->phase != CONN_OPEN)
		wslay_event_shutdown_read(frames);
}

/* ---- What goes ---- */

static ssize_t on_give(wslay_event_context_ptr frames, const uint8_t *bytes, size_t len, int flags,
	void *user)
{
	struct ws_conn *c = user;

	(void)flags;
	if (c->out.len >= WS_WRITE_SIZE) {
		wslay_event_set_error(frames, WSLAY_ERR_WOULDBLOCK);
		return -1;
	}
	buf_add(&c->out, bytes, len);
	return (ssize_t)len;
}

/* Nobody may foresee the mask (RFC 6455 section 5.3). */
static int on_mask(wslay_event_context_ptr frames, uint8_t *mask, size_t len, void *user)
{
	(void)frames;
	(void)user;
	return getrandom(mask, len, 0) == (ssize_t)len ? 0 : -1;
}

void frames_bye(struct ws_conn *c)
{
	if (wslay_event_want_write(c->frames) || c->out_at < c->out.len)
		return;
	wslay_event_queue_close(c->frames, WSLAY_CODE_NORMAL_CLOSURE, NULL, 0);
	frames_flush(c);
}

/* ---- Turns ---- */

void frames_open(struct ws_conn *c)
{
	const struct wslay_event_callbacks callbacks = {
		.recv_callback = on_want,
		.send_callback = on_give,
		.genmask_callback = on_mask,
		.on_frame_recv_start_callback = on_frame,
		.on_frame_recv_chunk_callback = on_part,
		.on_msg_recv_callback = on_whole,
	};

	if (wslay_event_context_client_init(&c->frames, &callbacks, c) != 0)
		abort(); /* out of memory */
	/* Messages are put together in `message`, which is kept, and their size is checked there. */
	wslay_event_config_set_no_buffering(c->frames, 1);
	wslay_event_config_set_max_recv_msg_length(c->frames, INT64_MAX);
}

void frames_turn(struct ws_conn *c)
{
	struct err e = ERR_INIT;
	bool broken = wslay_event_recv(c->frames) != 0;

	if (c->phase != CONN_OPEN)
		return;
	frames_flush(c); /* answers to pings and to a close frame, too */
	broken = broken || !wslay_event_get_read_enabled(c->frames);
	if (broken && !wslay_event_get_close_received(c->frames))
		err_set(&e, ERR_UNAVAILABLE, "%s broke the rules of websockets", c->site);
	else if (broken || c->hung_up)
		err_set(&e, ERR_UNAVAILABLE, "%s closed the connection", c->site);
	if (e.code != ERR_NONE)
		ws_failed(c->ws, 0, &e);
}
