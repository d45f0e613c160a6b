#include "ui/kit/grid.h"

#include "base/mem.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const grid_role_words[] = {
	[ROLE_NORMAL] = "normal",
	[ROLE_DIM] = "dim",
	[ROLE_TITLE] = "title",
	[ROLE_HEADER] = "header",
	[ROLE_SELECTED] = "selected",
	[ROLE_MARKED] = "marked",
	[ROLE_GOOD] = "good",
	[ROLE_WARN] = "warn",
	[ROLE_BAD] = "bad",
	[ROLE_ACCENT] = "accent",
	[ROLE_KEY] = "key",
	[ROLE_MATCH] = "match",
	[ROLE_PROMPT] = "prompt",
	[ROLE_FIELD] = "field",
	[ROLE_BORDER] = "border",
	[ROLE_STALE] = "stale",
	[ROLE_BAR] = "bar",
	[ROLE_BAR_REST] = "bar-rest",
	[ROLE_BADGE] = "badge",
	NULL,
};
/* In the order of the roles: normal is never written, so it has no letter of use. */
const char grid_role_letters[] = "ndthsmgwbakxpfreuvc";
_Static_assert(sizeof grid_role_letters == ROLE_COUNT + 1, "a letter for each role");

void grid_init(struct grid *g)
{
	*g = (struct grid){.cursor_x = -1, .cursor_y = -1};
}

void grid_release(struct grid *g)
{
	free(g->cells);
	grid_init(g);
}

static int clamp(int value, int low, int high)
{
	return value < low ? low : value > high ? high : value;
}

void grid_resize(struct grid *g, int cols, int rows)
{
	cols = clamp(cols, 1, GRID_COLS_MAX);
	rows = clamp(rows, 1, GRID_ROWS_MAX);
	if (cols != g->cols || rows != g->rows || !g->cells) {
		free(g->cells);
		g->cells = mem_alloc((size_t)cols * (size_t)rows * sizeof *g->cells);
		g->cols = cols;
		g->rows = rows;
	}
	grid_erase(g);
}

static const struct cell blank = {.text = " ", .width = 1, .role = ROLE_NORMAL, .sgr = {-1, -1, 0}};

void grid_erase(struct grid *g)
{
	for (int i = 0; i < g->cols * g->rows; i++)
		g->cells[i] = blank;
	g->cursor_x = -1;
	g->cursor_y = -1;
}

static struct cell *cell_at(struct grid *g, int x, int y)
{
	return &g->cells[y * g->cols + x];
}

/* Writing over one half of a wide cluster leaves a blank in place of the other. */
static void mend(struct grid *g, int x, int y)
{
	struct cell *c = cell_at(g, x, y);

	if (c->width == 0 && x > 0 && cell_at(g, x - 1, y)->width == 2) {
		struct cell *left = cell_at(g, x - 1, y);

		left->text[0] = ' ';
		left->text[1] = '\0';
		left->width = 1;
	}
	if (c->width == 2 && x + 1 < g->cols) {
		struct cell *right = cell_at(g, x + 1, y);

		right->text[0] = ' ';
		right->text[1] = '\0';
		right->width = 1;
	}
}

static void put(struct grid *g, int x, int y, enum grid_role role, const char *text, size_t len,
	int width)
{
	mend(g, x, y);
	if (width == 2)
		mend(g, x + 1, y);
	struct cell *c = cell_at(g, x, y);

	*c = (struct cell){.width = (uint8_t)width, .role = (uint8_t)role, .sgr = SGR_NONE};
	memcpy(c->text, text, len);
	if (width == 2)
		*cell_at(g, x + 1, y) = (struct cell){.role = (uint8_t)role, .sgr = SGR_NONE};
}

/*
 * The next thing to put: a cluster that fits a cell, or U+FFFD for what may not be shown. Returns
 * the bytes it stands for; *shown and *len say what to write.
 */
static size_t next_cluster(const char *s, const char **shown, size_t *len, int *width)
{
	unsigned char first = (unsigned char)s[0];

	if (first >= 0x20 && first < 0x7F && (signed char)s[1] >= 0) {
		*shown = s;
		*len = 1;
		*width = 1;
		return 1;
	}
	uint32_t cp;
	bool valid;
	size_t one = utf8_decode(s, strnlen(s, UTF8_MAX), &cp, &valid, NULL);

	if (!valid || cp < 0x20 || (cp >= 0x7F && cp < 0xA0) || utf8_cp_width(cp) == 0) {
		*shown = "\xEF\xBF\xBD";
		*len = 3;
		*width = 1;
		return one;
	}
	size_t bytes = utf8_cluster(s, width);

	*shown = s;
	*len = bytes < GRID_CELL_BYTES ? bytes : one;
	return bytes;
}

int grid_text(struct grid *g, int x, int y, int width, enum grid_role role, const char *text)
{
	int used = 0;

	if (y < 0 || y >= g->rows || x < 0)
		return 0;
	if (width > g->cols - x)
		width = g->cols - x;
	while (*text && used < width) {
		const char *shown;
		size_t len;
		int cells;

		text += next_cluster(text, &shown, &len, &cells);
		if (used + cells > width) {
			put(g, x + used, y, role, ">", 1, 1);
			return used + 1;
		}
		put(g, x + used, y, role, shown, len, cells);
		used += cells;
	}
	return used;
}

