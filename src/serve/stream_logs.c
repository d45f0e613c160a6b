/* Logs on a stream: the task's bytes by offset, as far as the client has room for them. */
#include "serve/stream.h"

#include "core/kinds/task.h"
#include "base/mem.h"
#include "base/timefmt.h"
#include "core/kinds/kinds.h"
#include "serve/http.h"

#include <stdlib.h>
#include <string.h>

/* ---- Subscribing ---- */

static const struct workload *find(struct stream *st, const struct kind *k, const char *org,
	const char *name)
{
	return st->conn->server->asks->named(st->conn->server->platform, k,
		org[0] ? org : st->who.org_id, name);
}

static bool log_org_allowed(const struct stream *st, const char *org)
{
	return org[0] == '\0' || strcmp(org, st->who.org_id) == 0 || st->who.role == ROLE_ADMIN;
}

static struct log_sub *make_log(struct stream *st, const struct wire_frame *f, const struct kind *k,
	const char *uid)
{
	struct log_sub *sub = mem_alloc(sizeof *sub);

	*sub = (struct log_sub){
		.stream = st,
		.id = f->id,
		.kind = k,
		.org = mem_strdup(f->org ? f->org : ""),
		.uid = mem_strdup(uid),
		.task = mem_strdup(f->task && f->task[0] ? f->task : task_single),
		.attempt = (int)f->attempt,
		.generation = f->generation,
		.from = f->offset,
		.tail = f->tail,
		.credit = f->credit < STREAM_CREDIT_MAX ? f->credit : STREAM_CREDIT_MAX,
	};
	return sub;
}

/* Whose log is asked for: "of" a kind, "object" of it; "job" alone is the older form. */
static const struct kind *log_kind(const struct wire_frame *f, struct err *e)
{
	const char *of = f->of ? f->of : WIRE_LOG_OF;
	const struct kind *k = kinds_find(of);

	if (k && kind_runs(k))
		return k;
	err_field(e, ERR_INVALID, "of", "of is \"%.40s\": no kind of that name has logs", of);
	return NULL;
}

void stream_logs_subscribe(struct stream *st, const struct wire_frame *f)
{
	const char *named = f->object ? f->object : f->job;
	const char *name = named ? named : "", *org = f->org ? f->org : "";
	struct err e = ERR_INIT;
	const struct kind *k = log_kind(f, &e);
	const struct workload *row = k && log_org_allowed(st, org) ? find(st, k, org, name) : NULL;
	struct log_sub *sub;

	if (k && row == NULL)
		err_set(&e, ERR_NOT_FOUND, "there is no %s \"%s\"", k->name, name);
	if (row == NULL) {
		stream_error(st, f->id, &e);
		return;
	}
	sub = make_log(st, f, k, row->uid);
	vec_push(&st->logs, sub);
	hub_add_log(st->hub, sub);
	stream_wake(st);
}

void log_sub_drop(struct stream *st, size_t at)
{
	struct log_sub *sub = st->logs.items[at];

	hub_remove_log(st->hub, sub);
	st->conn->server->asks->log_close(sub->cursor);
	vec_remove(&st->logs, at);
	free(sub->org);
	free(sub->uid);
	free(sub->task);
	free(sub);
}

void stream_logs_credit(struct stream *st, const struct wire_frame *f)
{
	for (size_t i = 0; i < st->logs.len; i++) {
		struct log_sub *sub = st->logs.items[i];

		if (sub->id != f->id)
			continue;
		sub->credit += f->credit < STREAM_CREDIT_MAX ? f->credit : STREAM_CREDIT_MAX;
		if (sub->credit > STREAM_CREDIT_MAX)
			sub->credit = STREAM_CREDIT_MAX;
		stream_wake(st);
		return;
	}
}

/* ---- Beginning and ending ---- */

static size_t index_of(const struct stream *st, const struct log_sub *sub)
{
	size_t i = 0;

	while (st->logs.items[i] != sub)
		i++;
	return i;
}

static void fail(struct stream *st, struct log_sub *sub, const struct err *e)
{
	stream_error(st, sub->id, e);
	log_sub_drop(st, index_of(st, sub));
}

