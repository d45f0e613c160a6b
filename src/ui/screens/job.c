#include "ui/screens/jobview.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "core/kinds/logplace.h"
#include "core/kinds/output.h"
#include "core/kinds/page.h"

#include <stdlib.h>
#include <string.h>

/* One job: overview, events, tasks, spec. */

static const char *const tab_words[] = {T_TAB_OVERVIEW, T_TAB_CHARTS, T_TAB_EVENTS, T_TAB_TASKS,
	T_TAB_OUTPUTS, T_TAB_SPEC};

static const struct column task_columns[] = {
	{.field = "task", .width = 10, .most = 20},
	{.field = "attempt", .priority = 1, .width = 3},
	{.field = "state", .priority = 2, .width = 9},
	{.field = "why", .priority = 4, .width = 10, .most = 14},
	{.field = "exit_code", .priority = 3, .width = 4},
	{.field = "signal", .priority = 6, .width = 3},
	{.field = "node_name", .priority = 7, .width = 10, .most = 20},
	{.field = "log_bytes", .priority = 5, .width = 6},
	{.field = "age", .priority = 8, .width = 4},
	{.field = "cpu_time", .priority = 9, .width = 6, .wide = true},
	{.field = "memory_peak", .priority = 10, .width = 6, .wide = true},
	{.field = "message", .priority = 11, .width = 20, .most = 80, .wide = true},
	{0},
};
static const char *const no_events[] = {T_EMPTY_EVENTS, NULL};
static const char *const no_tasks[] = {T_EMPTY_TASKS, NULL};

/* ---- Data ---- */

static void ask(struct app *a, struct view *view, struct cmds *out)
{
	struct job_view *v = view->state;
	struct object job = {&job_kind,
		v->data.known ? v->data.rec : app_row(a, &job_kind, view->name)};
	char *tasks = object_path(a, job, object_id(job, view->name), "/tasks");

	objdata_ask(&v->data, a, view->name, out);
	v->events_id = events_ask(a, job, view->name, out);
	v->tasks_id = app_get(a, tasks, out);
	v->samples_due = true;
	free(tasks);
}

static void job_open(struct app *a, struct view *view, struct cmds *out)
{
	struct job_view *v = mem_alloc(sizeof *v);

	view->state = v;
	objdata_init(&v->data, &job_kind);
	textpane_init(&v->overview);
	textpane_init(&v->spec);
	series_init(&v->samples, &job_kind);
	table_init(&v->events, &event_kind, event_columns, "age");
	table_init(&v->tasks, &task_kind, task_columns, "-attempt");
	table_init(&v->outputs, &output_kind, output_columns, "path");
	ask(a, view, out);
	job_fill(v, a);
}

static void job_close(struct app *a, struct view *view, struct cmds *out)
{
	struct job_view *v = view->state;

	(void)a;
	objdata_release(&v->data, out);
	textpane_release(&v->overview);
	textpane_release(&v->spec);
	series_release(&v->samples);
	curves_release(&v->curves);
	table_release(&v->events);
	table_release(&v->tasks);
	table_release(&v->outputs);
	free(v);
}

static void take_tasks(struct table *t, const json_t *rows)
{
	dataset_begin_again(&t->data);
	table_rows(t, rows);
	table_synced(t);
}

static void take_list(struct job_view *v, const struct msg *m)
{
	bool events = m->id == v->events_id, good = m->status >= 200 && m->status < 300;
	struct table *t = events ? &v->events : &v->tasks;
	struct buf why = BUF_INIT;

	*(events ? &v->events_id : &v->tasks_id) = 0;
	if (good) {
		if (events)
			events_take(t, m->body);
		else
			take_tasks(t, json_object_get(m->body, "data"));
		dataset_fail(&t->data, NULL);
	} else {
		reply_error(m, &why);
		dataset_fail(&t->data, why.data);
	}
	buf_release(&why);
}

