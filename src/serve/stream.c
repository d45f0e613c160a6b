#include "serve/stream.h"

#include "base/mem.h"
#include "base/timefmt.h"
#include "serve/http.h"

#include <stdlib.h>
#include <string.h>

/* ---- Opening ---- */

static bool room_for_stream(struct conn *c, struct err *e)
{
	const struct server_limits *limits = c->server->asks->limits(c->server->platform);

	if (!limits->shared || limits->streams_per_key <= 0 || c->use == NULL ||
		c->use->streams < limits->streams_per_key)
		return true;
	return err_set(e, ERR_BUSY,
		"this access key has %d streams open, the most there may be: close one (a "
		"dashboard, logs -f, list --watch), or ask an admin for a key of your own",
		c->use->streams);
}

/* Guards, path and authentication of the upgrade; fills st->who. */
static bool admit_upgrade(struct conn *c, struct exchange *x, struct stream *st, struct err *e)
{
	int retry_s;

	memcpy(x->r.body_sha256, SIGN_EMPTY_SHA256, SIGN_HEX_SIZE);
	if (c->server->closing)
		return err_set(e, ERR_UNAVAILABLE, "the server is going down: connect again");
	if (!guard_upgrade(c->server, &x->head, &x->facts, e))
		return false;
	if (strcmp(route_path(c->server, x->facts.path), WIRE_PATH) != 0)
		return err_set(e, ERR_NOT_FOUND, "there is no websocket at %s, only at " WIRE_PATH,
			x->facts.path);
	return auth_begin(x, e) && auth_finish(x, &st->text, &st->who, e) &&
		auth_rate(c, time_mono_ms(), &retry_s, e) && room_for_stream(c, e);
}

/* The answer that changes the protocol (RFC 6455 section 4.2.2). */
static void send_handshake(struct conn *c, const struct exchange *x)
{
	struct buf out = BUF_INIT;
	char accept[WS_ACCEPT_SIZE];

	ws_accept(head_get(&x->head, "sec-websocket-key"), accept);
	buf_addf(&out,
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n"
		"Sec-WebSocket-Protocol: " WIRE_PROTOCOL "\r\n\r\n",
		accept);
	conn_send(c, out.data, out.len);
	buf_release(&out);
}

int stream_asked(struct conn *c, struct exchange *x)
{
	struct stream *st = mem_alloc(sizeof *st);
	struct err e = ERR_INIT;

	if (!admit_upgrade(c, x, st, &e)) {
		arena_release(&st->text);
		free(st);
		exchange_fail_close(x, err_http_status(e.code), &e);
		return 0;
	}
	send_handshake(c, x);
	exchange_free(x);
	c->exchange = NULL;
	st->conn = c;
	st->hub = c->server->hub;
	st->heard_at = time_mono_ms();
	ws_init(&st->reader, WIRE_TEXT_MAX);
	c->stream = st;
	c->use->streams++;
	hub_add_stream(st->hub, st);
	conn_phase(c, PHASE_STREAM, 0);
	/* Nobody may send before the answer, but what came is the websocket's. */
	if (stream_receive(st, c->in.data, c->in.len) != 0)
		return -1;
	conn_in_release(c);
	return 0;
}

void stream_free(struct stream *st)
{
	hub_remove_stream(st->hub, st);
	if (st->conn->use != NULL)
		st->conn->use->streams--;
	while (st->rows.len > 0)
		row_sub_drop(st, st->rows.len - 1);
	while (st->logs.len > 0)
		log_sub_drop(st, st->logs.len - 1);
	for (size_t i = st->queue_head; i < st->queue.len; i++)
		free(st->queue.items[i].text);
	vec_release(&st->queue);
	vec_release(&st->rows);
	vec_release(&st->logs);
	ws_release(&st->reader);
	arena_release(&st->text);
	free(st->frame);
	free(st);
}

/* ---- Receiving ---- */

static void unsubscribe(struct stream *st, uint32_t id)
{
	for (size_t i = 0; i < st->rows.len; i++)
		if (st->rows.items[i]->id == id) {
			row_sub_drop(st, i);
			return;
		}
	for (size_t i = 0; i < st->logs.len; i++)
		if (st->logs.items[i]->id == id) {
			log_sub_drop(st, i);
			return;
		}
}

