#include "ui/screens/screens.h"

#include "core/kinds/task.h"
#include "base/mem.h"
#include "base/num.h"
#include "ui/kit/logpane.h"

#include <stdlib.h>
#include <string.h>

/*
 * A log. The view's name is "job", "job/task" or "job/task/attempt": history and the palette can
 * say where one was.
 */

struct log_view {
	struct logpane pane;
	char *job, *uid, *task;
	char *org;       /* "" the key's own */
	int64_t attempt; /* 0: the newest */
};

static void split_name(struct log_view *l, const char *name)
{
	const char *task = strchr(name, '/'), *attempt = task ? strchr(task + 1, '/') : NULL;

	l->job = task ? strndup(name, (size_t)(task - name)) : mem_strdup(name);
	l->task = !task   ? mem_strdup("")
		: attempt ? strndup(task + 1, (size_t)(attempt - task - 1))
			  : mem_strdup(task + 1);
	l->attempt = 0;
	if (attempt)
		num_i64(attempt + 1, 0, 1000000, &l->attempt);
}

static void open_log(struct app *a, struct log_view *l, struct cmds *out)
{
	struct cmd *c;

	if (l->pane.sub)
		cmds_add(out, CMD_UNSUBSCRIBE)->sub = l->pane.sub;
	logpane_reset(&l->pane);
	l->pane.sub = app_sub(a);
	c = cmds_add(out, CMD_LOG_OPEN);
	c->sub = l->pane.sub;
	c->org = mem_strdup(l->org);
	c->job = mem_strdup(l->uid);
	c->task = mem_strdup(*l->task ? l->task : task_single);
	c->attempt = l->attempt;
}

static void log_start(struct app *a, struct view *v, struct cmds *out)
{
	struct log_view *l = mem_alloc(sizeof *l);
	struct layout layout = app_layout(a);

	v->state = l;
	logpane_init(&l->pane);
	logpane_size(&l->pane, layout.body.width, layout.body.height);
	split_name(l, v->name);
	const struct job *j = app_row(a, &job_kind, l->job);

	l->uid = mem_strdup(j ? record_uid(&job_kind, j) : l->job);
	l->org = mem_strdup(app_org(a, (struct object){&job_kind, j}, l->job));
	open_log(a, l, out);
}

static void log_close(struct app *a, struct view *v, struct cmds *out)
{
	struct log_view *l = v->state;

	(void)a;
	cmds_add(out, CMD_UNSUBSCRIBE)->sub = l->pane.sub;
	logpane_release(&l->pane);
	free(l->job);
	free(l->uid);
	free(l->task);
	free(l->org);
	free(l);
}

void log_open(struct app *a, const char *job, const char *task, int64_t attempt, struct cmds *out)
{
	struct buf name = BUF_INIT;

	buf_adds(&name, job);
	if (*task)
		buf_addf(&name, "/%s", task);
	if (*task && attempt)
		buf_addf(&name, "/%d", (int)attempt);
	stack_open(a, &scr_log, name.data, out);
	buf_release(&name);
}

void log_open_at(struct app *a, const char *job, const char *task, int64_t attempt, uint64_t offset,
	struct cmds *out)
{
	struct view *v;

	log_open(a, job, task, attempt, out);
	v = app_top(a);
	if (v && v->screen == &scr_log)
		logpane_jump(&((struct log_view *)v->state)->pane, offset, out);
}

static void log_message(struct app *a, struct view *v, const struct msg *m, struct cmds *out)
{
	struct log_view *l = v->state;

	if (!logpane_message(&l->pane, m, out) || m->type != MSG_LOG_FOUND)
		return;
	if (l->pane.finding)
		return;
	if (l->pane.hit < 0)
		app_notice(a, ROLE_WARN, T_NOT_FOUND, l->pane.pattern ? l->pane.pattern : "");
	else if (m->wrapped || l->pane.wrapped)
		app_notice(a, ROLE_DIM, T_WRAPPED);
	else
		app_notice_clear(a);
}

