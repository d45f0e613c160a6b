#include "ui/screens/jobdata.h"
#include "ui/kit/textpane.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* Every field of a job that is known, by section. */

struct describe_view {
	struct jobdata data;
	struct textpane pane;
};

static void fill(struct describe_view *d, int64_t now)
{
	textpane_clear(&d->pane);
	if (d->data.error)
		textpane_add(&d->pane, ROLE_BAD, "%s", d->data.error);
	if (!d->data.known && !d->data.error)
		textpane_add(&d->pane, ROLE_DIM, "%s", T_LOADING);
	if (d->data.known)
		textpane_record(&d->pane, &job_kind, &d->data.job, now, ~0u);
}

static void describe_open(struct app *a, struct view *v, struct cmds *out)
{
	struct describe_view *d = mem_alloc(sizeof *d);

	v->state = d;
	textpane_init(&d->pane);
	jobdata_ask(&d->data, a, v->name, out);
	fill(d, a->now);
}

static void describe_close(struct app *a, struct view *v, struct cmds *out)
{
	struct describe_view *d = v->state;

	(void)a, (void)out;
	jobdata_release(&d->data);
	textpane_release(&d->pane);
	free(d);
}

static void describe_message(struct app *a, struct view *v, const struct msg *m, struct cmds *out)
{
	struct describe_view *d = v->state;
	bool life = false;

	if (jobdata_message(&d->data, a, m, &life))
		fill(d, a->now);
	if (life && !d->data.id)
		jobdata_ask(&d->data, a, v->name, out);
}

static bool describe_action(struct app *a, struct view *v, enum action act, struct cmds *out)
{
	struct describe_view *d = v->state;

	if (act == ACT_REFRESH)
		jobdata_ask(&d->data, a, v->name, out);
	if (act == ACT_NEXT || act == ACT_PREVIOUS)
		return textpane_next(&d->pane, act == ACT_PREVIOUS) || true;
	return textpane_action(&d->pane, act, app_layout(a).body.height);
}

static void describe_draw(const struct app *a, const struct view *v, struct grid *g,
	struct rect body)
{
	(void)a;
	textpane_draw(&((struct describe_view *)v->state)->pane, g, body);
}

static void describe_search(struct app *a, struct view *v, const char *text, struct cmds *out)
{
	(void)out;
	if (!textpane_search(&((struct describe_view *)v->state)->pane, text))
		app_notice(a, ROLE_WARN, T_NOT_FOUND, text);
}

static void describe_save(struct app *a, struct view *v, const char *path, struct cmds *out)
{
	struct cmd *c = cmds_add(out, CMD_SAVE_TEXT);
	struct buf text = BUF_INIT;

	(void)a;
	textpane_text(&((struct describe_view *)v->state)->pane, &text);
	c->path = mem_strdup(path);
	c->text = buf_detach(&text);
}

static void describe_copy(const struct app *a, const struct view *v, struct buf *out)
{
	(void)a;
	textpane_text(&((const struct describe_view *)v->state)->pane, out);
}

const struct screen scr_describe = {
	.name = "describe",
	.doc = T_SCREEN_DESCRIBE,
	.takes_name = true,
	.scopes = SCOPE_TEXT,
	.open = describe_open,
	.close = describe_close,
	.message = describe_message,
	.action = describe_action,
	.draw = describe_draw,
	.search = describe_search,
	.save = describe_save,
	.copy = describe_copy,
};
