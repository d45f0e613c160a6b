#include "ui/screens/screens.h"

#include "base/mem.h"
#include "core/kinds/context.h"
#include "core/kinds/output.h"
#include "core/kinds/page.h"

#include <stdlib.h>

/* Lists that no stream brings: asked for when they are opened, and again with Ctrl-R. */

/* ---- Contexts ---- */

static const struct column context_columns[] = {
	{.field = "name", .width = 12, .most = 30},
	{.field = "current", .priority = 1, .width = 6},
	{.field = "endpoint", .priority = 2, .width = 30, .most = 80},
	{.field = "origin", .priority = 3, .width = 20, .most = 60, .wide = true},
	{0},
};
static const char *const no_contexts[] = {T_EMPTY_CONTEXTS_1, T_EMPTY_CONTEXTS_2, NULL};

static uint64_t contexts_ask(struct app *a, struct view *v, struct cmds *out)
{
	struct cmd *c = cmds_add(out, CMD_CONTEXTS);

	(void)v;
	c->id = app_id(a);
	return c->id;
}

/* Enter goes there. */
static bool contexts_action(struct app *a, struct view *v, enum action act, struct cmds *out)
{
	struct entry *e = table_selected(v->state);
	struct buf text = BUF_INIT;
	struct err why = ERR_INIT;

	if (act != ACT_OPEN)
		return tablescreen_action(a, v, act, out);
	if (e) {
		buf_addf(&text, "context %s", record_key(&context_kind, e->row));
		if (!palette_run(a, text.data, out, &why))
			app_notice(a, ROLE_BAD, "%s", why.text);
	}
	buf_release(&text);
	return true;
}

const struct screen scr_contexts = {
	.name = "contexts",
	.doc = T_SCREEN_CONTEXTS,
	.root = true,
	.scopes = SCOPE_TABLE | SCOPE_OPEN,
	.kind = &context_kind,
	.columns = context_columns,
	.sort = "name",
	.empty = no_contexts,
	.ask = contexts_ask,
	.rows = page_rows,
	.action = contexts_action,
	TABLE_SCREEN_BUT_ACTION,
};

/* ---- Outputs of a job ---- */

const struct column output_columns[] = {
	{.field = "path", .width = 30, .most = 80},
	{.field = "size", .priority = 1, .width = 8},
	{.field = "age", .priority = 2, .width = 4, .most = 5},
	{.field = "link", .priority = 3, .width = 12, .most = 40},
	{0},
};
const char *const no_outputs[] = {T_EMPTY_OUTPUTS_1, T_EMPTY_OUTPUTS_2, NULL};

uint64_t outputs_ask(struct app *a, const char *job, struct cmds *out)
{
	struct object o = {&job_kind, app_row(a, &job_kind, job)};
	char *path = object_path(a, o, object_id(o, job), "/outputs");
	uint64_t id = app_get(a, path, out);

	free(path);
	return id;
}

static uint64_t ask_outputs(struct app *a, struct view *v, struct cmds *out)
{
	return outputs_ask(a, v->name, out);
}

const struct screen scr_outputs = {
	.name = "outputs",
	.doc = T_SCREEN_OUTPUTS,
	.takes_name = true,
	.names = &job_kind,
	.scopes = SCOPE_TABLE | SCOPE_OPEN,
	.kind = &output_kind,
	.columns = output_columns,
	.sort = "path",
	.empty = no_outputs,
	.ask = ask_outputs,
	.rows = page_rows,
	TABLE_SCREEN,
};
