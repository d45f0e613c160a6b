#include "ui/kit/table.h"

#include "base/timefmt.h"
#include "base/utf8.h"
#include "ui/kit/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* The columns that could be shown now, in order. Returns how many. */
static size_t candidates(const struct table *t, const struct column **out)
{
	size_t n = 0;
	int skipped = 0;

	for (const struct column *c = t->columns; c->field && n < LAYOUT_COLUMNS_MAX; c++) {
		if (c->wide && !t->wide)
			continue;
		if (n > 0 && skipped < t->left) {
			skipped++;
			continue;
		}
		out[n++] = c;
	}
	return n;
}

enum { TITLE_SIZE = 40 };

/* The field's title; one without has its name in capitals. */
static void title_of(const struct table *t, const struct column *c, char out[TITLE_SIZE])
{
	const struct field *f = kind_field(t->data.kind, c->field);
	const char *title = c->title ? c->title : f && f->title ? f->title : NULL;

	snprintf(out, TITLE_SIZE, "%s", title ? title : c->field);
	for (char *s = out; *s && !title; s++)
		*s = (char)toupper((unsigned char)*s);
}

/* Where each goes. x is that of the body, after the cell of the mark. */
static size_t place_columns(const struct table *t, struct rect r, const struct column **columns,
	struct layout_column *places)
{
	size_t n = candidates(t, columns);

	for (size_t i = 0; i < n; i++) {
		const struct field *f = kind_field(t->data.kind, columns[i]->field);
		char text[TITLE_SIZE];

		title_of(t, columns[i], text);
		int title = utf8_width(text);
		int want = columns[i]->width ? columns[i]->width : f ? f->width : 8;

		places[i] = (struct layout_column){.want = want > title ? want : title,
			.most = columns[i]->most,
			.priority = columns[i]->priority};
	}
	layout_columns(places, n, r.width - 1);
	for (size_t i = 0; i < n; i++)
		places[i].x += r.x + 1;
	return n;
}

static bool right(const struct table *t, const struct column *c)
{
	const struct field *f = kind_field(t->data.kind, c->field);

	return !c->left && f && f->type->right;
}

static bool sorts(const struct table *t, const struct column *c)
{
	const struct kind *k = t->data.kind;
	const struct field *f = kind_field(k, c->field);

	return f && kind_owner(k, f) == kind_owner(k, t->sort);
}

const char *table_arrow(const struct table *t, bool ascii)
{
	return t->descending ? (ascii ? "v" : "▾") : (ascii ? "^" : "▴");
}

static void draw_title(const struct table *t, struct grid *g, int y, const struct column *c,
	const struct layout_column *p)
{
	char title[TITLE_SIZE];

	title_of(t, c, title);
	int width = utf8_width(title);

	if (right(t, c))
		grid_right(g, p->x, y, p->width, ROLE_HEADER, title);
	else
		grid_clip(g, p->x, y, p->width, ROLE_HEADER, title);
	if (!sorts(t, c))
		return;
	int x = right(t, c) ? p->x + p->width - width - 1 : p->x + width;

	if (x >= 0 && x < p->x + p->width + 1)
		grid_text(g, x, y, 1, ROLE_HEADER, table_arrow(t, g->ascii));
}

/* Coarse: an idle screen costs no byte until an age that it shows reads otherwise. */
static void age_cell(struct table *t, const struct entry *e, const struct field *f, struct buf *out)
{
	int64_t age = (int64_t)f->type->number(record_member(e->row, f), t->now);
	int64_t due = t->now + timefmt_coarse_age_next(age);
	char text[TIMEFMT_SIZE];

	timefmt_coarse_age(text, age);
	buf_adds(out, text);
	if (t->age_due == 0 || due < t->age_due)
		t->age_due = due;
}

enum grid_role tone_role(enum tone tone)
{
	static const enum grid_role roles[] = {
		[TONE_PLAIN] = ROLE_NORMAL,
		[TONE_GOOD] = ROLE_GOOD,
		[TONE_BAD] = ROLE_BAD,
		[TONE_WAIT] = ROLE_WARN,
		[TONE_GONE] = ROLE_DIM,
	};

	return roles[tone];
}

static enum grid_role cell_role(const struct table *t, const struct entry *e,
	const struct column *c)
{
	const struct field *f = kind_field(t->data.kind, c->tone ? c->tone : c->field);

	return f ? tone_role((enum tone)record_look(t->data.kind, e->row, f).tone) : ROLE_NORMAL;
}

