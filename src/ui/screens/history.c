#include "ui/screens/screens.h"

#include "base/mem.h"

#include <stdlib.h>

/* What happened to one object, of any kind that has events. */

struct history_view {
	struct table events;
	uint64_t id; /* of the request on its way; 0: none */
};

static const char *const empty[] = {T_EMPTY_EVENTS, NULL};

static void ask(struct app *a, struct view *v, struct cmds *out)
{
	struct history_view *h = v->state;
	struct object o = {v->kind, app_row(a, v->kind, v->name)};

	h->id = events_ask(a, o, v->name, out);
}

static void history_open(struct app *a, struct view *v, struct cmds *out)
{
	struct history_view *h = mem_alloc(sizeof *h);

	v->state = h;
	table_init(&h->events, &event_kind, event_columns, "age");
	ask(a, v, out);
}

static void history_close(struct app *a, struct view *v, struct cmds *out)
{
	struct history_view *h = v->state;

	(void)a, (void)out;
	table_release(&h->events);
	free(h);
}

static void history_message(struct app *a, struct view *v, const struct msg *m, struct cmds *out)
{
	struct history_view *h = v->state;
	struct buf why = BUF_INIT;

	(void)a, (void)out;
	if (m->type != MSG_REPLY || !h->id || m->id != h->id)
		return;
	h->id = 0;
	if (m->status >= 200 && m->status < 300)
		events_take(&h->events, m->body);
	else
		reply_error(m, &why);
	dataset_fail(&h->events.data, why.len ? why.data : NULL);
	buf_release(&why);
}

static struct table *history_table(const struct view *v)
{
	return &((struct history_view *)v->state)->events;
}

static bool history_action(struct app *a, struct view *v, enum action act, struct cmds *out)
{
	if (act == ACT_REFRESH)
		ask(a, v, out);
	return tablescreen_action(a, v, act, out);
}

static void history_draw(const struct app *a, const struct view *v, struct grid *g,
	struct rect body)
{
	table_body(a, history_table(v), empty, g, body);
}

const struct screen scr_history = {
	.name = "history",
	.doc = T_SCREEN_HISTORY,
	.takes_name = true,
	.any_kind = true,
	.scopes = SCOPE_TABLE,
	.open = history_open,
	.close = history_close,
	.message = history_message,
	.action = history_action,
	.mouse = tablescreen_mouse,
	.draw = history_draw,
	.status = tablescreen_status,
	.crumb = tablescreen_crumb,
	.table = history_table,
	.save = tablescreen_save,
	.copy = tablescreen_copy,
};
