#include "ui/kit/textpane.h"

#include "base/timefmt.h"
#include "base/utf8.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void textpane_init(struct textpane *p)
{
	*p = (struct textpane){0};
}

void textpane_clear(struct textpane *p)
{
	for (size_t i = 0; i < p->len; i++)
		free(p->lines[i].text);
	p->len = 0;
}

void textpane_release(struct textpane *p)
{
	textpane_clear(p);
	free(p->lines);
	free(p->pattern);
	*p = (struct textpane){0};
}

static void add_line(struct textpane *p, enum grid_role role, const char *text, size_t len)
{
	if (p->len == p->cap) {
		p->cap = p->cap ? p->cap * 2 : 64;
		p->lines = mem_realloc(p->lines, p->cap * sizeof *p->lines);
	}
	char *copy = mem_alloc(len + 1);

	memcpy(copy, text, len);
	p->lines[p->len++] = (struct textline){copy, role};
}

void textpane_add(struct textpane *p, enum grid_role role, const char *format, ...)
{
	struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, format);
	buf_vaddf(&b, format, ap);
	va_end(ap);
	for (const char *s = b.data;;) {
		size_t n = strcspn(s, "\n");

		add_line(p, role, s, n);
		if (!s[n])
			break;
		s += n + 1;
	}
	buf_release(&b);
}

void textpane_cell(const struct kind *k, const void *rec, const struct field *f, int64_t now,
	struct buf *out)
{
	char local[TIMEFMT_SIZE];

	if (f->type != &ft_when || !record_knows(k, rec, f)) {
		record_cell(k, rec, f, now, out);
		return;
	}
	timefmt_local(local, *(const int64_t *)record_member(rec, f));
	buf_adds(out, local);
}

static void add_inside(struct textpane *p, const void *rec, const struct field *f, int64_t now,
	int depth);

static void add_field(struct textpane *p, const struct kind *k, const void *rec,
	const struct field *f, int64_t now, int depth)
{
	struct buf line = BUF_INIT;

	buf_addf(&line, "%*s%s\t", depth * 2, "", f->name);
	textpane_cell(k, rec, f, now, &line);
	add_line(p, ROLE_NORMAL, line.data, line.len);
	buf_release(&line);
	if (field_nests(f) && kind_key(f->embeds))
		add_inside(p, rec, f, now, depth + 1);
}

/* The records inside a row, below it: each under its key, with what else is known of it. */
static void add_inside(struct textpane *p, const void *rec, const struct field *f, int64_t now,
	int depth)
{
	struct records r = record_inside(rec, f);
	const struct kind *k = f->embeds;

	for (size_t n = 0; n < r.len; n++) {
		const void *item = records_at(k, &r, n);
		struct buf key = BUF_INIT;

		buf_addf(&key, "%*s", depth * 2, "");
		record_cell(k, item, kind_key(k), now, &key);
		add_line(p, ROLE_NORMAL, key.data, key.len);
		buf_release(&key);
		for (size_t i = 0; i < k->field_count; i++)
			if (!(k->fields[i].flags & (F_ALIAS | F_KEY)) &&
				record_knows(k, item, &k->fields[i]))
				add_field(p, k, item, &k->fields[i], now, depth + 1);
	}
}

void textpane_record(struct textpane *p, const struct kind *k, const void *rec, int64_t now,
	unsigned sections)
{
	for (unsigned s = 0; k->sections && k->sections[s]; s++) {
		bool titled = false;

		if (!(sections >> s & 1))
			continue;
		for (size_t i = 0; i < k->field_count; i++) {
			const struct field *f = &k->fields[i];

			if (f->section != s || (f->flags & (F_ALIAS | F_SECRET)) ||
				!record_knows(k, rec, f))
				continue;
			/* What is padded for the public client says nothing when it is empty. */
			if (f->type->storage == ST_TEXT && *record_text(rec, f) == '\0')
				continue;
			if (!titled)
				textpane_add(p, ROLE_HEADER, "%s%s", p->len ? "\n" : "",
					k->sections[s]);
			titled = true;
			add_field(p, k, rec, f, now, 1);
		}
	}
}

/* ---- Folding: a line too long goes on below, under its value ---- */

enum {
	LABEL_WIDTH = 22,
	FOLD_FROM = 30, /* narrower panes cut: little would be seen of the other lines */
	FOLD_ROWS = 4,  /* of a line at most: its end is seen by going to the right */
};

size_t fold_text(const char *text, int width)
{
	int used;
	size_t fit = utf8_fit(text, width, &used);

	if (fit == 0)
		return strlen(text);
	if (!text[fit] || text[fit] == ' ')
		return fit + strspn(text + fit, " ");
	for (size_t i = fit; i > 0; i--)
		if (text[i - 1] == ' ')
			return i;
	return fit;
}

char *fold_piece(const char *text, size_t bytes)
{
	while (bytes > 0 && text[bytes - 1] == ' ')
		bytes--;
	char *piece = mem_alloc(bytes + 1);

	memcpy(piece, text, bytes);
	return piece;
}

static const char *value_of(const char *text)
{
	const char *tab = strchr(text, '\t');

	return tab ? tab + 1 : text;
}

static int value_width(const struct textline *l, int width)
{
	return strchr(l->text, '\t') && width > FOLD_FROM ? width - LABEL_WIDTH - 1 : width;
}

static int line_rows(const struct textpane *p, const struct textline *l)
{
	const char *rest = value_of(l->text);
	int rows = 1, width = value_width(l, p->width);

	if (p->left || p->width <= FOLD_FROM)
		return 1;
	while (*(rest += fold_text(rest, width)) && rows < FOLD_ROWS)
		rows++;
	return rows;
}

