#include "ui/app/parts.h"

#include "base/mem.h"
#include "core/kinds/key.h"
#include "ui/kit/textpane.h"

#include <stdlib.h>
#include <string.h>

/* What all screens of rows have in common. */

bool table_message(struct app *a, struct table *t, const struct msg *m, struct cmds *out)
{
	if (m->sub == 0 || m->sub != t->data.sub)
		return false;
	switch (m->type) {
	case MSG_ROWS: table_rows(t, m->rows); return true;
	case MSG_GONE: table_gone(t, m->uids); return true;
	case MSG_SYNCED:
		dataset_fail(&t->data, NULL);
		table_synced(t);
		return true;
	case MSG_RESET: dataset_begin_again(&t->data); return true;
	case MSG_SUB_ERROR:
		if (!table_ask_less(a, t, m->text, out))
			dataset_fail(&t->data, m->text ? m->text : T_REPLY_NONE);
		return true;
	default: return false;
	}
}

void table_reply(struct table *t, const struct msg *m,
	json_t *(*rows)(const struct kind *k, const json_t *body))
{
	struct buf why = BUF_INIT;
	json_t *all;

	t->request = 0;
	if (m->status < 200 || m->status >= 300) {
		reply_error(m, &why);
		dataset_fail(&t->data, why.data);
		buf_release(&why);
		return;
	}
	all = rows(t->data.kind, m->body);
	dataset_fail(&t->data, NULL);
	dataset_begin_again(&t->data);
	table_rows(t, all);
	table_synced(t);
	json_decref(all);
}

/* ---- Actions ---- */

static bool table_moves(struct table *t, enum action act, int page)
{
	switch (act) {
	case ACT_UP: table_move(t, -1); return true;
	case ACT_DOWN: table_move(t, 1); return true;
	case ACT_TOP: table_select(t, 0); return true;
	case ACT_BOTTOM: table_select(t, SIZE_MAX); return true;
	case ACT_PAGE_UP:
	case ACT_PAGE_DOWN: table_move(t, act == ACT_PAGE_UP ? -page : page); return true;
	case ACT_HALF_UP:
	case ACT_HALF_DOWN:
		table_move(t, act == ACT_HALF_UP ? -(page + 1) / 2 : (page + 1) / 2);
		return true;
	default: return false;
	}
}

bool table_action(struct app *a, struct table *t, enum action act, int page)
{
	if (table_moves(t, act, page > 0 ? page : 1))
		return true;
	switch (act) {
	case ACT_LEFT: t->left -= t->left > 0; return true;
	case ACT_RIGHT: t->left += t->left < 8; return true;
	case ACT_MARK: table_mark(t); return true;
	case ACT_MARK_RANGE: table_mark_range(t); return true;
	case ACT_MARK_CLEAR: table_mark_clear(t); return true;
	case ACT_INVERT: table_sort(t, t->sort, !t->descending); return true;
	case ACT_SORT: picker_open(a); return true;
	case ACT_FILTER: filterbar_open(a); return true;
	default: return false;
	}
}

void table_mouse(struct app *a, struct table *t, const struct msg *m, struct rect body,
	struct cmds *out)
{
	if (m->mouse == MOUSE_WHEEL_UP || m->mouse == MOUSE_WHEEL_DOWN) {
		table_move(t, m->mouse == MOUSE_WHEEL_UP ? -3 : 3);
		return;
	}
	if (m->mouse != MOUSE_PRESS)
		return;
	int64_t at = table_at(t, body, m->y);
	const struct field *f = at == -2 ? table_column_at(t, body, m->x) : NULL;

	if (at >= 0)
		table_select(t, (size_t)at);
	if (at >= 0 || !f)
		return;
	table_sort(t, f,
		kind_owner(t->data.kind, f) == kind_owner(t->data.kind, t->sort) && !t->descending);
	table_sorted(a, t, app_top(a)->screen, out);
}

/* ---- Drawing ---- */

