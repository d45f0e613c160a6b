#include "serve/stream.h"

#include "base/mem.h"
#include "base/timefmt.h"
#include "serve/http.h"

#include <stdio.h>
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
		"this access key has %d streams open, the most there may be: "
		"one stream carries all subscriptions",
		c->use->streams);
}

/* Guards, path and authentication of the upgrade; fills st->who. */
static bool admit_upgrade(struct conn *c, struct stream *st, struct err *e)
{
	struct request_facts *f = mem_alloc(sizeof *f);
	struct query query = QUERY_INIT, headers = QUERY_INIT;
	struct sign_claim claim = {0};
	char nothing[SIGN_HEX_SIZE];
	int64_t now = time_now_ms();
	int retry_s;
	bool ok = false;

	sign_sha256_hex("", 0, nothing);
	if (c->server->closing) {
		err_set(e, ERR_UNAVAILABLE, "the server is going down: connect again");
		goto out;
	}
	if (!guard_upgrade(c->server, c->wsi, f, &query, e))
		goto out;
	if (strcmp(route_path(c->server, f->path), WIRE_PATH) != 0) {
		err_set(e, ERR_NOT_FOUND, "there is no websocket at %s, only at " WIRE_PATH,
			f->path);
		goto out;
	}
	ok = auth_begin(c->wsi, f, &query, &headers, &claim, now, e) &&
		auth_finish(c, f, &query, &headers, &claim, nothing, now, &st->text, &st->who, e) &&
		auth_rate(c, time_mono_ms(), &retry_s, e) && room_for_stream(c, e);
out:
	query_release(&query);
	query_release(&headers);
	free(f);
	return ok;
}

bool stream_open(struct conn *c, struct err *e)
{
	struct stream *st = mem_alloc(sizeof *st);

	if (!admit_upgrade(c, st, e)) {
		arena_release(&st->text);
		free(st);
		return false;
	}
	st->conn = c;
	st->hub = c->server->hub;
	st->frame = mem_alloc(LWS_PRE + WIRE_LOG_HEADER + WIRE_LOG_CHUNK);
	buf_init(&st->received, WIRE_TEXT_MAX);
	c->stream = st;
	c->use->streams++;
	hub_add_stream(st->hub, st);
	return true;
}

int stream_established(struct stream *st)
{
	st->established = true;
	conn_phase(st->conn, PHASE_STREAM, 0);
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
	buf_release(&st->received);
	arena_release(&st->text);
	free(st->frame);
	free(st);
}

/* ---- Closing ---- */

void stream_wake(struct stream *st)
{
	if (st->established && !st->conn->dead)
		lws_callback_on_writable(st->conn->wsi);
}

void stream_close(struct stream *st, int code, const char *why)
{
	if (st->close_code != 0)
		return;
	st->close_code = code;
	st->closing_since = time_mono_ms();
	snprintf(st->close_why, sizeof st->close_why, "%s", why);
	stream_wake(st);
}

static void give_reason(struct stream *st)
{
	lws_close_reason(st->conn->wsi, (enum lws_close_status)st->close_code,
		(unsigned char *)st->close_why, strlen(st->close_why));
}

/*
 * Refusing in the callback of writing, or by a timeout, would drop the connection without the
 * close frame; closing it from a timer of libwebsockets does send one.
 */