/* `p` goes back an attempt; from the first one on to the newest again. */
static void previous_attempt(struct app *a, struct log_view *l, struct cmds *out)
{
	const struct job *j = app_row(a, &job_kind, l->job);
	int64_t now = l->attempt ? l->attempt : j && j->attempt > 0 ? j->attempt : 1;

	if (l->attempt == 0 && now <= 1) {
		app_notice(a, ROLE_WARN, T_NO_ATTEMPT);
		return;
	}
	l->attempt = now > 1 ? now - 1 : 0;
	open_log(a, l, out);
	if (l->attempt)
		app_notice(a, ROLE_NORMAL, T_ATTEMPT, (int)l->attempt);
	else
		app_notice(a, ROLE_NORMAL, T_ATTEMPT_NEWEST);
}

static bool log_action(struct app *a, struct view *v, enum action act, struct cmds *out)
{
	struct log_view *l = v->state;
	struct rect body = app_layout(a).body;

	logpane_size(&l->pane, body.width, body.height);
	if (act == ACT_ATTEMPT) {
		previous_attempt(a, l, out);
		return true;
	}
	if (act == ACT_REFRESH)
		l->pane.asking = false;
	if ((act == ACT_NEXT || act == ACT_PREVIOUS) && l->pane.pattern)
		app_notice(a, ROLE_DIM, T_SEARCHING, l->pane.pattern);
	return logpane_action(&l->pane, act, out);
}

static void log_mouse(struct app *a, struct view *v, const struct msg *m, struct rect body,
	struct cmds *out)
{
	struct log_view *l = v->state;

	(void)a;
	logpane_size(&l->pane, body.width, body.height);
	if (m->mouse == MOUSE_WHEEL_UP || m->mouse == MOUSE_WHEEL_DOWN)
		logpane_scroll(&l->pane, m->mouse == MOUSE_WHEEL_UP ? -3 : 3, out);
}

static void log_draw(const struct app *a, const struct view *v, struct grid *g, struct rect body)
{
	struct log_view *l = v->state;

	(void)a;
	logpane_draw(&l->pane, g, body);
}

static void log_crumb(const struct app *a, const struct view *v, struct buf *out)
{
	const struct log_view *l = v->state;

	(void)a;
	if (l->attempt && !strchr(v->name, '/'))
		buf_addf(out, T_LOG_ATTEMPT " %d ", (int)l->attempt);
	if (l->pane.raw)
		buf_adds(out, T_LOG_RAW " ");
	if (l->pane.wrap)
		buf_adds(out, T_LOG_WRAP);
}

static void log_status(const struct app *a, const struct view *v, struct buf *out)
{
	const struct logpane *p = &((const struct log_view *)v->state)->pane;
	int64_t fresh = logpane_new_lines(p);

	(void)a;
	if (!p->open)
		return;
	buf_addf(out, T_LOG_LINES, (long long)p->lines, p->lines == 1 ? "" : "s");
	if (p->follow)
		buf_adds(out, p->final ? T_LOG_WHOLE : T_LOG_FOLLOWING);
	else if (fresh > 0)
		buf_addf(out, T_LOG_NEW, (long long)fresh);
	else
		buf_addf(out, T_LOG_AT, (long long)p->top + 1);
}

static void log_search(struct app *a, struct view *v, const char *text, struct cmds *out)
{
	app_notice(a, ROLE_DIM, T_SEARCHING, text);
	logpane_find(&((struct log_view *)v->state)->pane, text, false, out);
}

static void log_save(struct app *a, struct view *v, const char *path, struct cmds *out)
{
	struct cmd *c = cmds_add(out, CMD_LOG_SAVE);

	(void)a;
	c->sub = ((struct log_view *)v->state)->pane.sub;
	c->path = mem_strdup(path);
}

static void log_copy(const struct app *a, const struct view *v, struct buf *out)
{
	(void)a;
	logpane_text(&((const struct log_view *)v->state)->pane, out);
}

const struct screen scr_log = {
	.name = "log",
	.doc = T_SCREEN_LOG,
	.takes_name = true,
	.scopes = SCOPE_TEXT | SCOPE_LOG,
	.open = log_start,
	.close = log_close,
	.message = log_message,
	.action = log_action,
	.mouse = log_mouse,
	.draw = log_draw,
	.crumb = log_crumb,
	.status = log_status,
	.search = log_search,
	.save = log_save,
	.copy = log_copy,
};
