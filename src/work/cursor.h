/*
 * Somebody's place in the log of an attempt. One way to read for all who do: a step gives bytes, a
 * gap, the end for now, or says that the log cannot be looked at just now; an engine that answers
 * later is waited for with LOG_COMING. Loop thread only.
 *
 *	for (;;)
 *		switch (log_cursor_next(c, bytes, sizeof bytes, &piece)) {
 *		case LOG_BEGUN: log_cursor_seek(c, piece.range.oldest); break;
 *		...
 *		case LOG_COMING: return; // `ready` comes
 *		}
 */
#ifndef MLTOP_WORK_CURSOR_H
#define MLTOP_WORK_CURSOR_H

#include "core/wire/logs.h"
#include "engine/engine.h"

/*
 * `engine` points to where the owner keeps it: NULL there means that there is none (any more), and
 * every step is LOG_NONE. `ready` is called once after each LOG_COMING; it may close the cursor.
 * The caller closes; texts of `ref` are copied.
 */
struct log_cursor *log_cursor_open(struct engine *const *engine, const struct task_ref *ref,
	void (*ready)(void *ctx), void *ctx);
void log_cursor_close(struct log_cursor *c); /* NULL is fine */

/*
 * Reads at most `size` (at least 1) bytes into `out`. The first step that succeeds is LOG_BEGUN,
 * which stands at the oldest byte. A generation that changed is LOG_BEGUN again, at the oldest byte.
 */
enum log_step log_cursor_next(struct log_cursor *c, void *out, size_t size,
	struct log_piece *piece);
/* Where the next step reads. Not while an answer is coming. */
void log_cursor_seek(struct log_cursor *c, uint64_t offset);
/* The next step is LOG_BEGUN again, with the range as it is then; the place stays. */
void log_cursor_look(struct log_cursor *c);
/*
 * Something happened to the log: an answer on its way, or not taken yet, that there is no more of it is
 * not the last word any more, and the next step asks again. What would have woken its reader has come.
 */
void log_cursor_news(struct log_cursor *c); /* NULL is fine */
/* Another one is told from now on. */
void log_cursor_ready(struct log_cursor *c, void (*ready)(void *ctx), void *ctx);
uint64_t log_cursor_offset(const struct log_cursor *c);
int log_cursor_attempt(const struct log_cursor *c);

#endif
