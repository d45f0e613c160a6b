#include "ui/textpane.h"

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

static void add_field(struct textpane *p, const struct kind *k, const void *rec,
	const struct field *f, int64_t now)
{
	struct buf line = BUF_INIT;

	buf_addf(&line, "  %s\t", f->name);
	record_cell(k, rec, f, now, &line);
	add_line(p, ROLE_NORMAL, line.data, line.len);
	buf_release(&line);
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
			add_field(p, k, rec, f, now);
		}
	}
}

void textpane_scroll(struct textpane *p, int by, int page)
{
	int64_t most = (int64_t)p->len - page, to = (int64_t)p->top + by;

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

enum { LABEL_WIDTH = 22 };

void textpane_draw(const struct textpane *p, struct grid *g, struct rect r)
{
	for (int i = 0; i < r.height && p->top + (size_t)i < p->len; i++) {
		const struct textline *l = &p->lines[p->top + (size_t)i];
		const char *tab = strchr(l->text, '\t');
		int y = r.y + i;

		if (tab && r.width > 30) {
			char *label = strndup(l->text, (size_t)(tab - l->text));

			grid_clip(g, r.x, y, LABEL_WIDTH, ROLE_KEY, label);
			grid_clip(g, r.x + LABEL_WIDTH + 1, y, r.width - LABEL_WIDTH - 1, l->role,
				skip_cells(tab + 1, p->left));
			free(label);
		} else {
			grid_clip(g, r.x, y, r.width, l->role,
				skip_cells(tab ? tab + 1 : l->text, p->left));
		}
		if (p->pattern)
			highlight(g, r.x, y, r.width, p->pattern);
	}
}

void textpane_text(const struct textpane *p, struct buf *out)
{
	for (size_t i = 0; i < p->len; i++)
		buf_addf(out, "%s\n", p->lines[i].text);
}