/* Sentences below each other, folded; the first is what it is about. */
static void draw_lines(struct grid *g, struct rect body, const char *const *lines,
	enum grid_role role)
{
	int width = body.width - 4, n = 0, at = 0;

	while (lines[n])
		n++;
	int y = body.y + (body.height > n + 2 ? (body.height - n) / 3 : 1);

	for (int i = 0; i < n && width > 0; i++) {
		const char *rest = lines[i];

		do {
			size_t fit = fold_text(rest, width);
			char *piece = fold_piece(rest, fit);

			if (y + at < body.y + body.height)
				grid_clip(g, body.x + 2, y + at, width, i ? role : ROLE_TITLE,
					piece);
			free(piece);
			rest += fit;
			at++;
		} while (*rest && y + at < body.y + body.height);
	}
}

/* Only who may make one is told how. */
static void draw_empty(const struct app *a, const struct kind *k, const char *const *empty,
	struct grid *g, struct rect body)
{
	const char *lines[] = {empty[0], NULL, NULL};
	bool makes = k->path && k->can & CAN_CREATE;
	struct buf how = BUF_INIT;

	if (k->path && !app_may(a, k->see))
		buf_addf(&how, T_MAY_NOT_SEE, role_words[k->see], a->role);
	else if (makes && !app_may(a, k->make))
		buf_addf(&how, T_MAY_NOT, k->can & CAN_TASKS ? T_ACCEPT_SUBMIT : T_ACCEPT_MAKE,
			k->name, role_words[k->make], a->role);
	else if (makes && k->made_by)
		buf_addf(&how, T_MADE_BY, k->name, k->made_by);
	else if (makes && !empty[1])
		buf_adds(&how, T_EMPTY_MAKE);
	lines[1] = how.data;
	draw_lines(g, body, how.len ? lines : empty, ROLE_DIM);
	buf_release(&how);
}

static void draw_nothing(const struct app *a, struct table *t, const char *const *empty,
	struct grid *g, struct rect body)
{
	const char *connecting[] = {T_CONNECTING_TITLE, T_CONNECTING_HOW, NULL};
	const char *gone[] = {T_GONE_TITLE, a->refused ? T_REFUSED_HOW : T_GONE_HOW, NULL};
	const char *failed[] = {T_LIST_FAILED, t->data.error, T_LIST_FAILED_HOW, NULL};
	const char *loading[] = {T_LOADING, NULL};
	const char *filtered[] = {T_NO_MATCH, T_NO_MATCH_HOW, NULL};

	if (t->data.error)
		draw_lines(g, body, failed, ROLE_BAD);
	else if (t->data.len > 0)
		draw_lines(g, body, filtered, ROLE_DIM);
	else if (t->data.synced)
		draw_empty(a, t->data.kind, empty, g, body);
	else if (a->link == LINK_GONE)
		draw_lines(g, body, gone, ROLE_BAD);
	else
		draw_lines(g, body, app_connected(a) ? loading : connecting, ROLE_DIM);
}

void table_body(const struct app *a, struct table *t, const char *const *empty, struct grid *g,
	struct rect body)
{
	static const char *const none[] = {T_NO_ROWS, NULL};

	t->now = a->now;
	table_draw(t, g, body, app_stale(a));
	if (table_count(t) == 0)
		draw_nothing(a, t, empty ? empty : none, g, body);
}

void table_status(const struct app *a, struct table *t, struct buf *out)
{
	size_t shown = table_count(t);

	if (shown != t->data.len)
		buf_addf(out, T_SHOWN_OF, shown, t->data.len);
	else
		buf_addf(out, "%zu", shown);
	if (!t->data.synced && t->data.len)
		buf_adds(out, T_MORE_COMING);
	if (shown && !t->sort_seen)
		buf_addf(out, "  %s%s", table_arrow(t, a->options.ascii), t->sort->name);
}

/* ---- The screen itself: v->state is its table ---- */

void tablescreen_open(struct app *a, struct view *v, struct cmds *out)
{
	struct table *t = mem_alloc(sizeof *t);

	table_open_remembered(a, t, v->screen);
	v->state = t;
	if (v->screen->ask)
		t->request = v->screen->ask(a, v, out);
	else
		table_subscribe(a, t, v->screen, true, out);
}