static bool id_taken(const struct stream *st, uint32_t id)
{
	for (size_t i = 0; i < st->rows.len; i++)
		if (st->rows.items[i]->id == id)
			return true;
	for (size_t i = 0; i < st->logs.len; i++)
		if (st->logs.items[i]->id == id)
			return true;
	return false;
}

static void subscribe(struct stream *st, const struct wire_frame *f)
{
	struct err e = ERR_INIT;

	if (f->id == 0 || id_taken(st, f->id))
		err_set(&e, ERR_INVALID, "a subscription needs an id of its own, 1 or more");
	else if (st->rows.len + st->logs.len >= WIRE_SUBS_MAX)
		err_set(&e, ERR_BUSY, "this stream has %d subscriptions, the most there may be",
			WIRE_SUBS_MAX);
	else if (f->kind == NULL)
		err_set(&e, ERR_INVALID, "a subscription must say its \"kind\"");
	else if (strcmp(f->kind, "log") == 0)
		stream_logs_subscribe(st, f);
	else
		stream_rows_subscribe(st, f);
	if (e.code != ERR_NONE)
		stream_error(st, f->id, &e);
}

static void take_frame(struct stream *st, const struct wire_frame *f)
{
	switch (f->type) {
	case WIRE_SUB: subscribe(st, f); break;
	case WIRE_UNSUB: unsubscribe(st, f->id); break;
	case WIRE_CREDIT_MORE: stream_logs_credit(st, f); break;
	case WIRE_PING:
		stream_queue(st, json_pack("{s:s, s:I}", "t", "pong", "id", (json_int_t)f->id));
		break;
	default: stream_close(st, 1008, "a frame that only the server sends");
	}
}

static void message_came(struct stream *st)
{
	struct wire_frame f;
	struct buf message = st->reader.message;

	buf_init(&st->reader.message, WIRE_TEXT_MAX);
	if (!wire_frame_decode(&f, message.data, message.len, NULL)) {
		stream_close(st, 1008, "a message is not a frame of " WIRE_PROTOCOL);
	} else {
		take_frame(st, &f);
		wire_frame_release(&f);
	}
	buf_release(&message);
}

static void event_came(struct stream *st, enum ws_event event)
{
	struct ws_reader *r = &st->reader;

	switch (event) {
	case WS_GOT_MESSAGE: message_came(st); break;
	case WS_GOT_PING: stream_control(st, WS_PONG, r->control, r->control_len); break;
	case WS_GOT_CLOSE: stream_close(st, r->code, ""); break;
	case WS_FAILED: stream_close(st, r->code, r->why); break;
	case WS_GOT_PONG:
	case WS_MORE: break;
	}
}

/* Once we close, what still comes is thrown away. */
int stream_receive(struct stream *st, const char *data, size_t len)
{
	st->heard_at = time_mono_ms();
	for (size_t at = 0, used; at < len && st->close_code == 0; at += used) {
		event_came(st, ws_take(&st->reader, data + at, len - at, &used));
		if (conn_pending(st->conn) > STREAM_QUEUE_MAX)
			return -1; /* pings, say, whose answers it does not read */
	}
	return 0;
}

/* ---- Sending ---- */

/* One frame of whoever's turn it is: rows and logs alternate while both have something. */
static void write_next(struct stream *st, int64_t mono)
{
	bool wrote = false;

	st->logs_turn = !st->logs_turn;
	for (int i = 0; i < 2 && !wrote && st->queue_head == st->queue.len; i++) {
		if (st->logs_turn != (i == 1))
			stream_logs_write(st, &wrote);
		else
			stream_rows_write(st, mono, &wrote);
	}
}

static void write_end(struct stream *st)
{
	if (!st->close_sent)
		stream_write_close(st);
	if (conn_choked(st->conn))
		conn_want_write(st->conn);
	else
		conn_linger(st->conn);
}

void stream_writeable(struct stream *st)
{
	int64_t mono = time_mono_ms();

	if (st->close_code != 0) {
		write_end(st);
		return;
	}
	if (st->queue_head < st->queue.len)
		stream_write_queued(st);
	else
		write_next(st, mono);
	if (st->queue_head < st->queue.len || stream_rows_pending(st, mono) ||
		stream_logs_pending(st))
		conn_want_write(st->conn);
}