/* The first line from which on all the rest is seen. */
static int64_t last_top(const struct textpane *p, int page)
{
	size_t at = p->len;

	for (int rows = 0; at > 0; at--) {
		rows += line_rows(p, &p->lines[at - 1]);
		if (rows > page)
			break;
	}
	return (int64_t)at;
}

void textpane_scroll(struct textpane *p, int by, int page)
{
	int64_t most = last_top(p, page), to = (int64_t)p->top + by;

	if (to > most)
		to = most;
	p->top = to < 0 ? 0 : (size_t)to;
}

bool textpane_action(struct textpane *p, enum action act, int page)
{
	int all = (int)(p->len < INT32_MAX / 2 ? p->len : INT32_MAX / 2);

	switch (act) {
	case ACT_UP:
	case ACT_DOWN: textpane_scroll(p, act == ACT_UP ? -1 : 1, page); return true;
	case ACT_PAGE_UP:
	case ACT_PAGE_DOWN:
		textpane_scroll(p, act == ACT_PAGE_UP ? -page : page, page);
		return true;
	case ACT_HALF_UP:
	case ACT_HALF_DOWN:
		textpane_scroll(p, act == ACT_HALF_UP ? -(page / 2) : page / 2, page);
		return true;
	case ACT_TOP:
	case ACT_BOTTOM: textpane_scroll(p, act == ACT_TOP ? -all : all, page); return true;
	case ACT_LEFT: p->left -= p->left >= 8 ? 8 : p->left; return true;
	case ACT_RIGHT: p->left += p->left < 4096 ? 8 : 0; return true;
	default: return false;
	}
}

const char *find_text(const char *text, const char *pattern)
{
	for (const char *s = pattern; *s; s++)
		if (isupper((unsigned char)*s))
			return strstr(text, pattern);
	return strcasestr(text, pattern);
}

bool textpane_search(struct textpane *p, const char *pattern)
{
	char *copy = mem_strdup(pattern);

	free(p->pattern);
	p->pattern = copy;
	for (size_t i = 0; i < p->len; i++) {
		size_t at = (p->top + i) % p->len;

		if (!find_text(p->lines[at].text, pattern))
			continue;
		p->top = at;
		return true;
	}
	return false;
}

bool textpane_next(struct textpane *p, bool backwards)
{
	for (size_t i = 1; p->pattern && i <= p->len; i++) {
		size_t at = (p->top + (backwards ? p->len - i : i)) % p->len;

		if (!find_text(p->lines[at].text, p->pattern))
			continue;
		p->top = at;
		return true;
	}
	return false;
}

/* The text of the cells from x on, with the cell that each byte belongs to. */
static size_t row_text(const struct grid *g, int x, int y, int width, char *text, int *cell,
	size_t size)
{
	size_t len = 0;

	for (int i = x; i < x + width && i < g->cols; i++) {
		const struct cell *c = &g->cells[y * g->cols + i];
		size_t n = strlen(c->text);

		if (len + n + 1 >= size)
			break;
		memcpy(text + len, c->text, n);
		for (size_t b = 0; b < n; b++)
			cell[len + b] = i;
		len += n;
	}
	text[len] = '\0';
	return len;
}

void highlight(struct grid *g, int x, int y, int width, const char *pattern)
{
	enum { SIZE = 8192 };
	size_t n = strlen(pattern);

	if (n == 0 || y < 0 || y >= g->rows)
		return;
	char *text = mem_alloc(SIZE);
	int *cell = mem_alloc(SIZE * sizeof *cell);

	row_text(g, x, y, width, text, cell, SIZE);
	for (const char *at = text; (at = find_text(at, pattern)) != NULL; at += n)
		grid_role(g, cell[at - text], y, cell[at - text + n - 1] - cell[at - text] + 1,
			ROLE_MATCH);
	free(text);
	free(cell);
}

/* Skips `cells` cells of a text. */
static const char *skip_cells(const char *text, int cells)
{
	int used = 0;

	return text + utf8_fit(text, cells, &used);
}

/* A row of a line: what fits, and all the rest, cut, where it is the last one. */
static const char *draw_row(struct grid *g, int x, int y, int width, const struct textline *l,
	const char *rest, bool last)
{
	size_t fit = last ? strlen(rest) : fold_text(rest, width);
	char *piece = fold_piece(rest, fit);

	grid_clip(g, x, y, width, l->role, piece);
	free(piece);
	return rest + fit;
}

static void draw_label(struct grid *g, struct rect r, int y, const char *text)
{
	char *label = strndup(text, strcspn(text, "\t"));

	grid_clip(g, r.x, y, LABEL_WIDTH, ROLE_KEY, label ? label : "");
	free(label);
}

void textpane_draw(struct textpane *p, struct grid *g, struct rect r)
{
	int y = r.y, end = r.y + r.height;

	p->width = r.width;
	for (size_t at = p->top; at < p->len && y < end; at++) {
		const struct textline *l = &p->lines[at];
		int rows = line_rows(p, l), width = value_width(l, r.width);
		const char *rest = skip_cells(value_of(l->text), p->left);

		if (width < r.width)
			draw_label(g, r, y, l->text);
		for (int i = 0; i < rows && y < end; i++, y++) {
			rest = draw_row(g, r.x + r.width - width, y, width, l, rest, i + 1 == rows);
			if (p->pattern)
				highlight(g, r.x, y, r.width, p->pattern);
		}
	}
}

void textpane_text(const struct textpane *p, struct buf *out)
{
	for (size_t i = 0; i < p->len; i++)
		buf_addf(out, "%s\n", p->lines[i].text);
}
