/* Logs over plain HTTP: the newest part as JSON, or a chunked stream of lines to the end. */
#include "kinds/work.h"

#include "base/mem.h"
#include "base/num.h"
#include "base/utf8.h"
#include "work/cursor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	LOGS_MAX = 256 * 1024,
	FOLLOW_MAX = 16 << 20, /* ?follow with ?lines: looked for no further back */
	LINES_MAX = 1000000,
	PIECE = 16 * 1024,
};

struct wanted {
	const char *task;
	int attempt;
	int64_t lines; /* 0: not said */
	bool follow;
};

static bool wanted_read(const struct request *r, struct wanted *w, struct err *e)
{
	const char *lines = request_query(r, "lines"), *attempt = request_query(r, "attempt");
	const char *follow = request_query(r, "follow");
	int64_t n = 0;

	*w = (struct wanted){.task = request_query(r, "task")};
	if (lines && !num_i64(lines, 0, LINES_MAX, &w->lines))
		return err_field(e, ERR_INVALID, "lines",
			"lines is '%.40s': give a number up to %d", lines, LINES_MAX);
	if (attempt && !num_i64(attempt, 0, INT32_MAX, &n))
		return err_field(e, ERR_INVALID, "attempt", "attempt is '%.40s': give its number",
			attempt);
	w->attempt = (int)n;
	w->follow = follow &&
		(strcmp(follow, "True") == 0 || strcmp(follow, "true") == 0 ||
			strcmp(follow, "1") == 0);
	return true;
}

/*
 * Somebody who reads a log. First `begin` is found: where the last lines begin, looked for from the
 * end backwards, a piece at a time; then it is read from there on.
 */
struct reader {
	struct follower link; /* in the platform's list while it follows */
	struct platform *p;
	struct request *r;
	const struct kind *kind;
	char *task;
	int64_t lines; /* still to be found */
	bool follow;
	struct log_cursor *cursor; /* NULL: there is no log yet */
	/* finding */
	bool begun, found, last;
	uint64_t lowest, at, end; /* looked at from `at` on; the end as it was at first */
	uint64_t oldest;
	char piece[PIECE];
	size_t have; /* bytes of the piece that ends at `at` */
	/* reading */
	struct buf raw;
};

static void reader_free(struct reader *d)
{
	struct follower **at = &d->p->work.followers;

	while (*at && *at != &d->link)
		at = &(*at)->next;
	if (*at)
		*at = d->link.next;
	log_cursor_close(d->cursor);
	buf_release(&d->raw);
	free(d->task);
	free(d);
}

/* ---- Finding where to begin ---- */

static void find_begin(struct reader *d, const struct log_range *range)
{
	uint64_t most = d->follow ? d->lines ? FOLLOW_MAX : range->newest : LOGS_MAX;

	d->begun = d->last = true;
	d->oldest = range->oldest;
	d->end = d->at = range->newest;
	d->lowest = range->newest - range->oldest > most ? range->newest - most : range->oldest;
	if (d->lines == 0)
		d->at = d->lowest;
}

static size_t find_wants(const struct reader *d)
{
	return d->at - d->lowest > PIECE ? PIECE : (size_t)(d->at - d->lowest);
}

/* The piece before `at` is whole. A last line without its end counts as one. */
static void find_lines(struct reader *d)
{
	uint64_t from = d->at - d->have;

	while (d->have-- > 0) {
		if (d->piece[d->have] == '\n' && !d->last && --d->lines == 0) {
			d->at = from + d->have + 1;
			d->found = true;
			return;
		}
		d->last = false;
	}
	d->have = 0;
	d->at = from;
}