static void job_message(struct app *a, struct view *view, const struct msg *m, struct cmds *out)
{
	struct job_view *v = view->state;
	bool life = false, changed = objdata_message(&v->data, a, m, &life, out);

	if (m->type == MSG_REPLY && m->id && (m->id == v->events_id || m->id == v->tasks_id)) {
		take_list(v, m);
		changed = true;
	}
	if (m->type == MSG_REPLY && v->outputs.request && m->id == v->outputs.request)
		table_reply(&v->outputs, m, page_rows);
	changed |= job_charts_message(v, a, m);
	changed |= job_curves_message(v, a, view->name, m, out);
	if (changed)
		job_fill(v, a);
	if (life && !v->data.id)
		ask(a, view, out);
}

static const void *job_object(const struct view *view)
{
	const struct job_view *v = view->state;

	return v->data.known ? v->data.rec : NULL;
}

/* ---- Screen ---- */

static struct table *job_table(const struct view *view)
{
	struct job_view *v = view->state;

	return v->tab == TAB_EVENTS     ? &v->events
		: v->tab == TAB_TASKS   ? &v->tasks
		: v->tab == TAB_OUTPUTS ? &v->outputs
					: NULL;
}

static struct textpane *job_pane(const struct view *view)
{
	struct job_view *v = view->state;

	return v->tab == TAB_SPEC ? &v->spec : &v->overview;
}

static unsigned job_scope(const struct view *view)
{
	const struct job_view *v = view->state;

	if (v->tab == TAB_TASKS)
		return SCOPE_TABS | SCOPE_TABLE | SCOPE_OPEN;
	return SCOPE_TABS | (job_table(view) ? SCOPE_TABLE : SCOPE_TEXT);
}

static struct rect inner(struct rect body)
{
	return (struct rect){body.x, body.y + 1, body.width, body.height - 1};
}

static bool task_action(struct app *a, struct view *view, enum action act, struct cmds *out)
{
	struct job_view *v = view->state;
	struct entry *e = table_selected(&v->tasks);
	const struct task *t = e ? e->row : NULL;

	if (v->tab == TAB_TASKS && !t && act == ACT_OPEN)
		return true;
	/* Where no task is told of, the log is the job's as on the other tabs. */
	if (v->tab != TAB_TASKS || !t || (act != ACT_OPEN && act != ACT_LOGS))
		return false;
	log_open(a, view->name, t->task ? t->task : "", t->attempt, out);
	return true;
}

static void failure_action(struct app *a, const struct view *view, struct cmds *out)
{
	const struct job *j = job_of(view->state);
	const struct logplace *at = j->failure_at.item;

	if (!record_has(job, j, failure_at) || at == NULL || at->offset < 0)
		app_notice(a, ROLE_WARN, T_NO_FAILURE);
	else
		log_open_at(a, view->name, at->task ? at->task : "", at->attempt,
			(uint64_t)at->offset, out);
}

static bool job_action(struct app *a, struct view *view, enum action act, struct cmds *out)
{
	struct job_view *v = view->state;
	struct table *t = job_table(view);
	int page = inner(app_layout(a).body).height;

	if (act == ACT_NEXT_TAB || act == ACT_PREV_TAB) {
		v->tab = (enum tab)(
			(v->tab + (act == ACT_NEXT_TAB ? 1 : TAB_COUNT - 1)) % TAB_COUNT);
		if (v->tab == TAB_OUTPUTS)
			v->outputs.request = outputs_ask(a, view->name, out);
		if (v->tab == TAB_CHARTS)
			job_curves_ask(v, a, view->name, out);
		return true;
	}
	if (act == ACT_REFRESH && v->tab == TAB_OUTPUTS)
		v->outputs.request = outputs_ask(a, view->name, out);
	else if (act == ACT_REFRESH)
		ask(a, view, out);
	if (act == ACT_REFRESH && v->tab == TAB_CHARTS)
		job_curves_ask(v, a, view->name, out);
	if (v->tab == TAB_CHARTS && job_curves_action(v, a, view->name, act, out))
		return true;
	if (task_action(a, view, act, out))
		return true;
	if (act == ACT_FAILURE) {
		failure_action(a, view, out);
		return true;
	}
	if (act == ACT_EVENTS) {
		v->tab = TAB_EVENTS;
		return true;
	}
	if (t && act == ACT_WIDE) {
		t->wide = !t->wide;
		return true;
	}
	if (t)
		return table_action(a, t, act, page - 1);
	if (act == ACT_NEXT || act == ACT_PREVIOUS)
		return textpane_next(job_pane(view), act == ACT_PREVIOUS) || true;
	return textpane_action(job_pane(view), act, page);
}