void tablescreen_close(struct app *a, struct view *v, struct cmds *out)
{
	(void)a;
	table_unsubscribe(v->state, out);
	table_release(v->state);
	free(v->state);
}

void tablescreen_message(struct app *a, struct view *v, const struct msg *m, struct cmds *out)
{
	struct table *t = v->state;

	if (m->type == MSG_REPLY && t->request && m->id == t->request)
		table_reply(t, m, v->screen->rows);
	else
		table_message(a, t, m, out);
}

void tablescreen_show(struct app *a, const struct table *t, const struct entry *e,
	const char *sentence)
{
	const struct kind *k = t->data.kind;
	struct buf title = BUF_INIT;

	buf_addf(&title, " %s ", record_key(k, e->row));
	popup_open(a, title.data);
	if (sentence)
		buf_addf(&a->popup, "%s\n\n", sentence);
	for (size_t i = 0; i < k->field_count; i++) {
		const struct field *f = &k->fields[i];

		if ((f->flags & (F_ALIAS | F_SECRET)) || !record_knows(k, e->row, f))
			continue;
		buf_addf(&a->popup, "%s: ", f->name);
		record_cell(k, e->row, f, a->now, &a->popup);
		buf_adds(&a->popup, "\n");
	}
	buf_release(&title);
}

bool tablescreen_action(struct app *a, struct view *v, enum action act, struct cmds *out)
{
	struct table *t = v->screen->table(v);

	if (act == ACT_OPEN && !(t->data.kind->can & CAN_ONE) && table_selected(t)) {
		tablescreen_show(a, t, table_selected(t), NULL);
		return true;
	}
	if (act == ACT_REFRESH && v->screen->ask)
		t->request = v->screen->ask(a, v, out);
	if (act == ACT_REFRESH && t->data.error && t->data.sub)
		table_subscribe(a, t, v->screen, true, out);
	if (act == ACT_WIDE) {
		t->wide = !t->wide;
		app_remember(a, v->screen->name, "wide", t->wide ? "1" : "", out);
	} else if (!table_action(a, t, act, app_layout(a).body.height - 1)) {
		return false;
	}
	if (act == ACT_INVERT)
		table_sorted(a, t, v->screen, out);
	else if (t->data.sub)
		table_subscribe(a, t, v->screen, false, out);
	return true;
}

void tablescreen_mouse(struct app *a, struct view *v, const struct msg *m, struct rect body,
	struct cmds *out)
{
	table_mouse(a, v->screen->table(v), m, body, out);
}

void tablescreen_draw(const struct app *a, const struct view *v, struct grid *g, struct rect body)
{
	table_body(a, v->screen->table(v), v->screen->empty, g, body);
}

void tablescreen_status(const struct app *a, const struct view *v, struct buf *out)
{
	table_status(a, v->screen->table(v), out);
}

void tablescreen_crumb(const struct app *a, const struct view *v, struct buf *out)
{
	(void)a;
	buf_adds(out, v->screen->table(v)->filter_text);
}

struct table *tablescreen_table(const struct view *v)
{
	return v->state;
}

void tablescreen_save(struct app *a, struct view *v, const char *path, struct cmds *out)
{
	struct cmd *c = cmds_add(out, CMD_SAVE_TEXT);
	struct buf text = BUF_INIT;

	(void)a;
	table_text(v->screen->table(v), &text);
	c->path = mem_strdup(path);
	c->text = buf_detach(&text);
}

void tablescreen_copy(const struct app *a, const struct view *v, struct buf *out)
{
	struct table *t = v->screen->table(v);
	size_t max = t->data.len + 1;
	struct entry **entries = mem_alloc(max * sizeof *entries);
	size_t n = table_targets(t, entries, max);

	(void)a;
	for (size_t i = 0; i < n; i++)
		buf_addf(out, "%s%s", i ? "\n" : "", record_key(t->data.kind, entries[i]->row));
	free(entries);
}