/* LOG_BYTES: found, and the cursor is there. Else why it cannot go on now. */
static enum log_step find(struct reader *d, struct log_piece *piece)
{
	for (;;) {
		size_t size = d->begun ? find_wants(d) : PIECE;

		if (d->begun && (d->found || size == 0)) {
			d->found = true;
			log_cursor_seek(d->cursor, d->at);
			return LOG_BYTES;
		}
		if (d->begun && log_cursor_offset(d->cursor) != d->at - size + d->have)
			log_cursor_seek(d->cursor, d->at - size + d->have);
		enum log_step step = log_cursor_next(d->cursor, d->piece + d->have, size - d->have,
			piece);

		switch (step) {
		case LOG_BEGUN:
			d->have = 0;
			find_begin(d, &piece->range);
			break;
		case LOG_BYTES:
			d->have += piece->len;
			if (d->have == size)
				find_lines(d);
			break;
		case LOG_GAP:
		case LOG_END: d->found = true; break; /* what is behind it is whole */
		default: return step;
		}
	}
}

/* ---- The newest part ---- */

/* Bytes as they are become a text that JSON can hold. */
static void add_valid(struct buf *out, const char *bytes, size_t len)
{
	for (size_t at = 0; at < len;) {
		uint32_t cp;
		bool valid = true;
		size_t n = utf8_decode(bytes + at, len - at, &cp, &valid, NULL);

		if (valid && cp != 0)
			buf_add(out, bytes + at, n);
		else
			buf_adds(out, "\xEF\xBF\xBD");
		at += n;
	}
}

/* The cut of 256 KiB may fall into a character: its rest is dropped. */
static size_t skip_continuation(const struct buf *b)
{
	size_t n = 0;

	while (n < 3 && n < b->len && ((unsigned char)b->data[n] & 0xC0) == 0x80)
		n++;
	return n;
}

static void answer_text(struct reader *d)
{
	struct buf text = BUF_INIT;
	size_t skip = d->at > d->oldest ? skip_continuation(&d->raw) : 0;

	add_valid(&text, d->raw.data + skip, d->raw.len - skip);
	/* No key `error`: one of the public client's screens takes it for a refusal even if false. */
	request_reply(d->r, 200, json_pack("{s:o}", "logs", json_stringn(text.data, text.len)));
	buf_release(&text);
	reader_free(d);
}

static void gap_tell(struct buf *out, const struct log_piece *piece)
{
	buf_addf(out, "\n[%llu bytes of the log are missing]\n", (unsigned long long)piece->lost);
}

/* As far as the end was when it began. LOG_END: all of it is there. */
static enum log_step read_text(struct reader *d, struct log_piece *piece)
{
	char bytes[PIECE];

	while (log_cursor_offset(d->cursor) < d->end) {
		uint64_t left = d->end - log_cursor_offset(d->cursor);
		enum log_step step = log_cursor_next(d->cursor, bytes,
			left < PIECE ? (size_t)left : PIECE, piece);

		switch (step) {
		case LOG_BYTES: buf_add(&d->raw, bytes, piece->len); break;
		case LOG_GAP: gap_tell(&d->raw, piece); break;
		case LOG_BEGUN: buf_reset(&d->raw); break; /* other bytes now: those count */
		default: return step;
		}
	}
	return LOG_END;
}

/* ---- Following ---- */

/* Has the attempt ended, with nothing more to come? */
static bool follow_over(const struct reader *d, const struct workload *row)
{
	if (d->link.attempt == 0)
		return work_state_final(row->state);
	return row->attempt > d->link.attempt || work_state_final(row->state) ||
		row->state == WORK_ENQUEUED;
}

static void log_came(void *ctx)
{
	struct reader *d = ctx;

	request_stream_wake(d->r);
}

/* It grew, or its task ended. */
static void log_woken(void *ctx)
{
	struct reader *d = ctx;

	log_cursor_news(d->cursor);
	request_stream_wake(d->r);
}

/* False: it is over. */
static bool follow_step(struct reader *d, const struct workload *row, struct buf *out, size_t size)
{
	struct log_piece piece;
	enum log_step step;

	do
		step = log_cursor_next(d->cursor, out->data + out->len, size, &piece);
	while (step == LOG_BEGUN);
	switch (step) {
	case LOG_BYTES:
		out->len += piece.len;
		out->data[out->len] = '\0';
		return true;
	case LOG_GAP: gap_tell(out, &piece); return true;
	case LOG_END: return !piece.range.final || !follow_over(d, row);
	case LOG_NONE: return !follow_over(d, row);
	case LOG_NOT_NOW: logs_wake_later(&d->p->work, &d->link); return true;
	default: return true; /* it is coming */
	}
}

