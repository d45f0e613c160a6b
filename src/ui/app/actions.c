#include "ui/app/parts.h"

#include "base/mem.h"
#include "core/kinds/key.h"

#include <string.h>

/* What the keys do on every screen; a screen's own come first. */

const struct screen *screen_find(const struct app *a, const char *name)
{
	for (const struct screen *const *s = a->options.screens; *s; s++)
		if (strcmp((*s)->name, name) == 0)
			return *s;
	return NULL;
}

/* Esc: first the filter and the marks go, then the screen. */
static void back(struct app *a, struct cmds *out)
{
	struct view *v = app_top(a);
	struct table *t = v->screen->table ? v->screen->table(v) : NULL;

	if (t && t->marked) {
		table_mark_clear(t);
	} else if (t && *t->filter_text) {
		table_filter(t, "", NULL);
	} else {
		stack_pop(a, out);
	}
}

static void copy(struct app *a, struct view *v, struct cmds *out)
{
	struct buf text = BUF_INIT;

	if (v->screen->copy)
		v->screen->copy(a, v, &text);
	if (text.len)
		cmds_add(out, CMD_COPY)->text = buf_detach(&text);
	else
		app_notice(a, ROLE_DIM, T_NOTHING_TO_COPY);
	buf_release(&text);
}

static void save(struct app *a, struct view *v)
{
	struct buf name = BUF_INIT;

	if (!v->screen->save) {
		app_notice(a, ROLE_DIM, T_NOTHING_TO_SAVE);
		return;
	}
	buf_addf(&name, "%s%s%s.%s", v->screen->name, *v->name ? "-" : "", v->name,
		v->screen->kind && v->screen->table ? "tsv" : "txt");
	for (char *s = name.data; *s; s++)
		if (*s == '/' || *s == ' ')
			*s = '-';
	line_open(a, MODE_SAVE, name.data);
	buf_release(&name);
}

/* An object that is not here yet is not what the list below has selected: nothing is done. */
static bool has_row(struct app *a, struct object o)
{
	if (o.row)
		return true;
	if (app_top(a)->screen->object)
		app_notice(a, ROLE_WARN, T_NOT_HERE, o.kind->name);
	else
		app_notice(a, ROLE_WARN, T_NO_ROW, o.kind->name);
	return false;
}

/* The platform refuses what a role may not do; before a form is filled in is the time to say it. */
static bool may(struct app *a, const struct kind *k, unsigned least, const char *what)
{
	if (app_may(a, least))
		return true;
	app_notice(a, ROLE_WARN, T_MAY_NOT, what, k->name, role_words[least], a->role);
	return false;
}

static bool may_make(struct app *a, const struct kind *k, const char *what)
{
	if (!may(a, k, k->make, what))
		return false;
	if (k->made_by)
		app_notice(a, ROLE_NORMAL, T_MADE_BY, k->name, k->made_by);
	return k->made_by == NULL;
}

static void open_object(struct app *a, const char *screen, struct object o, struct cmds *out)
{
	if (has_row(a, o))
		stack_open_kind(a, screen_find(a, screen), o.kind, record_key(o.kind, o.row), out);
}

static const struct kind_action *action_of(const struct app *a, const struct kind *k,
	enum action act)
{
	for (size_t i = 0; i < a->keymap.made_count; i++)
		if (a->keymap.made[i].action == act)
			return kind_action_find(k, a->keymap.made[i].name);
	return NULL;
}

/* What every kind can have, as its row in the schema says. */
static bool object_action(struct app *a, enum action act, struct cmds *out)
{
	struct object o = app_object(a);

	if (!(app_scopes(a) & SCOPE_OBJECT))
		return false;
	if (act >= ACT_COUNT) {
		const struct kind_action *ka = action_of(a, o.kind, act);

		if (ka && (app_top(a)->screen->object == NULL || has_row(a, o)))
			change_propose(a, ka, out);
		return true;
	}
	switch (act) {
	case ACT_WHY:
		if (has_row(a, o))
			why_ask(a, o, out);
		return true;
	case ACT_OPEN:
		open_object(a,
			o.kind->can & CAN_EDIT && app_may(a, o.kind->change) ? "edit" : "describe",
			o, out);
		return true;
	case ACT_LOGS:
		if (has_row(a, o))
			stack_open(a, screen_find(a, "log"), record_key(o.kind, o.row), out);
		return true;
	case ACT_SUBMIT:
		if (may_make(a, o.kind, o.kind->can & CAN_TASKS ? T_ACCEPT_SUBMIT : T_ACCEPT_MAKE))
			stack_open_kind(a, screen_find(a, "submit"), o.kind, "", out);
		return true;
	case ACT_CLONE:
		if (may_make(a, o.kind, "clone"))
			open_object(a, "submit", o, out);
		return true;
	case ACT_EDIT:
		if (may(a, o.kind, o.kind->change, "edit"))
			open_object(a, "edit", o, out);
		return true;
	case ACT_SET:
		if (app_top(a)->screen->sets && has_row(a, o) &&
			may(a, o.kind, o.kind->change, "edit"))
			set_open(a);
		return true;
	case ACT_DESCRIBE: open_object(a, "describe", o, out); return true;
	case ACT_YAML: open_object(a, "yaml", o, out); return true;
	case ACT_EVENTS: open_object(a, "history", o, out); return true;
	case ACT_TRAIL: open_object(a, "trail", o, out); return true;
	default: return false;
	}
}

static bool leaving(struct app *a, enum action act, struct cmds *out)
{
	switch (act) {
	case ACT_QUIT:
		mode_close(a);
		app_quit(a, out);
		return true;
	case ACT_HISTORY_BACK: history_go(a, -1, out); return true;
	case ACT_HISTORY_FORWARD: history_go(a, 1, out); return true;
	case ACT_LAST: history_last(a, out); return true;
	case ACT_HELP: stack_open(a, screen_find(a, "help"), "", out); return true;
	default: return false;
	}
}

void app_action(struct app *a, enum action act, struct cmds *out)
{
	struct view *v = app_top(a);

	if (!v || act == ACT_NONE || leaving(a, act, out))
		return;
	if (v->screen->action && v->screen->action(a, v, act, out))
		return;
	if (object_action(a, act, out))
		return;
	switch (act) {
	case ACT_BACK: back(a, out); break;
	case ACT_PALETTE: palette_open(a); break;
	case ACT_SEARCH: line_open(a, MODE_SEARCH, ""); break;
	case ACT_COPY: copy(a, v, out); break;
	case ACT_SAVE: save(a, v); break;
	case ACT_UNDO: change_undo(a, out); break;
	case ACT_REFRESH:
		cmds_add(out, CMD_REFRESH);
		app_notice(a, ROLE_DIM, T_REFRESHING);
		break;
	case ACT_REDRAW: cmds_add(out, CMD_REDRAW); break;
	case ACT_SUSPEND: cmds_add(out, CMD_SUSPEND); break;
	default: break;
	}
}
