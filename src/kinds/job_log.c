/* Logs over plain HTTP: the newest part as JSON, or a chunked stream of lines to the end. */
#include "kinds/routes.h"

#include "base/mem.h"
#include "base/num.h"
#include "base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	LOGS_MAX = 256 * 1024,
	FOLLOW_MAX = 16
		<< 20, /* ?follow with ?lines: looked for no further back, for the loop waits */
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

/* How much of the newest `most` bytes there is, from where on. */
static uint64_t tail_begin(const struct log_range *range, uint64_t most)
{
	return range->newest - range->oldest > most ? range->newest - most : range->oldest;
}

/* All `size` bytes, which may lie in two segments; else LOG_GAP or LOG_UNREADABLE. */
static ssize_t read_whole(struct platform *p, const struct job *j, const struct wanted *w,
	uint64_t at, char *bytes, size_t size, struct err *e)
{
	struct log_gap gap;

	for (size_t have = 0; have < size;) {
		ssize_t n = platform_log_read(p, j, w->task, w->attempt, at + have, bytes + have,
			size - have, &gap, e);

		if (n <= 0)
			return n < 0 ? n : LOG_GAP;
		have += (size_t)n;
	}
	return (ssize_t)size;
}

/* Where the last `lines` lines begin. A last line without its end counts as one. */
static bool lines_begin(struct platform *p, const struct job *j, const struct wanted *w,
	const struct log_range *range, uint64_t lowest, uint64_t *begin, struct err *e)
{
	char bytes[PIECE];
	uint64_t at = range->newest;
	int64_t left = w->lines;
	bool last = true;

	while (at > lowest) {
		uint64_t from = at - lowest > PIECE ? at - PIECE : lowest;
		size_t n = (size_t)(at - from);
		ssize_t got = read_whole(p, j, w, from, bytes, n, e);

		if (got == LOG_UNREADABLE)
			return false;
		*begin = at;
		if (got < 0)
			return true; /* a gap: what is behind it is whole */
		while (n-- > 0) {
			if (bytes[n] == '\n' && !last && --left == 0) {
				*begin = from + (uint64_t)n + 1;
				return true;
			}
			last = false;
		}
		at = from;
	}
	*begin = lowest;
	return true;
}

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

static bool read_from(struct platform *p, const struct job *j, const struct wanted *w, uint64_t at,
	uint64_t end, struct buf *out, struct err *e)
{
	char bytes[PIECE];
	struct log_gap gap;

	while (at < end) {
		size_t size = end - at < PIECE ? (size_t)(end - at) : PIECE;
		ssize_t n = platform_log_read(p, j, w->task, w->attempt, at, bytes, size, &gap, e);

		if (n == LOG_UNREADABLE)
			return false;
		if (n == 0)
			break;
		if (n == LOG_GAP) {
			uint64_t next = gap.offset + gap.lost;

			buf_addf(out, "\n[%llu bytes of the log are missing]\n",
				(unsigned long long)gap.lost);
			if (next <= at)
				break;
			at = next;
			continue;
		}
		buf_add(out, bytes, (size_t)n);
		at += (uint64_t)n;
	}
	return true;
}

/* The cut of 256 KiB may fall into a character: its rest is dropped. */
static size_t skip_continuation(const struct buf *b)
{
	size_t n = 0;

	while (n < 3 && n < b->len && ((unsigned char)b->data[n] & 0xC0) == 0x80)
		n++;
	return n;
}

static void answer_text(struct request *r, const struct job *j, const struct wanted *w,
	const struct log_range *range)
{
	struct buf raw = BUF_INIT, text = BUF_INIT;
	uint64_t lowest = tail_begin(range, LOGS_MAX), from = lowest;
	struct err e = ERR_INIT;
	size_t skip;

	if ((w->lines && !lines_begin(r->platform, j, w, range, lowest, &from, &e)) ||
		!read_from(r->platform, j, w, from, range->newest, &raw, &e)) {
		request_fail_retry(r, &e, RETRY_AFTER_S);
		buf_release(&raw);
		return;
	}
	skip = from > range->oldest ? skip_continuation(&raw) : 0;
	add_valid(&text, raw.data + skip, raw.len - skip);
	/* No key `error`: one of the public client's screens takes it for a refusal even if false. */
	request_reply(r, 200, json_pack("{s:o}", "logs", json_stringn(text.data, text.len)));
	buf_release(&raw);
	buf_release(&text);
}

