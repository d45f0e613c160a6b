/* What a stream says, whoever has it said: small frames that wait, frames to the socket, its end. */
#include "serve/stream.h"

#include "base/mem.h"
#include "base/timefmt.h"
#include "serve/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Waking and closing ---- */

void stream_wake(struct stream *st)
{
	if (!st->close_sent)
		conn_want_write(st->conn);
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

/* ---- Frames ---- */

void stream_control(struct stream *st, enum ws_opcode opcode, const void *data, size_t len)
{
	unsigned char frame[WS_ROOM + WS_CONTROL_MAX];
	size_t head = ws_header(frame + WS_ROOM, len, opcode);

	memcpy(frame + WS_ROOM, data, len);
	conn_send(st->conn, frame + WS_ROOM - head, head + len);
}

/* The close frame; once it has left, nothing is said any more. */
void stream_write_close(struct stream *st)
{
	char body[2 + sizeof st->close_why];
	size_t len = strlen(st->close_why);

	st->close_sent = true;
	if (st->close_code == 1005) {
		stream_control(st, WS_CLOSE, "", 0);
		return;
	}
	body[0] = (char)(st->close_code >> 8);
	body[1] = (char)(st->close_code & 255);
	memcpy(body + 2, st->close_why, len);
	stream_control(st, WS_CLOSE, body, 2 + len);
}

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
	json_t *frame = json_pack("{s:s, s:I, s:i, s:s}", "t", "error", "id", (json_int_t)id,
		"code", err_http_status(e->code), "message", e->text);

	if (*e->field)
		json_object_set_new(frame, "field", json_string(e->field));
	stream_queue(st, frame);
}

void stream_write(struct stream *st, void *data, size_t len, bool text)
{
	unsigned char *payload = data;
	size_t head = ws_header(payload, len, text ? WS_TEXT : WS_BINARY);

	conn_send(st->conn, payload - head, head + len);
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

void stream_write_queued(struct stream *st)
{
	struct queued q = st->queue.items[st->queue_head++];
	char *room = mem_alloc(WS_ROOM + q.len);

	memcpy(room + WS_ROOM, q.text, q.len);
	stream_write(st, room + WS_ROOM, q.len, true);
	st->queue_bytes -= q.len;
	free(q.text);
	free(room);
	queue_compact(st);
}

/* ---- The clock ---- */

/* Looks again for beginnings and ends. */
static void look_at_logs(struct stream *st)
{
	bool any = false;

	for (size_t i = 0; i < st->logs.len; i++)
		if (!st->logs.items[i]->begun || st->logs.items[i]->ending ||
			st->logs.items[i]->unread > 0) {
			st->logs.items[i]->idle = false;
			any = true;
		}
	if (any)
		stream_wake(st);
}

/* Is the other side still there? A close that cannot leave ends by force. */
static void look_whether_alive(struct stream *st, int64_t mono)
{
	if (mono - st->heard_at >= STREAM_DEAD_MS) {
		conn_kill(st->conn);
		return;
	}
	if (mono - st->heard_at < STREAM_PING_MS || mono - st->pinged_at < STREAM_PING_MS)
		return;
	st->pinged_at = mono;
	stream_control(st, WS_PING, "", 0);
}

void stream_tick(struct stream *st, int64_t mono, int64_t now)
{
	if (st->close_code != 0) {
		if (mono - st->closing_since >= STREAM_TICK_MS)
			conn_kill(st->conn);
		return;
	}
	if (!auth_still_good(st->conn->server, st->who.access_key, now)) {
		stream_close(st, 4401, "the access key is no longer good");
		return;
	}
	look_at_logs(st);
	look_whether_alive(st, mono);
}
