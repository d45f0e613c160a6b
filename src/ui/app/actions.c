#include "ui/app/parts.h"

#include "base/mem.h"

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

/* Actions on jobs, wherever one is selected or open. */
static bool job_action(struct app *a, enum action act, struct cmds *out)
{
	struct object o = app_object(a);
	const struct job *j = o.kind == &job_kind ? o.row : NULL;
	const char *name = j && j->job_name ? j->job_name : "";
	bool open = app_scopes(a) & SCOPE_JOB;

	switch (act) {
	case ACT_CANCEL:
	case ACT_DELETE:
	case ACT_RETRY:
		/* Never the row that is selected in the list below a job that is not here yet. */
		if (!open)
			change_propose(a, act, out);
		else if (j)
			change_propose_job(a, act, j, record_uid(&job_kind, j), out);
		else
			app_notice(a, ROLE_WARN, T_JOB_NOT_HERE);
		return true;
	case ACT_WHY: why_ask(a, out); return true;
	case ACT_CLONE:
		if (j)
			stack_open(a, screen_find(a, "submit"), name, out);
		return true;
	case ACT_LOGS:
		if (j)
			stack_open(a, screen_find(a, "log"), name, out);
		return true;
	case ACT_DESCRIBE:
		if (j)
			stack_open(a, screen_find(a, "describe"), name, out);
		return true;
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
	if (job_action(a, act, out))
		return;
	switch (act) {
	case ACT_BACK: back(a, out); break;
	case ACT_PALETTE: palette_open(a); break;
	case ACT_SEARCH: line_open(a, MODE_SEARCH, ""); break;
	case ACT_SUBMIT: stack_open(a, screen_find(a, "submit"), "", out); break;
	case ACT_COPY: copy(a, v, out); break;
	case ACT_SAVE: save(a, v); break;
	case ACT_UNDO: change_undo(a); break;
	case ACT_REFRESH:
		cmds_add(out, CMD_REFRESH);
		app_notice(a, ROLE_DIM, T_REFRESHING);
		break;
	case ACT_REDRAW: cmds_add(out, CMD_REDRAW); break;
	case ACT_SUSPEND: cmds_add(out, CMD_SUSPEND); break;
	default: break;
	}
}