static enum stream_step follow_more(void *ctx, struct buf *out, size_t room)
{
	struct reader *d = ctx;
	const struct workload *row = model_row(&d->p->model, d->kind, d->link.uid);
	size_t size = room < PIECE ? room : PIECE;

	if (row == NULL || d->p->work.closing)
		return STREAM_ENDED;
	if (d->cursor == NULL) {
		d->cursor = work_log_open(&d->p->work, d->kind, row, d->task, d->link.attempt,
			log_came, d, NULL);
		if (d->cursor == NULL)
			return follow_over(d, row) ? STREAM_ENDED : STREAM_GOES_ON;
		d->link.attempt = log_cursor_attempt(d->cursor);
	}
	buf_reserve(out, size);
	return follow_step(d, row, out, size) ? STREAM_GOES_ON : STREAM_ENDED;
}

static void follow_end(void *ctx)
{
	reader_free(ctx);
}

static void answer_stream(struct reader *d)
{
	struct request_stream stream = {d, follow_more, follow_end};

	d->link.wake = log_woken;
	d->link.ctx = d;
	d->link.next = d->p->work.followers;
	d->p->work.followers = &d->link;
	request_reply_stream(d->r, "text/plain; charset=utf-8", &stream);
}

/* ---- Asking ---- */

/* Nothing yet is no error, unless a task or attempt was asked for that will never be. */
static void answer_nothing(struct reader *d, const struct err *e)
{
	const struct workload *row = model_row(&d->p->model, d->kind, d->link.uid);
	bool never = row == NULL || (d->task && strcmp(d->task, task_single) != 0) ||
		d->link.attempt > row->attempt + 1;

	if (!never && d->follow && !work_state_final(row->state)) {
		log_cursor_close(d->cursor);
		d->cursor = NULL;
		d->link.attempt = 0;
		answer_stream(d);
		return;
	}
	if (never)
		request_fail(d->r, e);
	else
		request_reply(d->r, 200, json_pack("{s:s}", "logs", ""));
	reader_free(d);
}

/* Goes on as far as there are answers. */
static void reader_go(void *ctx)
{
	struct reader *d = ctx;
	struct log_piece piece;
	enum log_step step = d->found ? LOG_BYTES : find(d, &piece);

	if (step == LOG_BYTES && d->follow) {
		log_cursor_ready(d->cursor, log_came, d);
		answer_stream(d);
		return;
	}
	if (step == LOG_BYTES)
		step = read_text(d, &piece);
	switch (step) {
	case LOG_COMING: return;
	case LOG_NONE: answer_nothing(d, &piece.e); return;
	case LOG_NOT_NOW:
		err_prefix(&piece.e, "%s %s", d->kind->name, d->r->params[0]);
		request_fail_retry(d->r, &piece.e, RETRY_AFTER_S);
		reader_free(d);
		return;
	default: answer_text(d); return;
	}
}

void workload_logs(struct request *r)
{
	const struct workload *row = request_object(r);
	struct wanted w;
	struct reader *d;
	struct err e = ERR_INIT;

	if (row == NULL)
		return;
	if (!wanted_read(r, &w, &e)) {
		request_fail(r, &e);
		return;
	}
	d = mem_alloc(sizeof *d);
	d->p = r->platform;
	d->r = r;
	d->kind = r->route->kind;
	d->task = w.task ? mem_strdup(w.task) : NULL;
	d->lines = w.lines;
	d->follow = w.follow;
	d->raw = (struct buf)BUF_INIT;
	snprintf(d->link.uid, sizeof d->link.uid, "%s", row->uid);
	d->link.attempt = w.attempt;
	d->cursor = work_log_open(&d->p->work, d->kind, row, d->task, w.attempt, reader_go, d, &e);
	if (d->cursor == NULL) {
		answer_nothing(d, &e);
		return;
	}
	d->link.attempt = log_cursor_attempt(d->cursor);
	reader_go(d);
}
