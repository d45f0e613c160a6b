#include "core/kinds/kinds.h"
#include "ui/screens/screens.h"

/* What happened lately, newest first. */

static const struct column columns[] = {
	{.field = "age", .width = 4, .most = 5},
	{.field = "object_name", .title = "OBJECT", .priority = 2, .width = 18, .most = 30},
	{.field = "reason", .priority = 1, .width = 14, .most = 20, .tone = "type"},
	{.field = "count", .title = "N", .priority = 4, .width = 4},
	{.field = "message", .priority = 3, .width = 30, .most = 120},
	{.field = "kind", .priority = 5, .width = 8, .wide = true},
	{0},
};

static const char *const empty[] = {T_EMPTY_EVENTS, NULL};

static bool action(struct app *a, struct view *v, enum action act, struct cmds *out)
{
	struct entry *e = table_selected(v->state);
	const struct event *event = e ? e->row : NULL;

	if (act != ACT_OPEN)
		return tablescreen_action(a, v, act, out);
	const struct kind *k = event && event->kind ? kinds_find(event->kind) : NULL;

	if (k && k->can & CAN_TASKS && event->object_name)
		stack_open(a, &scr_job, event->object_name, out);
	else if (k && k->can & CAN_ONE && event->object_name)
		stack_open_kind(a, &scr_describe, k, event->object_name, out);
	return true;
}

const struct screen scr_events = {
	.name = "events",
	.doc = T_SCREEN_EVENTS,
	.root = true,
	.scopes = SCOPE_TABLE | SCOPE_OPEN,
	.kind = &event_kind,
	.columns = columns,
	.sort = "age",
	.fields = "uid,kind,object_name,type",
	.empty = empty,
	.action = action,
	TABLE_SCREEN_BUT_ACTION,
};