static void draw_tabs(const struct job_view *v, struct grid *g, struct rect r)
{
	int x = r.x + 1;

	for (int i = 0; i < TAB_COUNT; i++) {
		int width = utf8_width(tab_words[i]) + 2;

		grid_textf(g, x, r.y, width, (int)v->tab == i ? ROLE_TITLE : ROLE_DIM, " %s ",
			tab_words[i]);
		if ((int)v->tab == i)
			grid_select(g, x, r.y, width);
		x += width + 1;
	}
}

static void job_draw(const struct app *a, const struct view *view, struct grid *g, struct rect body)
{
	struct job_view *v = view->state;
	struct table *t = job_table(view);

	draw_tabs(v, g, body);
	if (v->tab == TAB_CHARTS)
		job_charts_draw(v, g, inner(body));
	else if (t)
		table_body(a, t,
			t == &v->events            ? no_events
				: t == &v->outputs ? no_outputs
						   : no_tasks,
			g, inner(body));
	else
		textpane_draw(job_pane(view), g, inner(body));
}

static void job_mouse(struct app *a, struct view *view, const struct msg *m, struct rect body,
	struct cmds *out)
{
	struct table *t = job_table(view);

	if (t)
		table_mouse(a, t, m, inner(body), out);
	else if (m->mouse == MOUSE_WHEEL_UP || m->mouse == MOUSE_WHEEL_DOWN)
		textpane_scroll(job_pane(view), m->mouse == MOUSE_WHEEL_UP ? -3 : 3,
			body.height - 1);
}

static void job_status(const struct app *a, const struct view *view, struct buf *out)
{
	if (job_table(view))
		table_status(a, job_table(view), out);
}

static void job_search(struct app *a, struct view *view, const char *text, struct cmds *out)
{
	struct job_view *v = view->state;
	bool found = v->tab == TAB_CHARTS ? job_curves_search(v, a, view->name, text, out)
					  : textpane_search(job_pane(view), text);

	if (!found)
		app_notice(a, ROLE_WARN, T_NOT_FOUND, text);
}

static void job_copy(const struct app *a, const struct view *view, struct buf *out)
{
	(void)a;
	if (!job_table(view))
		textpane_text(job_pane(view), out);
	else
		buf_adds(out, view->name);
}

static void job_save(struct app *a, struct view *view, const char *path, struct cmds *out)
{
	struct cmd *c = cmds_add(out, CMD_SAVE_TEXT);
	struct buf text = BUF_INIT;

	(void)a;
	if (job_table(view))
		table_text(job_table(view), &text);
	else
		textpane_text(job_pane(view), &text);
	c->path = mem_strdup(path);
	c->text = buf_detach(&text);
}

/* What only these two show is asked for when one of them is looked at. */
static void job_tick(struct app *a, struct view *view, struct cmds *out)
{
	struct job_view *v = view->state;

	if (v->samples_due && (v->tab == TAB_OVERVIEW || v->tab == TAB_CHARTS)) {
		v->samples_due = false;
		job_charts_ask(v, a, view->name, out);
	}
}

const struct screen scr_job = {
	.name = "job",
	.doc = T_SCREEN_JOB,
	.takes_name = true,
	.kind = &job_kind,
	.object = job_object,
	.scope = job_scope,
	.open = job_open,
	.close = job_close,
	.message = job_message,
	.tick = job_tick,
	.action = job_action,
	.mouse = job_mouse,
	.draw = job_draw,
	.status = job_status,
	.table = job_table,
	.search = job_search,
	.save = job_save,
	.copy = job_copy,
};
