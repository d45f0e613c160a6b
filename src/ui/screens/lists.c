#include "ui/screens/screens.h"

#include "base/mem.h"
#include "core/kinds/audit.h"
#include "core/kinds/context.h"
#include "core/kinds/output.h"
#include "core/kinds/page.h"

#include <stdlib.h>

/* Lists that no stream brings: asked for when they are opened, and again with Ctrl-R. */

/* ---- Audit ---- */

static const struct column audit_columns[] = {
	{.field = "age", .width = 4, .most = 5},
	{.field = "action", .priority = 1, .width = 14, .most = 20},
	{.field = "detail", .priority = 2, .width = 20, .most = 60},
	{.field = "key_name", .priority = 3, .width = 10, .most = 20},
	{.field = "peer", .priority = 4, .width = 14, .most = 40},
	{.field = "org_id", .title = "ORG", .priority = 5, .width = 4, .most = 8},
	{0},
};
static const char *const no_audit[] = {T_EMPTY_AUDIT, NULL};

static uint64_t audit_ask(struct app *a, struct view *v, struct cmds *out)
{
	(void)v;
	return app_get(a, "/cloud_ml/v1/audit", out);
}

/* {"seq", "hash", "record": {...}} as one row. */
static json_t *audit_rows(const struct kind *k, const json_t *body)
{
	const json_t *data = json_object_get(body, "data");
	json_t *rows = json_array();

	(void)k;
	for (size_t i = 0; i < json_array_size(data); i++) {
		const json_t *one = json_array_get(data, i);
		json_t *row = json_copy(json_object_get(one, "record"));
		json_int_t seq = json_integer_value(json_object_get(one, "seq"));

		if (!json_is_object(row)) {
			json_decref(row);
			continue;
		}
		json_object_set_new(row, "seq", json_sprintf("%lld", (long long)seq));
		json_array_append_new(rows, row);
	}
	return rows;
}

const struct screen scr_audit = {
	.name = "audit",
	.doc = T_SCREEN_AUDIT,
	.root = true,
	.scopes = SCOPE_TABLE | SCOPE_OPEN,
	.kind = &audit_kind,
	.columns = audit_columns,
	.sort = "age",
	.empty = no_audit,
	.ask = audit_ask,
	.rows = audit_rows,
	TABLE_SCREEN,
};

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
	.open = tablescreen_open,
	.close = tablescreen_close,
	.message = tablescreen_message,
	.action = contexts_action,
	.mouse = tablescreen_mouse,
	.draw = tablescreen_draw,
	.status = tablescreen_status,
	.crumb = tablescreen_crumb,
	.table = tablescreen_table,
	.save = tablescreen_save,
	.copy = tablescreen_copy,
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
