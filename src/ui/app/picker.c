#include "ui/app/parts.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* A box over the body: the field to sort by. */

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
	box_draw(g, r, title.data);
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
