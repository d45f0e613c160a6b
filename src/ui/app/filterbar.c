#include "ui/app/parts.h"

#include "base/mem.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

/* The last line as a text field: filter (live), search, path to save to. */

void line_open(struct app *a, enum mode mode, const char *text)
{
	a->mode = mode;
	edit_set(&a->line, text);
	free(a->line_error);
	a->line_error = NULL;
	a->choice = -1;
	a->option_count = 0;
	buf_reset(&a->options_text);
	app_notice_clear(a);
}

void mode_close(struct app *a)
{
	if (a->mode == MODE_CONFLICT)
		conflicts_release(&a->conflicts);
	if (a->mode == MODE_PROMPT || a->mode == MODE_SET || a->mode == MODE_CONFLICT) {
		changes_release(&a->proposed);
		prompt_release(&a->prompt);
		foresee_clear(&a->foresee);
	}
	a->mode = MODE_NONE;
	a->option_count = 0;
}

static struct table *top_table(const struct app *a)
{
	const struct view *v = app_top(a);

	return v && v->screen->table ? v->screen->table(v) : NULL;
}

void filterbar_open(struct app *a)
{
	struct table *t = top_table(a);

	if (!t)
		return;
	line_open(a, MODE_FILTER, t->filter_text);
	edit_select(&a->line);
	free(a->filter_before);
	a->filter_before = mem_strdup(t->filter_text);
}

/* Rows follow the text as it is typed; while it is not whole, those from before it are shown. */
static void apply(struct app *a)
{
	struct table *t = top_table(a);
	struct err e = ERR_INIT;

	free(a->line_error);
	a->line_error = NULL;
	if (!t || table_filter(t, a->line.text.data, &e))
		return;
	app_set_text(&a->line_error, e.text);
	table_filter(t, a->filter_before, NULL);
}

const char *option_at(const struct app *a, int i)
{
	const char *s = a->options_text.data;

	while (i-- > 0)
		s += strlen(s) + 1;
	return s;
}

static void complete(struct app *a)
{
	struct table *t = top_table(a);

	buf_reset(&a->options_text);
	a->option_count = 0;
	a->choice = -1;
	if (!t)
		return;
	filter_complete(t->data.kind, a->line.text.data, a->line.at, &a->options_text);
	for (size_t i = 0; i < a->options_text.len; i++)
		a->option_count += a->options_text.data[i] == '\0';
}

/* Puts the completion in place of the word before the cursor. */
static void take_option(struct app *a)
{
	const char *text = a->line.text.data;
	size_t start = a->line.at;

	while (start > 0 && text[start - 1] != ' ')
		start--;
	struct buf line = BUF_INIT;

	buf_add(&line, text, start);
	buf_adds(&line, option_at(a, a->choice));
	size_t at = line.len;

	buf_adds(&line, text + a->line.at);
	edit_set(&a->line, line.data);
	a->line.at = at < a->line.text.len ? at : a->line.text.len;
	buf_release(&line);
}

bool option_next(struct app *a, int by)
{
	if (a->option_count == 0)
		return false;
	a->choice = a->choice < 0 ? (by > 0 ? 0 : a->option_count - 1)
				  : (a->choice + by + a->option_count) % a->option_count;
	take_option(a);
	return true;
}

static void next_option(struct app *a, int by)
{
	if (a->option_count == 0)
		complete(a);
	if (option_next(a, by))
		apply(a);
}

static void accept_filter(struct app *a, struct cmds *out)
{
	struct view *v = app_top(a);
	struct table *t = top_table(a);

	if (a->line_error)
		return;
	a->mode = MODE_NONE;
	if (!v || !t)
		return;
	if (t->data.sub)
		table_subscribe(a, t, v->screen, false, out);
}

void filterbar_input(struct app *a, const struct msg *m, struct cmds *out)
{
	struct table *t = top_table(a);

	if (m->type == MSG_PASTE) {
		edit_insert(&a->line, m->text, m->text_len);
		a->option_count = 0;
		apply(a);
		return;
	}
	switch (m->key) {
	case K_ESC:
		if (t)
			table_filter(t, a->filter_before, NULL);
		a->mode = MODE_NONE;
		return;
	case K_ENTER: accept_filter(a, out); return;
	case K_TAB:
	case K_BACKTAB: next_option(a, m->key == K_TAB ? 1 : -1); return;
	case K_UP:
	case K_DOWN:
		if (t)
			table_move(t, m->key == K_UP ? -1 : 1);
		return;
	default:
		if (!edit_key(&a->line, m->key))
			return;
		a->option_count = 0;
		a->choice = -1;
		apply(a);
	}
}

static void accept_line(struct app *a, struct cmds *out)
{
	struct view *v = app_top(a);
	enum mode mode = a->mode;

	a->mode = MODE_NONE;
	if (!v || a->line.text.len == 0)
		return;
	if (mode == MODE_SEARCH && v->screen->search)
		v->screen->search(a, v, a->line.text.data, out);
	if (mode == MODE_SAVE && v->screen->save)
		v->screen->save(a, v, a->line.text.data, out);
}

void line_input(struct app *a, const struct msg *m, struct cmds *out)
{
	if (m->type == MSG_PASTE) {
		edit_insert(&a->line, m->text, m->text_len);
		return;
	}
	if (m->key == K_ESC)
		a->mode = MODE_NONE;
	else if (m->key == K_ENTER)
		accept_line(a, out);
	else
		edit_key(&a->line, m->key);
}

/* The field, and where it is wrong the sentence beside it, or over it: it names the column. */
void line_draw(const struct app *a, struct grid *g, struct rect r, const char *label)
{
	int used = 1 + grid_text(g, 1, r.y, r.width - 1, ROLE_PROMPT, label);
	bool beside = a->line_error &&
		!(app_line_error_long(a, r.width - 2) && app_layout(a).why.height > 0);
	int error = beside ? utf8_width(a->line_error) + 2 : 0;
	int field = r.width - used - error;
	int least = utf8_width(a->line.text.data) + 2;

	if (least > r.width / 2)
		least = r.width / 2;
	if (field < least)
		field = least;
	edit_draw(&a->line, g, used, r.y, field, ROLE_FIELD, true);
	if (beside)
		grid_clip(g, used + field + 1, r.y, r.width - used - field - 1, ROLE_BAD,
			a->line_error);
}

void filterbar_draw(const struct app *a, struct grid *g, struct rect r)
{
	line_draw(a, g, r,
		a->mode == MODE_FILTER           ? "/"
			: a->mode == MODE_SEARCH ? T_SEARCH
			: a->mode == MODE_SET    ? T_SET
						 : T_SAVE_AS);
}

/* Completions above the line, the newest choice highlighted. */
void options_draw(const struct app *a, struct grid *g, struct rect body, int bottom)
{
	int shown = a->option_count, first = 0, width = 10;

	if (shown > 8)
		shown = 8;
	if (shown > body.height)
		shown = body.height;
	if (a->choice >= shown)
		first = a->choice - shown + 1;
	for (int i = 0; i < shown; i++) {
		int w = utf8_width(option_at(a, first + i)) + 2;

		width = w > width ? w : width;
	}
	if (width > body.width - 2)
		width = body.width - 2;
	for (int i = 0; i < shown; i++) {
		int y = bottom - shown + i;

		grid_fill(g, 1, y, width, 1, ROLE_PROMPT);
		grid_clip(g, 2, y, width - 1, ROLE_PROMPT, option_at(a, first + i));
		if (first + i == a->choice)
			grid_select(g, 1, y, width);
	}
}