void stream_close_politely(struct stream *st)
{
	give_reason(st);
	lws_set_timeout(st->conn->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
}

void stream_tick(struct stream *st, int64_t mono, int64_t now)
{
	if (st->close_code != 0) {
		if (mono - st->closing_since >= STREAM_TICK_MS / 2)
			lws_set_timeout(st->conn->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
		return;
	}
	if (!auth_still_good(st->conn->server, st->who.access_key, now)) {
		stream_close(st, 4401, "the access key is no longer good");
		return;
	}
	stream_logs_tick(st);
	if (mono >= st->filters_at) {
		st->filters_at = mono + STREAM_FILTER_MS;
		stream_rows_tick(st, now);
	}
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

static int refuse_message(struct stream *st, int code, const char *why)
{
	st->close_code = code;
	snprintf(st->close_why, sizeof st->close_why, "%s", why);
	give_reason(st);
	return -1;
}

int stream_receive(struct stream *st, const void *data, size_t len)
{
	struct lws *wsi = st->conn->wsi;
	struct wire_frame f;
	struct err e = ERR_INIT;

	if (st->close_code != 0)
		return 0;
	if (lws_frame_is_binary(wsi))
		return refuse_message(st, 1003, "only text frames are taken");
	if (st->received.len + len + lws_remaining_packet_payload(wsi) > WIRE_TEXT_MAX)
		return refuse_message(st, 1009, "a message may have 262144 bytes");
	buf_add(&st->received, data, len);
	if (lws_remaining_packet_payload(wsi) > 0 || !lws_is_final_fragment(wsi))
		return 0;
	if (!wire_frame_decode(&f, st->received.data, st->received.len, &e))
		return refuse_message(st, 1008, "a message is not a frame of " WIRE_PROTOCOL);
	buf_release(&st->received);
	take_frame(st, &f);
	wire_frame_release(&f);
	return 0;
}

/* ---- Sending ---- */

void stream_queue(struct stream *st, json_t *frame)
{
	struct queued q = {0};

	q.text = frame ? json_dumps(frame, JSON_COMPACT) : NULL;
	json_decref(frame);
	if (q.text == NULL)
		return;
	q.len = strlen(q.text);
	vec_push(&st->queue, q);
	st->queue_bytes += q.len;
	if (st->queue_bytes > STREAM_QUEUE_MAX)
		stream_close(st, 1008, "the client does not read its frames");
	stream_wake(st);
}

void stream_error(struct stream *st, uint32_t id, const struct err *e)
{
	stream_queue(st,
		json_pack("{s:s, s:I, s:i, s:s}", "t", "error", "id", (json_int_t)id, "code",
			err_http_status(e->code), "message", e->text));
}

int stream_write(struct stream *st, void *data, size_t len, bool text)
{
	return lws_write(st->conn->wsi, data, len, text ? LWS_WRITE_TEXT : LWS_WRITE_BINARY) < 0
		? -1
		: 0;
}

/* A client that always has an answer to come, pings say, never lets the queue become empty. */
static void queue_compact(struct stream *st)
{
	size_t left = st->queue.len - st->queue_head;

	if (left > 0 && st->queue_head < 1024)
		return;
	if (left > 0)
		memmove(st->queue.items, st->queue.items + st->queue_head,
			left * sizeof *st->queue.items);
	st->queue.len = left;
	st->queue_head = 0;
}

static int write_queued(struct stream *st)
{
	struct queued q = st->queue.items[st->queue_head++];
	char *room = mem_alloc(LWS_PRE + q.len);
	int failed;

	memcpy(room + LWS_PRE, q.text, q.len);
	failed = stream_write(st, room + LWS_PRE, q.len, true);
	st->queue_bytes -= q.len;
	free(q.text);
	free(room);
	queue_compact(st);
	return failed;
}

/* One frame of whoever's turn it is: rows and logs alternate while both have something. */
static int write_next(struct stream *st, int64_t mono, bool *wrote)
{
	int failed = 0;

	st->logs_turn = !st->logs_turn;
	for (int i = 0; i < 2 && !failed && !*wrote && st->queue_head == st->queue.len; i++) {
		failed = st->logs_turn != (i == 1) ? stream_logs_write(st, wrote)
						   : stream_rows_write(st, mono, wrote);
	}
	return failed;
}

int stream_writeable(struct stream *st)
{
	int64_t mono = time_mono_ms();
	bool wrote = false;
	int failed;

	if (lws_send_pipe_choked(st->conn->wsi)) {
		lws_callback_on_writable(st->conn->wsi);
		return 0;
	}
	if (st->close_code != 0) {
		conn_phase(st->conn, PHASE_STREAM_END, 1);
		return 0;
	}
	failed = st->queue_head < st->queue.len ? write_queued(st) : write_next(st, mono, &wrote);
	if (failed)
		return -1;
	if (st->queue_head < st->queue.len || stream_rows_pending(st, mono) ||
		stream_logs_pending(st))
		lws_callback_on_writable(st->conn->wsi);
	return 0;
}
