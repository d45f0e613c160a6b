#include "ui/app/parts.h"
#include "ui/kit/textpane.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* Boxes over the body: the field to sort by, and a text to read. */

static struct table *top_table(const struct app *a)
{
	const struct view *v = app_top(a);

	return v && v->screen->table ? v->screen->table(v) : NULL;
}

void picker_open(struct app *a)
{
	struct table *t = top_table(a);

	if (!t)
		return;
	buf_reset(&a->options_text);
	a->option_count = 0;
	a->choice = 0;
	for (const struct column *c = t->columns; c->field; c++) {
		const struct field *f = kind_field(t->data.kind, c->field);

		if (!f)
			continue;
		if (kind_owner(t->data.kind, f) == kind_owner(t->data.kind, t->sort))
			a->choice = a->option_count;
		buf_adds(&a->options_text, c->field);
		buf_addc(&a->options_text, '\0');
		a->option_count++;
	}
	edit_set(&a->line, "");
	a->mode = a->option_count ? MODE_PICK : MODE_NONE;
}

/* The same field again turns the order round. */
static void pick(struct app *a, struct cmds *out)
{
	struct view *v = app_top(a);
	struct table *t = top_table(a);
	const struct field *f = t ? kind_field(t->data.kind, option_at(a, a->choice)) : NULL;

	a->mode = MODE_NONE;
	if (!f)
		return;
	table_sort(t, f,
		kind_owner(t->data.kind, f) == kind_owner(t->data.kind, t->sort) && !t->descending);
	table_sorted(a, t, v->screen, out);
}

/* What was typed: to the first field that begins with it, else the first that has it. */
static void type_ahead(struct app *a)
{
	const char *typed = a->line.text.data;
	int within = -1;

	for (int i = 0; *typed && i < a->option_count; i++) {
		const char *at = strcasestr(option_at(a, i), typed);

		if (at == option_at(a, i)) {
			a->choice = i;
			return;
		}
		if (at && within < 0)
			within = i;
	}
	if (within >= 0)
		a->choice = within;
}

void picker_input(struct app *a, const struct msg *m, struct cmds *out)
{
	int direct = (int)m->key - '1';

	if (m->type != MSG_KEY)
		return;
	switch (m->key) {
	case K_UP: a->choice -= a->choice > 0; return;
	case K_DOWN: a->choice += a->choice + 1 < a->option_count; return;
	case K_ENTER: pick(a, out); return;
	case K_ESC: a->mode = MODE_NONE; return;
	default: break;
	}
	if (direct >= 0 && direct < 9 && direct < a->option_count) {
		a->choice = direct;
		pick(a, out);
	} else if (edit_key(&a->line, m->key)) {
		type_ahead(a);
	}
}

static void box(struct grid *g, struct rect r, const char *title)
{
	grid_fill(g, r.x, r.y, r.width, r.height, ROLE_PROMPT);
	for (int i = 0; i < r.width; i++)
		grid_text(g, r.x + i, r.y, 1, ROLE_BORDER, g->ascii ? "-" : "─");
	grid_clip(g, r.x + 2, r.y, r.width - 4, ROLE_TITLE, title);
}

void picker_draw(const struct app *a, struct grid *g, struct rect body)
{
	struct rect r = {body.x + body.width / 2 - 15, body.y + 1, 30, a->option_count + 2};
	int first = 0;

	if (r.x < 0)
		r.x = 0;
	if (r.width > body.width)
		r.width = body.width;
	if (r.height > body.height - 1)
		r.height = body.height > 1 ? body.height - 1 : 1;
	int shown = r.height - 1;

	if (a->choice >= shown)
		first = a->choice - shown + 1;
	struct buf title = BUF_INIT;

	buf_addf(&title, T_SORT_BY "%s ", a->line.text.data);
	box(g, r, title.data);
	buf_release(&title);
	for (int i = 0; i < shown && first + i < a->option_count; i++) {
		if (first + i < 9)
			grid_textf(g, r.x + 2, r.y + 1 + i, 1, ROLE_KEY, "%d", first + i + 1);
		grid_clip(g, r.x + 4, r.y + 1 + i, r.width - 6, ROLE_NORMAL,
			option_at(a, first + i));
		if (first + i == a->choice)
			grid_select(g, r.x + 1, r.y + 1 + i, r.width - 2);
	}
}

/* ---- Popup ---- */

void popup_open(struct app *a, const char *title)
{
	app_set_text(&a->popup_title, title);
	buf_reset(&a->popup);
	a->popup_top = 0;
	a->mode = MODE_POPUP;
}

void popup_input(struct app *a, const struct msg *m, struct cmds *out)
{
	(void)out;
	if (m->type != MSG_KEY)
		return;
	if (m->key == K_UP || m->key == 'k')
		a->popup_top -= a->popup_top > 0;
	else if (m->key == K_DOWN || m->key == 'j')
		a->popup_top += a->popup_top < 200;
	else
		a->mode = MODE_NONE;
}

enum { POPUP_TEXT = 96 }; /* longer lines are hard to read */

/* The popup's lines, each folded at the box's width. Draws from `skip` on; returns all lines. */
static int popup_lines(const struct app *a, struct grid *g, struct rect r, int skip)
{
	const char *s = a->popup.data;
	int n = 0;

	while (*s) {
		size_t len = strcspn(s, "\n");
		char *line = strndup(s, len);
		const char *rest = line;

		do {
			size_t fit = fold_text(rest, r.width);
			char *piece = fold_piece(rest, fit);

			if (g && n >= skip && n - skip < r.height)
				grid_text(g, r.x, r.y + n - skip, r.width, ROLE_NORMAL, piece);
			free(piece);
			n++;
			rest += fit;
		} while (*rest);
		free(line);
		s += len + (s[len] == '\n');
	}
	return n;
}

void popup_draw(const struct app *a, struct grid *g, struct rect body)
{
	struct rect r = {body.x, body.y, body.width, 0};
	struct rect text = {r.x + 2, 0, r.width - 4, body.height - 2};

	text.width = text.width < POPUP_TEXT ? text.width : POPUP_TEXT;
	if (text.width < 1)
		return;
	int lines = popup_lines(a, NULL, text, 0);

	r.height = lines + 2 < body.height ? lines + 2 : body.height;
	r.y = body.y + body.height - r.height;
	text.y = r.y + 1;
	text.height = r.height - 1;
	box(g, r, a->popup_title);
	popup_lines(a, g, text, a->popup_top < lines ? a->popup_top : lines - 1);
}
