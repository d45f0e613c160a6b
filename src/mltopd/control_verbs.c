/* The verbs about objects and the store: what changes something is a request, as over HTTP. */
#include "mltopd/control.h"

#include "base/mem.h"
#include "kinds/kinds.h"

#include <stdlib.h>
#include <string.h>

/* The value of `--name VALUE` or `--name=VALUE`; NULL: not given. */
static const char *option(const struct command *cmd, const char *name)
{
	size_t len = strlen(name);

	for (int i = 2; i < cmd->count; i++) {
		if (strncmp(cmd->args[i], name, len) != 0)
			continue;
		if (cmd->args[i][len] == '=')
			return cmd->args[i] + len + 1;
		if (cmd->args[i][len] == '\0' && i + 1 < cmd->count)
			return cmd->args[i + 1];
	}
	return NULL;
}

static bool flag(const struct command *cmd, const char *name)
{
	for (int i = 2; i < cmd->count; i++)
		if (strcmp(cmd->args[i], name) == 0)
			return true;
	return false;
}

static void print_json(struct command *cmd, json_t *value)
{
	char *text = json_dumps(value, JSON_ENCODE_ANY);

	buf_addf(&cmd->out, "%s\n", text);
	sign_wipe(text, strlen(text));
	free(text);
	json_decref(value);
}

/* The first word names a kind. */
void command_list(struct command *cmd)
{
	const struct rowset *rows = model_rows(&cmd->p->model, kinds_find(cmd->args[0]));

	for (size_t i = 0; i < rows->len; i++)
		print_json(cmd, record_encode(rows->kind, rows->rows[i], NULL));
	command_finish(cmd, 0);
}

/* ---- Changes: requests, as over HTTP ---- */

static const char *text_in(const json_t *answer, const char *key)
{
	return json_string_value(json_object_get(answer, key));
}

static void request_told(void *ctx, int status, const json_t *answer)
{
	const char *message = text_in(answer, "message");
	struct command *cmd = ctx;
	struct err e = ERR_INIT;

	if (status >= 300) {
		err_set(&e, err_from_http(status), "%s", message ? message : "no answer");
		command_fail(cmd, &e);
		return;
	}
	if (message)
		buf_addf(&cmd->out, "%s\n", message);
	else
		print_json(cmd, json_deep_copy(answer));
	command_finish(cmd, 0);
}

static void org_ask(struct command *cmd, const char *name, own_answered answered)
{
	const struct own_asks asks = {.actor = cmd->actor,
		.org_id = "",
		.kind = kinds_find("org"),
		.body = json_pack("{s:s}", "org_name", name)};

	own_request(cmd->p, &asks, answered, cmd);
}

void command_org_create(struct command *cmd)
{
	org_ask(cmd, cmd->args[2], request_told);
}

static void key_ask(struct command *cmd, own_answered answered)
{
	const char *org_name = option(cmd, "--org");
	const struct org *o = model_org_named(&cmd->p->model, org_name);
	const struct own_asks asks = {.actor = cmd->actor,
		.org_id = o ? o->org_id : "",
		.kind = kinds_find("key"),
		.body = json_pack("{s:s, s:s, s:s*, s:b}", "org_name", org_name, "role",
			option(cmd, "--role"), "name", option(cmd, "--name"), "read_only",
			flag(cmd, "--read-only"))};

	own_request(cmd->p, &asks, answered, cmd);
}

static void key_org_told(void *ctx, int status, const json_t *answer)
{
	if (status < 300)
		key_ask(ctx, request_told);
	else
		request_told(ctx, status, answer);
}

/* The org is made where it is all that was missing: never for a request that is wrong. */
static void key_told(void *ctx, int status, const json_t *answer)
{
	struct command *cmd = ctx;
	const char *field = text_in(answer, "field"), *org = option(cmd, "--org");

	if (status == 422 && field && strcmp(field, "org_name") == 0 &&
		model_org_named(&cmd->p->model, org) == NULL)
		org_ask(cmd, org, key_org_told);
	else
		request_told(cmd, status, answer);
}

void command_key_create(struct command *cmd)
{
	if (option(cmd, "--org") && option(cmd, "--role"))
		key_ask(cmd, key_told);
	else
		command_usage_wrong(cmd,
			"an org and a role are needed:", "key create --org ORG --role ROLE");
}

/* The first word names a kind, the second is one of its actions, the third names an object. */
void command_act(struct command *cmd)
{
	const struct kind *k = kinds_find(cmd->args[0]);
	const struct field *org = kind_field(k, "org_id");
	const void *row = model_row(&cmd->p->model, k, cmd->args[2]);
	const struct own_asks asks = {.actor = cmd->actor,
		.org_id = row && org ? record_text(row, org) : "",
		.kind = k,
		.action = cmd->args[1],
		.name = cmd->args[2]};

	own_request(cmd->p, &asks, request_told, cmd);
}

/* ---- The store ---- */

static void looked(void *ctx, bool ok, const struct store_rows *rows, const struct err *e)
{
	struct command *cmd = ctx;

	if (!ok) {
		command_fail(cmd, e);
		return;
	}
	for (size_t i = 0; i < rows->count; i++)
		buf_addf(&cmd->out, "%s\n", rows->rows[i].data);
	command_finish(cmd, 0);
}

void command_audit_verify(struct command *cmd)
{
	store_audit_verify(cmd->p->model.store, "", looked, cmd);
}

void command_store_check(struct command *cmd)
{
	store_check(cmd->p->model.store, looked, cmd);
}
