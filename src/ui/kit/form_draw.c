#include "ui/kit/form_inside.h"

#include "ui/kit/text.h"
#include "ui/kit/textpane.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FORM_LABEL = 20 };

/* In words; "node_selector_key" is "Node selector key". */
static void label_of(const struct field *f, char *out, size_t size)
{
	snprintf(out, size, "%s", f->label ? f->label : f->name);
	for (char *s = out; *s && !f->label; s++)
		*s = *s == '_' ? ' ' : s == out ? (char)toupper((unsigned char)*s) : *s;
}

static void draw_field(const struct form *f, struct grid *g, struct rect r, int y, int index)
{
	const struct formfield *field = &f->fields[index];
	bool focus = f->focus.row == FORM_FIELD && f->focus.index == index;
	int label = r.width > 50 ? FORM_LABEL : 14, x = r.x + label + 2;
	int width = r.x + r.width - x - 1;
	char text[FORM_LABEL + 4];

	label_of(field->field, text, sizeof text);
	grid_clip(g, r.x + 1, y, label,
		field->error    ? ROLE_BAD
			: focus ? ROLE_KEY
				: ROLE_NORMAL,
		text);
	if (field->field->flags & F_NEEDED)
		grid_text(g, r.x + label + 1, y, 1, ROLE_WARN, "*");
	edit_draw(&field->edit, g, x, y, width, field->error ? ROLE_BAD : ROLE_FIELD, focus);
	if (field->edit.text.len == 0 && field->field->standard)
		grid_clip(g, x, y, width, ROLE_DIM, field->field->standard);
}

static void draw_place(const struct form *f, struct grid *g, struct rect r, int y,
	struct form_place p)
{
	bool focus = f->focus.row == p.row && f->focus.index == p.index;

	if (p.row == FORM_FIELD) {
		draw_field(f, g, r, y, p.index);
		return;
	}
	if (p.row == FORM_SUBMIT) {
		int used = grid_textf(g, r.x + 1, y, r.width, ROLE_PROMPT, "[ %s ]",
			f->flag == F_EDIT                  ? T_FORM_CHANGE
				: f->kind->can & CAN_TASKS ? T_FORM_SUBMIT
							   : T_FORM_MAKE);

		if (focus)
			grid_select(g, r.x + 1, y, used);
		return;
	}
	const char *arrow = g->ascii ? (f->folded[p.index] ? "+" : "-")
				     : (f->folded[p.index] ? "▸" : "▾");
	int used = grid_textf(g, r.x, y, r.width, ROLE_HEADER, "%s %s", arrow, f->titles[p.index]);

	if (focus)
		grid_select(g, r.x, y, used);
}

/* Below what the field means; a sentence that is longer takes both lines. */
static void draw_error(struct grid *g, struct rect r, const char *error)
{
	size_t fit = fold_text(error, r.width - 2);
	char *first = fold_piece(error, fit);

	if (error[fit] == '\0') {
		grid_clip(g, r.x + 1, r.y + 1, r.width - 2, ROLE_BAD, error);
	} else {
		grid_fill(g, r.x, r.y, r.width, r.height, ROLE_NORMAL);
		grid_clip(g, r.x + 1, r.y, r.width - 2, ROLE_BAD, first);
		grid_clip(g, r.x + 1, r.y + 1, r.width - 2, ROLE_BAD, error + fit);
	}
	free(first);
}

/* Two lines about where the cursor is: what the field means, and what is wrong or an example. */
static void draw_about(struct form *f, struct grid *g, struct rect r)
{
	const struct formfield *field = form_focused(f);
	const char *doc = field               ? field->field->doc
		: f->focus.row == FORM_SUBMIT ? T_FORM_SUBMIT_DOC
					      : T_FORM_FOLD_DOC;

	if (field)
		grid_textf(g, r.x + 1, r.y, r.width - 2, ROLE_DIM, "%s: %s", field->field->name,
			doc ? doc : "");
	else
		grid_clip(g, r.x + 1, r.y, r.width - 2, ROLE_DIM, doc ? doc : "");
	if (field && field->error)
		draw_error(g, r, field->error);
	else if (field && field->field->hint)
		grid_textf(g, r.x + 1, r.y + 1, r.width - 2, ROLE_DIM, T_FORM_EXAMPLE,
			field->field->hint);
}

void form_draw(struct form *f, struct grid *g, struct rect r)
{
	int page = r.height > 3 ? r.height - 3 : 1, at = form_line_of(f, f->focus);
	struct form_place p;

	if (at < f->top)
		f->top = at;
	if (at >= f->top + page)
		f->top = at - page + 1;
	for (int i = 0; i < page && form_place_at(f, f->top + i, &p); i++)
		draw_place(f, g, r, r.y + i, p);
	if (r.height > 3)
		draw_about(f, g, (struct rect){r.x, r.y + r.height - 2, r.width, 2});
}
