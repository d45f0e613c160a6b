#include "ui/kit/logpane_inside.h"

#include "base/fold.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

static void rows_free(struct logrow *rows, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sanitized_line_release(&rows[i].line);
	free(rows);
}

void logpane_forget(struct logpane *p)
{
	rows_free(p->rows, p->len);
	p->rows = NULL;
	p->len = 0;
}

void logpane_init(struct logpane *p)
{
	*p = (struct logpane){.follow = true,
		.hit = -1,
		.asked_from = -1,
		.width = 80,
		.height = 21};
}

void logpane_reset(struct logpane *p)
{
	logpane_forget(p);
	free(p->end);
	free(p->error);
	p->end = p->error = NULL;
	p->first = p->lines = p->bytes = p->top = p->paused_at = 0;
	p->top_row = 0;
	p->hit = p->asked_from = -1;
	p->open = p->final = p->asking = p->tail_stale = p->finding = p->seeking = false;
	p->follow = true;
}

void logpane_release(struct logpane *p)
{
	logpane_reset(p);
	free(p->pattern);
	p->pattern = NULL;
}

void logpane_size(struct logpane *p, int width, int height)
{
	p->width = width > 1 ? width : 1;
	p->height = height > 1 ? height : 1;
}

const struct logrow *logpane_row(const struct logpane *p, int64_t line)
{
	return line >= p->first && line < p->first + (int64_t)p->len ? &p->rows[line - p->first]
								     : NULL;
}

/* ---- Geometry ---- */

int logpane_rows(const struct logpane *p, int64_t line)
{
	const struct logrow *row = logpane_row(p, line);
	int n = 0;

	if (!p->wrap || !row || row->gap)
		return 1;
	for (const char *s = row->line.text.data; *s; n++) {
		int used;
		size_t fit = utf8_fit(s, p->width, &used);

		s += fit ? fit : strlen(s);
	}
	return n ? n : 1;
}

/* The place whose screen just holds the end. */
static void end_place(const struct logpane *p, int64_t *top, int *row)
{
	int left = p->height;
	int64_t line = p->lines;

	*row = 0;
	while (line > 0 && left > 0) {
		int n = logpane_rows(p, --line);

		*row = n > left ? n - left : 0;
		left -= n;
	}
	*top = line;
}

void logpane_place(struct logpane *p)
{
	int64_t top;
	int row;

	end_place(p, &top, &row);
	if (p->follow || p->top > top || (p->top == top && p->top_row > row)) {
		p->top = top;
		p->top_row = row;
	}
}

static int64_t last_shown(const struct logpane *p)
{
	int64_t line = p->top;
	int left = p->height + p->top_row;

	while (line < p->lines && left > 0)
		left -= logpane_rows(p, line++);
	return line - 1;
}

/* ---- Asking ---- */

void logpane_ask(struct logpane *p, struct cmds *out)
{
	if (!p->sub || !p->open || p->asking || p->seeking || p->lines == 0)
		return;
	logpane_place(p);
	int64_t last = last_shown(p);
	bool here = logpane_row(p, p->top) && logpane_row(p, last);

	/* So many rows may be drawn anew. */
	if (here && !(p->tail_stale && last >= p->lines - FOLD_ROWS))
		return;
	int64_t margin = p->height / 2 + 1, from = p->top > margin ? p->top - margin : 0;
	int64_t count = last - from + 1 + margin;

	/* A store that has less than it said is not asked the same again until something changed.
	 */
	if (from == p->asked_from && count == p->asked_count && !p->tail_stale)
		return;
	struct cmd *c = cmds_add(out, CMD_LOG_WINDOW);

	c->sub = p->sub;
	c->line = from;
	c->count = count < LOG_WINDOW_MAX ? count : LOG_WINDOW_MAX;
	p->asked_from = from;
	p->asked_count = count;
	p->asking = true;
	p->tail_stale = false;
}

/* ---- Bytes ---- */

void logpane_ask_at(struct logpane *p, uint64_t offset, struct cmds *out)
{
	struct cmd *c = cmds_add(out, CMD_LOG_AT);

	c->sub = p->sub;
	c->offset = offset;
	c->raw = p->raw;
	p->seeking = true;
}

void logpane_jump(struct logpane *p, uint64_t offset, struct cmds *out)
{
	p->jumping = true;
	p->jump = offset;
	if (p->sub && p->open)
		logpane_ask_at(p, offset, out);
}

/* The end that is not followed any more. */
static void stop_at(struct logpane *p, int64_t hit)
{
	if (p->follow)
		p->paused_at = p->lines;
	p->follow = false;
	p->hit = hit;
	p->top = hit > p->height / 3 ? hit - p->height / 3 : 0;
	p->top_row = 0;
}

