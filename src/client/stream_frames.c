#include "client/stream_inside.h"

#include "base/mem.h"
#include "base/sanitize.h"
#include "base/timefmt.h"

#include <stdlib.h>
#include <string.h>

/*
 * Every event may close subscriptions or free the stream (which takes effect on a later turn), so
 * a subscription is not touched after its event.
 */

/* ---- Rows ---- */

/* True: told of a reset. The first frame after a cut: what is shown may be of rows that are gone by now. */
static bool rows_begin(struct stream *s, struct sub *sub)
{
	bool again = sub->fresh && sub->before;

	sub->fresh = false;
	sub->before = true;
	if (again)
		s->events.reset(s->events.ctx, sub->id);
	return again;
}

static void on_rows_frame(struct stream *s, const struct wire_frame *f)
{
	uint32_t id = f->id;
	struct sub *sub = sub_find(s, id);
	bool told;

	if (sub == NULL || sub->log)
		return; /* closed meanwhile */
	if (f->version != 0)
		sub->version = f->version;
	told = rows_begin(s, sub);
	if (s->closing || sub_find(s, id) == NULL)
		return;
	if (f->type == WIRE_ROW && f->rows)
		s->events.rows(s->events.ctx, id, f->rows);
	else if (f->type == WIRE_GONE && f->uids)
		s->events.gone(s->events.ctx, id, f->uids);
	else if (f->type == WIRE_SYNCED)
		s->events.synced(s->events.ctx, id);
	else if (f->type == WIRE_RESET && !told)
		s->events.reset(s->events.ctx, id);
}

/* ---- Logs ---- */

static void cut_unjoined(struct stream *s, const struct sub *sub, uint64_t got)
{
	struct err e = ERR_INIT;

	err_set(&e, ERR_UNAVAILABLE,
		"the log of %s does not join: offset %llu came where %llu was due; asking again",
		sub->job, (unsigned long long)got, (unsigned long long)sub->next);
	stream_cut(s, &e);
}

static void tell_state(struct stream *s, const struct sub *sub, const struct wire_frame *f)
{
	struct stream_log_state state = {
		.uid = sub->job,
		.task = sub->task,
		.attempt = sub->attempt,
		.oldest = (uint64_t)f->oldest,
		.newest = (uint64_t)f->newest,
		.final = f->type == WIRE_END,
		.state = f->state ? f->state : "",
		.exit_code = f->exit_code,
		.signal = f->signal,
	};

	if (state.final)
		state.newest = (uint64_t)f->offset;
	s->events.log_state(s->events.ctx, sub->id, &state);
}

static void replace(char **text, const char *with)
{
	if (with == NULL || *with == '\0' || strcmp(*text, with) == 0)
		return;
	free(*text);
	*text = mem_strdup(with);
}

/* Where bytes will start: at first wherever the platform says; after a cut where they ended. */
static void on_log_begin(struct stream *s, struct sub *sub, const struct wire_frame *f)
{
	uint64_t offset = (uint64_t)f->offset;
	uint32_t id = sub->id;

	replace(&sub->job, f->uid);
	replace(&sub->task, f->task);
	sub->attempt = f->attempt;
	sub->fresh = false;
	if (!sub->started || (f->generation != sub->generation && offset < sub->next)) {
		bool again = sub->started;

		sub->started = true;
		sub->next = offset;
		sub->generation = f->generation;
		if (again) /* a power loss took bytes that we have: they will be written anew */
			s->events.reset(s->events.ctx, id);
	} else {
		uint64_t from = sub->next;

		sub->generation = f->generation;
		if (offset < from) {
			cut_unjoined(s, sub, offset);
			return;
		}
		sub->next = offset;
		if (offset > from)
			s->events.log_gap(s->events.ctx, id, from, offset - from);
	}
	sub = s->closing ? NULL : sub_find(s, id);
	if (sub)
		tell_state(s, sub, f);
}

