#include "work/cursor.h"

#include "base/buf.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* What the question in `ask` is for. */
enum asked {
	ASKED_RANGE, /* where the log stands, to begin */
	ASKED_BYTES,
	ASKED_END, /* there were no more bytes: where it stands, to tell which end that is */
};

struct log_cursor {
	struct engine *const *engine;
	char *uid, *task;
	struct task_ref ref; /* into the texts above */
	void (*ready)(void *ctx);
	void *ctx;
	bool begun, look;
	uint32_t generation;
	uint64_t offset;
	enum asked asked;
	struct log_ask ask;
	bool coming;   /* the engine has not answered ask yet */
	bool answered; /* it has, with `step`, and nobody took that */
	bool news;     /* since it was asked */
	enum log_step step;
	struct buf late; /* bytes of a late answer, not yet given from late_at on */
	size_t late_at;
};

struct log_cursor *log_cursor_open(struct engine *const *engine, const struct task_ref *ref,
	void (*ready)(void *ctx), void *ctx)
{
	struct log_cursor *c = mem_alloc(sizeof *c);

	c->engine = engine;
	c->uid = mem_strdup(ref->uid);
	c->task = mem_strdup(ref->task);
	c->ref = (struct task_ref){c->uid, c->task, ref->attempt};
	c->ready = ready;
	c->ctx = ctx;
	c->late = (struct buf)BUF_INIT;
	return c;
}

void log_cursor_close(struct log_cursor *c)
{
	if (c == NULL)
		return;
	if (c->coming && *c->engine && (*c->engine)->ops->log_cancel)
		(*c->engine)->ops->log_cancel(*c->engine, &c->ask);
	buf_release(&c->late);
	free(c->uid);
	free(c->task);
	free(c);
}

void log_cursor_seek(struct log_cursor *c, uint64_t offset)
{
	c->offset = offset;
	c->answered = false; /* what came meanwhile is of another place */
	buf_reset(&c->late);
	c->late_at = 0;
}

void log_cursor_news(struct log_cursor *c)
{
	if (c)
		c->news = c->coming || c->answered;
}

void log_cursor_look(struct log_cursor *c)
{
	c->look = true;
	log_cursor_news(c);
}

void log_cursor_ready(struct log_cursor *c, void (*ready)(void *ctx), void *ctx)
{
	c->ready = ready;
	c->ctx = ctx;
}

uint64_t log_cursor_offset(const struct log_cursor *c)
{
	return c->offset;
}

int log_cursor_attempt(const struct log_cursor *c)
{
	return c->ref.attempt;
}

static void log_answered(struct log_ask *ask, enum log_step step, const void *bytes)
{
	struct log_cursor *c = ask->ctx;

	c->coming = false;
	c->answered = true;
	c->step = step;
	if (step == LOG_BYTES)
		buf_add(&c->late, bytes, ask->len);
	c->ready(c->ctx);
}

/* An answer that came meanwhile, or a new one. */
static enum log_step step_ask(struct log_cursor *c, void *out, size_t size)
{
	struct engine *en = *c->engine;
	enum log_step step;

	if (c->answered) {
		c->answered = false;
		return c->step;
	}
	c->ask = (struct log_ask){.offset = c->offset,
		.out = out,
		.size = c->asked == ASKED_BYTES ? size : 0,
		.answered = log_answered,
		.ctx = c};
	if (en == NULL) {
		err_set(&c->ask.e, ERR_NOT_FOUND, "the platform is stopping");
		return LOG_NONE;
	}
	c->coming = true;
	c->news = false;
	step = en->ops->log_ask(en, &c->ref, &c->ask);
	c->coming = step == LOG_COMING;
	return step;
}

static enum log_step late_give(struct log_cursor *c, void *out, size_t size,
	struct log_piece *piece)
{
	size_t left = c->late.len - c->late_at;

	piece->offset = c->offset;
	piece->len = left < size ? left : size;
	memcpy(out, c->late.data + c->late_at, piece->len);
	c->offset += piece->len;
	c->late_at += piece->len;
	if (c->late_at == c->late.len)
		log_cursor_seek(c, c->offset);
	return LOG_BYTES;
}

static enum log_step range_taken(struct log_cursor *c, struct log_piece *piece)
{
	const struct log_range *r = &c->ask.range;
	bool same = c->begun && r->generation == c->generation;

	if (!same)
		log_cursor_seek(c, r->oldest);
	c->begun = true;
	c->generation = r->generation;
	piece->offset = c->offset;
	piece->range = *r;
	if (c->asked != ASKED_END || !same) {
		c->look = false;
		return LOG_BEGUN;
	}
	piece->range.final = r->final && c->offset >= r->newest;
	return LOG_END;
}

static enum log_step bytes_taken(struct log_cursor *c, void *out, size_t size,
	struct log_piece *piece)
{
	if (c->late.len > 0)
		return late_give(c, out, size, piece);
	piece->len = c->ask.len;
	c->offset += c->ask.len;
	return LOG_BYTES;
}

static enum log_step gap_taken(struct log_cursor *c, struct log_piece *piece)
{
	piece->offset = c->ask.gap.offset;
	piece->lost = c->ask.gap.lost;
	c->offset = piece->offset + piece->lost;
	return LOG_GAP;
}

/* A gap that leads nowhere is an end: whoever asks again and again must come on. */
static bool is_end(const struct log_cursor *c, enum log_step step)
{
	return c->asked == ASKED_BYTES &&
		(step == LOG_END ||
			(step == LOG_GAP && c->ask.gap.offset + c->ask.gap.lost <= c->offset));
}

/* It says that there is no more, and something happened since. */
static bool is_stale(const struct log_cursor *c)
{
	return c->answered && c->news &&
		(is_end(c, c->step) || c->asked == ASKED_END || c->step == LOG_NONE);
}

enum log_step log_cursor_next(struct log_cursor *c, void *out, size_t size, struct log_piece *piece)
{
	enum log_step step;

	*piece = (struct log_piece){.offset = c->offset};
	if (c->coming)
		return LOG_COMING;
	if (is_stale(c))
		c->answered = false;
	if (c->late_at < c->late.len && !c->answered)
		return late_give(c, out, size, piece);
	if (!c->answered)
		c->asked = !c->begun || c->look ? ASKED_RANGE : ASKED_BYTES;
	for (step = step_ask(c, out, size); is_end(c, step); step = step_ask(c, out, size))
		c->asked = ASKED_END;
	switch (step) {
	case LOG_BEGUN: return range_taken(c, piece);
	case LOG_BYTES: return bytes_taken(c, out, size, piece);
	case LOG_GAP: return gap_taken(c, piece);
	default: piece->e = c->ask.e; return step;
	}
}
