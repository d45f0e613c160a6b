#include "ui/kit/logpane.h"

#include "base/utf8.h"
#include "ui/kit/text.h"
#include "ui/kit/textpane.h"

#include <stdlib.h>
#include <string.h>

/* Style of the byte `at`, and how far it reaches. */
static struct sgr style_at(const struct sanitized_line *line, size_t at, size_t *until)
{
	struct sgr style = SGR_NONE;

	*until = line->text.len;
	for (size_t i = 0; i < line->run_count; i++) {
		if (line->runs[i].at > at) {
			*until = line->runs[i].at;
			break;
		}
		style = line->runs[i].style;
	}
	return style;
}

static void paint(struct grid *g, int x, int y, int width, struct sgr style)
{
	for (int i = x; i < x + width && i < g->cols; i++)
		g->cells[y * g->cols + i].sgr = style;
}

/* Bytes from .. to of a line, run by run. */
static void draw_piece(struct grid *g, int x, int y, int width, const struct sanitized_line *line,
	size_t from, size_t to)
{
	while (from < to && width > 0) {
		size_t until;
		struct sgr style = style_at(line, from, &until);

		if (until > to)
			until = to;
		char *piece = strndup(line->text.data + from, until - from);
		int used = grid_text(g, x, y, width, ROLE_NORMAL, piece ? piece : "");

		free(piece);
		paint(g, x, y, used, style);
		x += used;
		width -= used;
		from = until;
	}
}

static void draw_gap(struct grid *g, struct rect r, int y, const struct logrow *row)
{
	if (row->lost)
		grid_textf(g, r.x, y, r.width, ROLE_WARN, T_LOG_GAP, (unsigned long long)row->lost,
			(unsigned long long)row->offset);
	else
		grid_text(g, r.x, y, r.width, ROLE_WARN, T_LOG_GAP_UNKNOWN);
}

/* One line without folding: from cell `left` on, as far as the frame is wide. */
static void draw_cut(const struct logpane *p, struct grid *g, struct rect r, int y,
	const struct logrow *row)
{
	const char *text = row->line.text.data;
	int used;
	size_t from = p->left ? utf8_fit(text, p->left, &used) : 0;
	size_t fit = utf8_fit(text + from, r.width, &used);

	draw_piece(g, r.x, y, r.width, &row->line, from, from + fit);
	/* Blanks at the end, which erase a longer bar before, are nothing to scroll to. */
	if (text[from + fit + strspn(text + from + fit, " ")])
		grid_text(g, r.x + r.width - 1, y, 1, ROLE_DIM, ">");
	if (from)
		grid_text(g, r.x, y, 1, ROLE_DIM, "<");
}

/* A folded line from its row `skip` on; returns the rows drawn, at most `room`. */
static int draw_folded(struct grid *g, struct rect r, int y, int room, const struct logrow *row,
	int skip)
{
	const char *text = row->line.text.data;
	size_t from = 0;
	int n = 0;

	do {
		int used;
		size_t fit = utf8_fit(text + from, r.width, &used);

		if (!fit)
			fit = strlen(text + from);
		if (n >= skip)
			draw_piece(g, r.x, y + n - skip, r.width, &row->line, from, from + fit);
		from += fit;
		n++;
	} while (text[from] && n - skip < room);
	return n - skip;
}

static void draw_empty(const struct logpane *p, struct grid *g, struct rect r)
{
	const char *text = p->error ? p->error
		: !p->open          ? T_LOG_OPENING
		: p->final          ? T_LOG_EMPTY
				    : T_LOG_WAITING;

	grid_clip(g, r.x + 1, r.y + (r.height > 2), r.width - 2, p->error ? ROLE_BAD : ROLE_DIM,
		text);
}

/* Below the lines that came, over the last one where they fill the pane: no more will come. */
static void draw_error(const struct logpane *p, struct grid *g, struct rect r, int y)
{
	if (y >= r.y + r.height)
		y = r.y + r.height - 1;
	grid_fill(g, r.x, y, r.width, 1, ROLE_BAD);
	grid_clip(g, r.x, y, r.width, ROLE_BAD, p->error);
}

void logpane_draw(struct logpane *p, struct grid *g, struct rect r)
{
	int y = r.y, skip;

	logpane_size(p, r.width, r.height);
	logpane_place(p);
	if (p->lines == 0)
		draw_empty(p, g, r);
	skip = p->top_row;
	for (int64_t line = p->top; line < p->lines && y < r.y + r.height; line++) {
		const struct logrow *row = logpane_row(p, line);
		int start = y;

		if (row && row->gap)
			draw_gap(g, r, y++, row);
		else if (row && p->wrap)
			y += draw_folded(g, r, y, r.y + r.height - y, row, skip);
		else if (row)
			draw_cut(p, g, r, y++, row);
		else
			grid_text(g, r.x, y++, r.width, ROLE_DIM, g->ascii ? "..." : "…");
		skip = 0;
		for (int i = start; p->pattern && i < y; i++)
			highlight(g, r.x, i, r.width, p->pattern);
		if (line == p->hit && row)
			grid_select(g, r.x, start, r.width);
	}
	if (p->error && p->lines)
		draw_error(p, g, r, y);
	else if (p->final && p->end && *p->end && y < r.y + r.height && p->lines)
		grid_textf(g, r.x, y, r.width, ROLE_DIM, T_LOG_END, p->end);
}

void logpane_text(const struct logpane *p, struct buf *out)
{
	int rows = 0;

	for (int64_t line = p->top; line < p->lines && rows < p->height; line++) {
		const struct logrow *row = logpane_row(p, line);

		if (row && !row->gap)
			buf_addf(out, "%s\n", row->line.text.data);
		rows += logpane_rows(p, line);
	}
}
