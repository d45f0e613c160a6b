/*
 * Why an attempt failed, in one line: of the log's end, once all of it is there. What the engine
 * knows for certain (memory, signals) is said where the log says nothing.
 */
#include "work/work.h"
#include "work/cursor.h"

#include "base/mask.h"
#include "base/mem.h"
#include "core/failure/failure.h"
#include "core/kinds/logplace.h"
#include "core/kinds/rankset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The log's end while it is read, and what it said. */
struct failing {
	struct log_cursor *log;
	struct buf bytes;
	uint64_t offset; /* of the first of them */
	void (*then)(struct active *a);
	bool known, placed; /* placed: found at an offset of the log */
	struct failure found;
	struct logplace place; /* what rows point to while they are put */
	struct rankset ranks;
};

/* Only what ended by itself has a reason of its own. */
static bool is_failure(const struct task_exit *end)
{
	return (end->end == TASK_END_EXIT && end->code != 0) || end->end == TASK_END_SIGNAL ||
		end->end == TASK_END_OOM;
}

/* Without a log, or where that does not tell. */
static void say_exit(struct failing *f, const struct task_exit *end)
{
	const char *text = NULL;

	if (end->end == TASK_END_SIGNAL)
		text = failure_signal(end->signal);
	else if (end->end == TASK_END_EXIT)
		text = failure_exit_code(end->code);
	else if (end->end == TASK_END_OOM)
		text = "out of memory: it used more than its memory_limit";
	if (text)
		snprintf(f->found.text, sizeof f->found.text, "%s", text);
	f->known = text != NULL;
}

static void look_over(struct active *a)
{
	struct failing *f = a->failing;
	void (*then)(struct active *) = f->then;

	/* Before lines are made and cut, so that no part of a value is left. */
	bool covers = secrets_cover(a, f->bytes.data, f->bytes.len);

	/* What was killed for its memory did not see it coming. */
	if (a->end->end != TASK_END_OOM)
		f->placed = failure_read(&f->found, f->bytes.data, f->bytes.len, f->offset);
	if (covers)
		mask_shorten(f->found.text);
	f->known = f->placed;
	if (!f->known)
		say_exit(f, a->end);
	buf_release(&f->bytes);
	log_cursor_close(f->log);
	f->log = NULL;
	f->then = NULL;
	then(a);
}

static void look_begin(struct failing *f, const struct log_range *range)
{
	f->offset = range->newest - range->oldest > FAILURE_TAIL ? range->newest - FAILURE_TAIL
								 : range->oldest;
	log_cursor_seek(f->log, f->offset);
	buf_reset(&f->bytes);
}

static void look_go(void *ctx)
{
	struct active *a = ctx;
	struct failing *f = a->failing;
	char bytes[16 * 1024];
	struct log_piece piece;

	while (f->bytes.len < FAILURE_TAIL) {
		switch (log_cursor_next(f->log, bytes, sizeof bytes, &piece)) {
		case LOG_BEGUN: look_begin(f, &piece.range); continue;
		case LOG_BYTES: buf_add(&f->bytes, bytes, piece.len); continue;
		case LOG_GAP: /* lines do not go on over it */
			buf_reset(&f->bytes);
			f->offset = log_cursor_offset(f->log);
			continue;
		case LOG_COMING: return;
		case LOG_END:
		case LOG_NONE:
		case LOG_NOT_NOW: break;
		}
		break;
	}
	look_over(a);
}

void failure_look(struct active *a, void (*then)(struct active *a))
{
	struct task_ref ref = task_of(a);

	failure_drop(a);
	if (!is_failure(a->end)) {
		then(a);
		return;
	}
	a->failing = mem_alloc(sizeof *a->failing);
	*a->failing = (struct failing){.bytes = BUF_INIT, .then = then};
	a->failing->log = log_cursor_open(&a->w->engine, &ref, look_go, a);
	look_go(a);
}

/* Beside what the ranks said while they ran. */
static void ranks_put(struct failing *f, struct draft *d)
{
	if (f->found.first_failed < 0)
		return;
	rankset_failed(&f->ranks, d->row.ranks, f->found.first_failed);
	draft_tell(d, ranks, true, (struct nested){&f->ranks});
}

void failure_put(struct active *a, struct draft *d)
{
	struct failing *f = a->failing;
	struct task_ref ref = task_of(a);

	draft_hide(d, failure);
	draft_hide(d, failure_at);
	if (f == NULL)
		return;
	draft_tell(d, failure, f->known, f->found.text);
	if (!f->placed)
		return;
	record_set(logplace, &f->place, task, ref.task);
	record_set(logplace, &f->place, attempt, ref.attempt);
	record_set(logplace, &f->place, offset, (int64_t)f->found.offset);
	draft_tell(d, failure_at, true, (struct nested){&f->place});
	ranks_put(f, d);
}

void failure_drop(struct active *a)
{
	if (a->failing == NULL)
		return;
	log_cursor_close(a->failing->log);
	buf_release(&a->failing->bytes);
	free(a->failing);
	a->failing = NULL;
}