static void take_at(struct logpane *p, const struct msg *m)
{
	bool found = m->line >= 0 && m->line < p->lines;

	p->seeking = p->asking = false;
	p->tail_stale = true;
	if (p->jumping && found)
		stop_at(p, m->line);
	else if (found && !p->follow)
		p->top = m->line;
	p->jumping = p->jumping && !found && !p->final;
}

/* ---- Messages ---- */

static void take_row(struct logrow *row, const struct log_line *in, bool raw)
{
	row->offset = in->offset;
	row->lost = in->lost;
	row->gap = in->bytes == NULL;
	row->partial = in->partial;
	row->drawn = in->drawn;
	row->raw_len = in->len;
	row->raw = raw;
	sanitized_line_init(&row->line);
	if (in->bytes)
		sanitize_log_line(&row->line, in->bytes,
			in->len < LOG_LINE_WINDOW ? in->len : LOG_LINE_WINDOW, !raw);
}

/* A whole line that is here already need not be cleaned again. */
static bool reuse(struct logpane *p, struct logrow *to, int64_t line, const struct log_line *in)
{
	struct logrow *old = (struct logrow *)logpane_row(p, line);

	if (!old || old->partial || in->partial || old->offset != in->offset ||
		old->raw_len != in->len || old->lost != in->lost || old->drawn != in->drawn ||
		old->gap != (in->bytes == NULL) || old->raw != p->raw)
		return false;
	*to = *old;
	sanitized_line_init(&old->line);
	return true;
}

static void take_window(struct logpane *p, const struct msg *m)
{
	size_t n = m->line_count < LOG_WINDOW_MAX ? m->line_count : LOG_WINDOW_MAX;
	struct logrow *rows = mem_alloc((n + 1) * sizeof *rows);

	for (size_t i = 0; i < n; i++)
		if (!reuse(p, &rows[i], m->line + (int64_t)i, &m->lines[i]))
			take_row(&rows[i], &m->lines[i], p->raw);
	rows_free(p->rows, p->len);
	p->rows = rows;
	p->len = n;
	p->first = m->line;
	p->asking = false;
}

static int64_t clamp(int64_t v)
{
	return v < 0 ? 0 : v > (int64_t)1 << 50 ? (int64_t)1 << 50 : v;
}

static char *clean_copy(const char *text)
{
	struct buf clean = BUF_INIT;

	sanitize_text(&clean, text, strlen(text));
	return buf_detach(&clean);
}

static void take_state(struct logpane *p, const struct msg *m)
{
	int64_t lines = clamp(m->log_lines);

	if (lines < p->lines || p->seeking)
		logpane_forget(p);
	if (m->log_bytes != p->bytes || lines != p->lines)
		p->tail_stale = true;
	p->lines = lines;
	p->paused_at = p->paused_at < lines ? p->paused_at : lines;
	p->bytes = m->log_bytes;
	p->open = true;
	p->final = m->log_final;
	if (m->text) {
		free(p->end);
		p->end = clean_copy(m->text);
	}
}

void logpane_find_from(struct logpane *p, int64_t line, struct cmds *out)
{
	struct cmd *c = cmds_add(out, CMD_LOG_FIND);

	c->sub = p->sub;
	c->line = line;
	c->text = mem_strdup(p->pattern);
	c->backwards = p->backwards;
	p->finding = true;
}

static void take_found(struct logpane *p, const struct msg *m, struct cmds *out)
{
	p->finding = false;
	/* Nothing on the way to the end: once more from the other one, unless the store did that.
	 */
	if (m->line < 0 && !m->wrapped && !p->wrapped && p->pattern) {
		p->wrapped = true;
		logpane_find_from(p, p->backwards ? p->lines : -1, out);
		return;
	}
	p->hit = m->line >= 0 && m->line < p->lines ? m->line : -1;
	if (p->hit >= 0)
		stop_at(p, p->hit);
}

bool logpane_message(struct logpane *p, const struct msg *m, struct cmds *out)
{
	if (m->sub == 0 || m->sub != p->sub)
		return false;
	switch (m->type) {
	case MSG_LOG_STATE:
		take_state(p, m);
		if (p->jumping && !p->seeking)
			logpane_ask_at(p, p->jump, out);
		break;
	case MSG_LOG_AT: take_at(p, m); break;
	case MSG_LOG_WINDOW:
		if (m->line >= 0)
			take_window(p, m);
		break;
	case MSG_LOG_FOUND: take_found(p, m, out); break;
	case MSG_RESET: {
		uint32_t sub = p->sub;

		logpane_reset(p);
		p->sub = sub;
		break;
	}
	case MSG_SUB_ERROR:
		free(p->error);
		p->error = clean_copy(m->text ? m->text : "");
		break;
	default: return false;
	}
	logpane_ask(p, out);
	return true;
}