static void draw_cell(struct table *t, struct grid *g, int y, const struct entry *e,
	const struct column *c, const struct layout_column *p, struct buf *text)
{
	const struct field *f = kind_field(t->data.kind, c->field);
	enum grid_role role = cell_role(t, e, c);

	buf_reset(text);
	if (c->cell)
		c->cell(t, e, t->now, g->ascii, text);
	else if (f && f->type == &ft_age && record_knows(t->data.kind, e->row, f))
		age_cell(t, e, f, text);
	else if (f)
		record_cell(t->data.kind, e->row, f, t->now, text);
	if (strcmp(text->data, "-") == 0 || strcmp(text->data, "none") == 0 ||
		strcmp(text->data, "inf") == 0)
		role = ROLE_DIM;
	if (right(t, c))
		grid_right(g, p->x, y, p->width, role, text->data);
	else
		grid_clip(g, p->x, y, p->width, role, text->data);
}

static void draw_mark(struct grid *g, int x, int y, const struct entry *e, bool selected)
{
	if (e->change)
		grid_text(g, x, y, 1, ROLE_BADGE, "~");
	else if (e->marked)
		grid_text(g, x, y, 1, ROLE_MARKED, selected ? ">" : "*");
	else if (selected)
		grid_text(g, x, y, 1, ROLE_ACCENT, ">");
}

static void scroll(struct table *t, size_t page)
{
	if (t->index < t->top)
		t->top = t->index;
	if (page && t->index >= t->top + page)
		t->top = t->index - page + 1;
	if (t->top + page > t->len)
		t->top = t->len > page ? t->len - page : 0;
}

void table_draw(struct table *t, struct grid *g, struct rect r, bool stale)
{
	const struct column *columns[LAYOUT_COLUMNS_MAX];
	struct layout_column places[LAYOUT_COLUMNS_MAX];
	struct buf text = BUF_INIT;

	table_settle(t);
	t->age_due = 0;
	if (r.height <= 0)
		return;
	size_t n = place_columns(t, r, columns, places), page = (size_t)r.height - 1;

	scroll(t, page);
	t->sort_seen = false;
	for (size_t i = 0; i < n; i++) {
		if (!places[i].width)
			continue;
		draw_title(t, g, r.y, columns[i], &places[i]);
		t->sort_seen |= sorts(t, columns[i]);
	}
	for (size_t row = 0; row < page && t->top + row < t->len; row++) {
		const struct entry *e = t->view[t->top + row];
		int y = r.y + 1 + (int)row;
		bool selected = e == t->selected;

		for (size_t i = 0; i < n; i++)
			if (places[i].width)
				draw_cell(t, g, y, e, columns[i], &places[i], &text);
		if (stale)
			grid_role(g, r.x, y, r.width, ROLE_STALE);
		else if (e->marked)
			grid_role(g, r.x, y, r.width, ROLE_MARKED);
		draw_mark(g, r.x, y, e, selected);
		if (selected)
			grid_select(g, r.x, y, r.width);
	}
	buf_release(&text);
}

int64_t table_at(const struct table *t, struct rect r, int y)
{
	if (y == r.y)
		return -2;
	if (y < r.y || y >= r.y + r.height || t->top + (size_t)(y - r.y - 1) >= t->len)
		return -1;
	return (int64_t)t->top + y - r.y - 1;
}

const struct field *table_column_at(struct table *t, struct rect r, int x)
{
	const struct column *columns[LAYOUT_COLUMNS_MAX];
	struct layout_column places[LAYOUT_COLUMNS_MAX];
	size_t n = place_columns(t, r, columns, places);

	for (size_t i = 0; i < n; i++)
		if (places[i].width && x >= places[i].x && x < places[i].x + places[i].width)
			return kind_field(t->data.kind, columns[i]->field);
	return NULL;
}

void table_text(struct table *t, struct buf *out)
{
	const struct column *columns[LAYOUT_COLUMNS_MAX];

	table_settle(t);
	int left = t->left;

	t->left = 0;
	size_t n = candidates(t, columns);

	t->left = left;
	for (size_t i = 0; i < n; i++)
		buf_addf(out, "%s%s", i ? "\t" : "", columns[i]->field);
	buf_addc(out, '\n');
	for (size_t row = 0; row < t->len; row++) {
		for (size_t i = 0; i < n; i++) {
			const struct field *f = kind_field(t->data.kind, columns[i]->field);

			if (i)
				buf_addc(out, '\t');
			if (f)
				record_cell(t->data.kind, t->view[row]->row, f, t->now, out);
		}
		buf_addc(out, '\n');
	}
}