/* No descriptor is free, say. Its place stays: the next tick tries again, up to a limit. */
static void unreadable(struct stream *st, struct log_sub *sub, const struct err *e)
{
	int64_t now = time_mono_ms();

	sub->idle = true;
	if (sub->unread == 0)
		sub->unread = now;
	else if (now - sub->unread >= STREAM_UNREAD_MS)
		fail(st, sub, e);
}

static void queue_gap(struct stream *st, const struct log_sub *sub, uint64_t offset, uint64_t lost)
{
	stream_queue(st,
		json_pack("{s:s, s:I, s:I, s:I}", "t", "gap", "id", (json_int_t)sub->id, "offset",
			(json_int_t)offset, "lost", (json_int_t)lost));
}

/* The last frame of a log; code and signal as the row of its task, or of all of it, knows them. */
static json_t *end_frame(const struct log_sub *sub, unsigned state)
{
	return json_pack("{s:s, s:I, s:I, s:s}", "t", "end", "id", (json_int_t)sub->id, "offset",
		(json_int_t)sub->offset, "state", work_state_words[state]);
}

static void end_number(json_t *frame, const char *key, bool known, int64_t n)
{
	if (known)
		json_object_set_new(frame, key, json_integer((json_int_t)n));
}

static void end(struct stream *st, struct log_sub *sub, json_t *frame)
{
	stream_queue(st, frame);
	log_sub_drop(st, index_of(st, sub));
}

static void end_of_all(struct stream *st, struct log_sub *sub, const struct workload *row)
{
	json_t *frame = end_frame(sub, row->state);

	end_number(frame, "exit_code", workload_has(sub->kind, row, exit_code), row->exit_code);
	end_number(frame, "signal", workload_has(sub->kind, row, signal), row->signal);
	end(st, sub, frame);
}

/* A log that never begins: what runs ended before its task could start. */
static void wait_or_end(struct stream *st, struct log_sub *sub, const struct workload *row)
{
	sub->idle = true;
	if (work_state_final(row->state))
		end_of_all(st, sub, row);
}

/*
 * The first byte to send. Another generation means that bytes before may differ from what the
 * client has: it begins again. Who asks for bytes that were dropped since is told of them by a gap,
 * who asks for the newest ones gets what there is.
 */
static uint64_t first_offset(const struct log_sub *sub, const struct log_range *range)
{
	uint64_t from = (uint64_t)sub->from, tail = (uint64_t)sub->tail;

	if (sub->from < 0)
		return range->newest - range->oldest > tail ? range->newest - tail : range->oldest;
	if (from > 0 && sub->generation != range->generation)
		from = 0;
	return from < range->newest ? from : range->newest;
}

/* Also when it begins anew: another generation, from its first byte on. */
static void begin(struct stream *st, struct log_sub *sub, const struct log_range *range)
{
	const struct server_asks *asks = st->conn->server->asks;

	if (sub->begun)
		sub->from = 0;
	sub->offset = first_offset(sub, range);
	sub->generation = range->generation;
	sub->attempt = asks->log_attempt(sub->cursor);
	sub->begun = true;
	sub->idle = false;
	asks->log_seek(sub->cursor, sub->offset);
	stream_queue(st,
		json_pack("{s:s, s:I, s:s, s:s, s:i, s:I, s:I, s:I, s:I}", "t", "log", "id",
			(json_int_t)sub->id, "uid", sub->uid, "task", sub->task, "attempt",
			sub->attempt, "gen", (json_int_t)range->generation, "offset",
			(json_int_t)sub->offset, "oldest", (json_int_t)range->oldest, "newest",
			(json_int_t)range->newest));
}

/* What a supervisor that died had read and not written is gone, and nobody knows how much. */
static void end_of_task(struct stream *st, struct log_sub *sub, const struct task *t)
{
	json_t *frame = end_frame(sub, t->state);

	if (t->reason == REASON_SUPERVISOR_LOST)
		queue_gap(st, sub, sub->offset, 0);
	end_number(frame, "exit_code", record_has(task, t, exit_code), t->exit_code);
	end_number(frame, "signal", record_has(task, t, signal), t->signal);
	end(st, sub, frame);
}

/* The end of what there is: for good, or until more is written. */
static void at_end(struct stream *st, struct log_sub *sub, const struct workload *row, bool final)
{
	struct server *s = st->conn->server;
	const struct task *task;

	sub->idle = true;
	if (!final)
		return;
	sub->ending = true;
	task = s->asks->task(s->platform, sub->uid, sub->task, sub->attempt);
	if (task == NULL)
		end_of_all(st, sub, row);
	else if (work_state_final(task->state))
		end_of_task(st, sub, task);
}