int grid_textf(struct grid *g, int x, int y, int width, enum grid_role role, const char *format,
	...)
{
	struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, format);
	buf_vaddf(&b, format, ap);
	va_end(ap);
	int used = grid_text(g, x, y, width, role, b.data);

	buf_release(&b);
	return used;
}

/* Cells of the text, but counts no further than `most` + 1: texts may be long. */
static int width_up_to(const char *text, int most)
{
	int used = 0;

	while (*text && used <= most) {
		const char *shown;
		size_t len;
		int cells;

		text += next_cluster(text, &shown, &len, &cells);
		used += cells;
	}
	return used;
}

int grid_clip(struct grid *g, int x, int y, int width, enum grid_role role, const char *text)
{
	if (x < 0 || x >= g->cols || width <= 0)
		return 0;
	if (width > g->cols - x)
		width = g->cols - x;
	if (width_up_to(text, width) <= width)
		return grid_text(g, x, y, width, role, text);
	int used = 0;

	while (used < width - 1) {
		const char *shown;
		size_t len;
		int cells;

		text += next_cluster(text, &shown, &len, &cells);
		if (used + cells > width - 1)
			break;
		if (y >= 0 && y < g->rows)
			put(g, x + used, y, role, shown, len, cells);
		used += cells;
	}
	return used + grid_text(g, x + used, y, 1, role, g->ascii ? "~" : "…");
}

void grid_right(struct grid *g, int x, int y, int width, enum grid_role role, const char *text)
{
	int cells = width_up_to(text, width);

	grid_clip(g, cells < width ? x + width - cells : x, y, width, role, text);
}

void grid_fill(struct grid *g, int x, int y, int width, int height, enum grid_role role)
{
	for (int row = y < 0 ? 0 : y; row < y + height && row < g->rows; row++)
		for (int col = x < 0 ? 0 : x; col < x + width && col < g->cols; col++)
			put(g, col, row, role, " ", 1, 1);
}

void grid_role(struct grid *g, int x, int y, int width, enum grid_role role)
{
	if (y < 0 || y >= g->rows)
		return;
	for (int col = x < 0 ? 0 : x; col < x + width && col < g->cols; col++)
		cell_at(g, col, y)->role = (uint8_t)role;
}

void grid_select(struct grid *g, int x, int y, int width)
{
	if (y < 0 || y >= g->rows)
		return;
	for (int col = x < 0 ? 0 : x; col < x + width && col < g->cols; col++)
		cell_at(g, col, y)->selected = true;
}

static bool cell_equal(const struct cell *a, const struct cell *b)
{
	return a->width == b->width && a->role == b->role && a->selected == b->selected &&
		a->sgr.fg == b->sgr.fg && a->sgr.bg == b->sgr.bg && a->sgr.attrs == b->sgr.attrs &&
		strcmp(a->text, b->text) == 0;
}

bool grid_equal(const struct grid *a, const struct grid *b)
{
	if (a->cols != b->cols || a->rows != b->rows || a->cursor_x != b->cursor_x ||
		a->cursor_y != b->cursor_y)
		return false;
	for (int i = 0; i < a->cols * a->rows; i++)
		if (!cell_equal(&a->cells[i], &b->cells[i]))
			return false;
	return true;
}

static bool same_style(const struct cell *a, const struct cell *b)
{
	return a->role == b->role && a->selected == b->selected && a->sgr.fg == b->sgr.fg &&
		a->sgr.bg == b->sgr.bg && a->sgr.attrs == b->sgr.attrs;
}

static bool plain(const struct cell *c)
{
	return c->role == ROLE_NORMAL && !c->selected && c->sgr.fg < 0 && c->sgr.bg < 0 &&
		!c->sgr.attrs;
}

/* "{b:" or, for the cursor's row, "{b!:"; a log's own style follows as "fg,bg,attrs". */
static void dump_open(const struct cell *c, struct buf *out)
{
	buf_addf(out, "{%c%s", grid_role_letters[c->role], c->selected ? "!" : "");
	if (c->sgr.fg >= 0 || c->sgr.bg >= 0 || c->sgr.attrs)
		buf_addf(out, "[%d,%d,%d]", c->sgr.fg, c->sgr.bg, c->sgr.attrs);
	buf_addc(out, ':');
}

static void dump_row(const struct grid *g, int y, struct buf *out)
{
	const struct cell *row = &g->cells[y * g->cols];
	int end = g->cols;

	while (end > 0 && plain(&row[end - 1]) && strcmp(row[end - 1].text, " ") == 0 &&
		!(y == g->cursor_y && end - 1 <= g->cursor_x))
		end--;
	for (int x = 0; x < end; x++) {
		bool marked = !plain(&row[x]);

		if (marked && (x == 0 || !same_style(&row[x], &row[x - 1])))
			dump_open(&row[x], out);
		if (y == g->cursor_y && x == g->cursor_x)
			buf_addc(out, '^');
		buf_adds(out, row[x].text);
		if (marked && (x + 1 == end || !same_style(&row[x], &row[x + 1])))
			buf_addc(out, '}');
	}
	buf_addc(out, '\n');
}

void grid_dump(const struct grid *g, struct buf *out)
{
	buf_addf(out, "%dx%d\n", g->cols, g->rows);
	for (int y = 0; y < g->rows; y++)
		dump_row(g, y, out);
}