static void on_log_gap(struct stream *s, struct sub *sub, const struct wire_frame *f)
{
	uint64_t offset = (uint64_t)f->offset, lost = (uint64_t)f->lost;

	if (!sub->started || offset != sub->next) {
		cut_unjoined(s, sub, offset);
		return;
	}
	sub->next += lost;
	s->events.log_gap(s->events.ctx, sub->id, offset, lost);
}

static void on_log_end(struct stream *s, struct sub *sub, const struct wire_frame *f)
{
	if (!sub->started) {
		sub->started = true; /* it ended without a byte */
		sub->next = (uint64_t)f->offset;
	}
	if ((uint64_t)f->offset != sub->next) {
		cut_unjoined(s, sub, (uint64_t)f->offset);
		return;
	}
	sub->final = true;
	tell_state(s, sub, f);
}

static void on_log_frame(struct stream *s, const struct wire_frame *f)
{
	struct sub *sub = sub_find(s, f->id);

	if (sub == NULL || !sub->log)
		return;
	if (f->offset < 0)
		cut_unjoined(s, sub, 0);
	else if (f->type == WIRE_LOG)
		on_log_begin(s, sub, f);
	else if (f->type == WIRE_GAP)
		on_log_gap(s, sub, f);
	else
		on_log_end(s, sub, f);
}

static void on_log_bytes(struct stream *s, const char *bytes, size_t len)
{
	struct wire_log log;
	struct err e = ERR_INIT;
	struct sub *sub;

	if (!wire_log_decode(&log, bytes, len, &e)) {
		e.code = ERR_UNAVAILABLE;
		stream_cut(s, &e);
		return;
	}
	sub = sub_find(s, log.sub);
	if (sub == NULL || !sub->log)
		return;
	if (!sub->started || log.offset != sub->next || log.generation != sub->generation) {
		cut_unjoined(s, sub, log.offset);
		return;
	}
	sub->next += log.length;
	sub->window += log.length;
	if (log.length > 0)
		s->events.log_bytes(s->events.ctx, log.sub, log.offset, log.bytes, log.length);
}

/* ---- Errors ---- */

static void on_error_frame(struct stream *s, const struct wire_frame *f)
{
	const char *message = f->message ? f->message : "the platform gave no reason";
	struct buf line = BUF_INIT;
	struct err e = ERR_INIT;

	sanitize_text(&line, message, strlen(message));
	err_field(&e, err_from_http((int)f->code), f->field ? f->field : "", "%.900s", line.data);
	buf_release(&line);
	if (f->id == 0) {
		stream_cut(s, &e);
		return;
	}
	if (sub_find(s, f->id) == NULL)
		return;
	sub_remove(s, f->id);
	s->events.sub_error(s->events.ctx, f->id, &e);
}

static void on_text(struct stream *s, const char *bytes, size_t len)
{
	struct wire_frame f = {0};
	struct err e = ERR_INIT;

	if (!wire_frame_decode(&f, bytes, len, &e)) {
		e.code = ERR_UNAVAILABLE;
		stream_cut(s, &e);
		return;
	}
	switch (f.type) {
	case WIRE_ROW:
	case WIRE_GONE:
	case WIRE_SYNCED:
	case WIRE_RESET: on_rows_frame(s, &f); break;
	case WIRE_LOG:
	case WIRE_GAP:
	case WIRE_END: on_log_frame(s, &f); break;
	case WIRE_ERROR: on_error_frame(s, &f); break;
	case WIRE_PONG: stream_pong(s, f.id); break;
	default: break; /* what only clients send means nothing here */
	}
	wire_frame_release(&f);
}

void stream_frame(struct stream *s, bool binary, const char *bytes, size_t len)
{
	s->last_heard = time_mono_ms();
	if (binary)
		on_log_bytes(s, bytes, len);
	else
		on_text(s, bytes, len);
}