/* ---- Following ---- */

struct following {
	struct follower link;
	struct platform *p;
	char *org_id, *task;
	uint64_t offset;
};

static void follow_end(void *ctx)
{
	struct following *f = ctx;
	struct follower **at = &f->p->followers;

	while (*at && *at != &f->link)
		at = &(*at)->next;
	if (*at)
		*at = f->link.next;
	free(f->org_id);
	free(f->task);
	free(f);
}

/* Has the attempt ended, with nothing more to come? */
static bool follow_over(struct following *f, const struct job *j)
{
	if (f->link.attempt == 0)
		return job_state_final(j->state);
	return j->attempt > f->link.attempt || job_state_final(j->state) ||
		j->state == JOB_ENQUEUED;
}

static bool follow_more(void *ctx, struct buf *out, size_t room)
{
	struct following *f = ctx;
	const struct job *j = rowset_find(&f->p->jobs, f->link.uid);
	struct log_range range;
	struct log_gap gap;
	struct err e = ERR_INIT;
	size_t size = room < PIECE ? room : PIECE;
	ssize_t n = LOG_UNREADABLE;

	if (j == NULL || f->p->closing)
		return false;
	if (!platform_log_range(f->p, j, f->task, f->link.attempt, &range, &f->link.attempt, &e) &&
		e.code != ERR_UNAVAILABLE)
		return !follow_over(f, j);
	if (!buf_reserve(out, size))
		return false;
	if (e.code == ERR_NONE)
		n = platform_log_read(f->p, j, f->task, f->link.attempt, f->offset,
			out->data + out->len, size, &gap, NULL);
	if (n == LOG_UNREADABLE) {
		logs_wake_later(f->p, &f->link);
		return true;
	}
	if (n == LOG_GAP) {
		buf_addf(out, "\n[%llu bytes of the log are missing]\n",
			(unsigned long long)gap.lost);
		f->offset = gap.offset + gap.lost > f->offset ? gap.offset + gap.lost
							      : range.newest;
		return true;
	}
	out->len += (size_t)n;
	out->data[out->len] = '\0';
	f->offset += (uint64_t)n;
	return n > 0 || !range.final || !follow_over(f, j);
}

static void answer_stream(struct request *r, const struct job *j, const struct wanted *w,
	const struct log_range *range, int attempt)
{
	struct following *f;
	struct request_stream stream = {NULL, follow_more, follow_end};
	uint64_t from = range ? range->oldest : 0;
	struct err e = ERR_INIT;

	if (range && w->lines &&
		!lines_begin(r->platform, j, w, range, tail_begin(range, FOLLOW_MAX), &from, &e)) {
		request_fail_retry(r, &e, RETRY_AFTER_S);
		return;
	}
	stream.ctx = f = mem_alloc(sizeof *f);
	f->p = r->platform;
	f->link.r = r;
	f->link.attempt = attempt;
	snprintf(f->link.uid, sizeof f->link.uid, "%s", j->uid);
	f->task = w->task ? mem_strdup(w->task) : NULL;
	f->offset = from;
	f->link.next = f->p->followers;
	f->p->followers = &f->link;
	request_reply_stream(r, "text/plain; charset=utf-8", &stream);
}

void route_train_logs(struct request *r)
{
	const struct job *j = route_job(r);
	struct wanted w;
	struct log_range range;
	struct err e = ERR_INIT;
	int attempt = 0;

	if (j == NULL)
		return;
	if (!wanted_read(r, &w, &e)) {
		request_fail(r, &e);
		return;
	}
	if (platform_log_range(r->platform, j, w.task, w.attempt, &range, &attempt, &e)) {
		w.attempt = attempt;
		if (w.follow)
			answer_stream(r, j, &w, &range, attempt);
		else
			answer_text(r, j, &w, &range);
		return;
	}
	if (e.code == ERR_UNAVAILABLE) {
		request_fail_retry(r, &e, RETRY_AFTER_S);
		return;
	}
	/* Nothing yet is no error, unless a task or attempt was asked for that will never be. */
	if ((w.task && strcmp(w.task, task_single) != 0) || w.attempt > j->attempt + 1)
		request_fail(r, &e);
	else if (w.follow && !job_state_final(j->state))
		answer_stream(r, j, &w, NULL, 0);
	else
		request_reply(r, 200, json_pack("{s:s}", "logs", ""));
}