/* ---- Bytes ---- */

/* Most streams have rows only. */
static unsigned char *log_frame(struct stream *st)
{
	if (st->frame == NULL)
		st->frame = mem_alloc(WS_ROOM + WIRE_LOG_HEADER + WIRE_LOG_CHUNK);
	return st->frame + WS_ROOM;
}

static void send_bytes(struct stream *st, struct log_sub *sub, size_t len, bool *wrote)
{
	char *frame = (char *)log_frame(st);
	struct wire_log log = {
		.sub = sub->id,
		.generation = sub->generation,
		.offset = sub->offset,
		.length = (uint32_t)len,
		.bytes = frame + WIRE_LOG_HEADER,
	};

	wire_log_header(frame, &log);
	sub->offset += len;
	sub->credit -= (int64_t)len;
	*wrote = true;
	stream_write(st, frame, WIRE_LOG_HEADER + len, false);
}

/* Not yet: when it is looked at again, another attempt may be the newest. */
static void no_log(struct stream *st, struct log_sub *sub, const struct workload *row)
{
	if (!sub->begun) {
		st->conn->server->asks->log_close(sub->cursor);
		sub->cursor = NULL;
	}
	wait_or_end(st, sub, row);
}

static void read_and_send(struct stream *st, struct log_sub *sub, const struct workload *row,
	bool *wrote)
{
	size_t room = sub->credit < WIRE_LOG_CHUNK ? (size_t)sub->credit : WIRE_LOG_CHUNK;
	struct log_piece piece;
	enum log_step step = st->conn->server->asks->log_next(sub->cursor,
		log_frame(st) + WIRE_LOG_HEADER, room, &piece);

	if (step != LOG_NOT_NOW && step != LOG_COMING)
		sub->unread = 0;
	switch (step) {
	case LOG_BEGUN: begin(st, sub, &piece.range); break;
	case LOG_BYTES: send_bytes(st, sub, piece.len, wrote); break;
	case LOG_GAP:
		queue_gap(st, sub, piece.offset, piece.lost);
		sub->offset = piece.offset + piece.lost;
		break;
	case LOG_END: at_end(st, sub, row, piece.range.final); break;
	case LOG_NONE: no_log(st, sub, row); break;
	case LOG_NOT_NOW:
		err_prefix(&piece.e, "%s %s", sub->kind->name, record_key(sub->kind, row));
		unreadable(st, sub, &piece.e);
		break;
	case LOG_COMING: sub->idle = true; break;
	}
}

/* What the log's next step gave has come. */
static void log_came(void *ctx)
{
	struct log_sub *sub = ctx;

	sub->idle = false;
	stream_wake(sub->stream);
}

static void serve(struct stream *st, struct log_sub *sub, bool *wrote)
{
	const struct server *s = st->conn->server;
	const struct workload *row = find(st, sub->kind, sub->org, sub->uid);
	struct err e = ERR_INIT;

	if (row == NULL) {
		err_set(&e, ERR_NOT_FOUND, "the %s of this log was deleted", sub->kind->name);
		fail(st, sub, &e);
		return;
	}
	if (sub->cursor == NULL)
		sub->cursor = s->asks->log_open(s->platform, sub->kind, row, sub->task,
			sub->attempt, log_came, sub, &e);
	if (sub->cursor)
		read_and_send(st, sub, row, wrote);
	else
		wait_or_end(st, sub, row);
}

static bool log_ready(const struct log_sub *sub)
{
	return !sub->idle && (!sub->begun || sub->credit > 0);
}

bool stream_logs_pending(const struct stream *st)
{
	for (size_t i = 0; i < st->logs.len; i++)
		if (log_ready(st->logs.items[i]))
			return true;
	return false;
}

/* Round robin: each in turn one chunk. */
void stream_logs_write(struct stream *st, bool *wrote)
{
	for (size_t i = 0; i < st->logs.len; i++) {
		size_t at = (st->next_log + i) % st->logs.len;

		if (log_ready(st->logs.items[at])) {
			st->next_log = at + 1;
			serve(st, st->logs.items[at], wrote);
			return;
		}
	}
}
