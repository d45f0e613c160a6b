#include "mltopd/control.h"

#include "base/fsio.h"
#include "base/mem.h"
#include "kinds/kinds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void command_init(struct command *cmd)
{
	*cmd = (struct command){.actor = "command line", .out = BUF_INIT, .err = BUF_INIT};
}

void command_release(struct command *cmd)
{
	for (int i = 0; i < cmd->count; i++)
		free(cmd->args[i]);
	/* What was printed may hold a secret. */
	sign_wipe(cmd->out.data, cmd->out.len);
	buf_release(&cmd->out);
	buf_release(&cmd->err);
}

void command_finish(struct command *cmd, int status)
{
	cmd->status = status;
	cmd->done(cmd);
}

void command_fail(struct command *cmd, const struct err *e)
{
	buf_addf(&cmd->err, "mltopd: %s\n", e->text);
	command_finish(cmd, 1);
}

static void usage(struct command *cmd, const char *what, const char *right)
{
	buf_addf(&cmd->err, "mltopd: %s `mltopd %s`\n", what, right);
	command_finish(cmd, 2);
}

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

static void print_rows(struct command *cmd, const struct rowset *rows)
{
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
		.kind = &org_kind,
		.body = json_pack("{s:s}", "org_name", name)};

	own_request(cmd->p, &asks, answered, cmd);
}

static void org_create(struct command *cmd)
{
	org_ask(cmd, cmd->args[2], request_told);
}

static void key_ask(struct command *cmd, own_answered answered)
{
	const char *org_name = option(cmd, "--org");
	const struct org *o = model_org_named(&cmd->p->model, org_name);
	const struct own_asks asks = {.actor = cmd->actor,
		.org_id = o ? o->org_id : "",
		.kind = &key_kind,
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

static void key_create(struct command *cmd)
{
	if (option(cmd, "--org") && option(cmd, "--role"))
		key_ask(cmd, key_told);
	else
		usage(cmd, "an org and a role are needed:", "key create --org ORG --role ROLE");
}

/* The second word is an action of keys. */
static void key_act(struct command *cmd)
{
	const struct key *k = model_key(&cmd->p->model, cmd->args[2]);
	const struct own_asks asks = {.actor = cmd->actor,
		.org_id = k ? k->org_id : "",
		.kind = &key_kind,
		.action = cmd->args[1],
		.name = cmd->args[2]};

	own_request(cmd->p, &asks, request_told, cmd);
}

static void key_list(struct command *cmd)
{
	print_rows(cmd, &cmd->p->model.keys);
}

static void org_list(struct command *cmd)
{
	print_rows(cmd, &cmd->p->model.orgs);
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

static void audit_verify(struct command *cmd)
{
	store_audit_verify(cmd->p->model.store, looked, cmd);
}

static void store_check_run(struct command *cmd)
{
	store_check(cmd->p->model.store, looked, cmd);
}

/* ---- The verbs ---- */

/* Flags of `key create`; a '=' at the end: a value belongs to it. */
static const char *const create_flags[] = {"--org=", "--role=", "--name=", "--read-only", NULL};

static const struct verb {
	const char *first, *second; /* second NULL: an argument in its place */
	int words;                  /* with these and the arguments, without flags */
	void (*run)(struct command *cmd);
	const char *usage, *doc;
	const char *const *flags; /* NULL: none */
} verbs[] = {
	{"key", "create", 2, key_create,
		"key create --org ORG --role ROLE [--name N] [--read-only]",
		"makes a key, and the org where it is missing; prints the secret, once",
		create_flags},
	{"key", "list", 2, key_list, "key list", "keys, a JSON object each", NULL},
	{"key", "disable", 3, key_act, "key disable ACCESS_KEY", "refuses a key from now on", NULL},
	{"key", "rotate", 3, key_act, "key rotate ACCESS_KEY", "makes a second key like it", NULL},
	{"org", "create", 3, org_create, "org create NAME", "makes an org", NULL},
	{"org", "list", 2, org_list, "org list", "orgs, a JSON object each", NULL},
	{"audit", "verify", 2, audit_verify, "audit verify",
		"recomputes the chain of audit records", NULL},
	{"store", "check", 2, store_check_run, "store check",
		"reads the whole database and checks it", NULL},
	{"backup", NULL, 2, command_backup, "backup FILE",
		"saves database and keys, also while it runs", NULL},
	{"restore", NULL, 2, command_restore, "restore FILE",
		"puts a backup in place; a running mltopd begins anew with it", NULL},
};

/* How many words a flag takes with its value: 1 or 2; 0: it is no flag of this verb. */
static int flag_words(const struct verb *v, const struct command *cmd, int at)
{
	const char *given = cmd->args[at];
	size_t len = strcspn(given, "=");

	for (const char *const *f = v->flags; f && *f; f++) {
		size_t name = strcspn(*f, "=");

		if (name != len || strncmp(*f, given, len) != 0)
			continue;
		if ((*f)[name] == '\0')
			return given[len] == '\0';
		if (given[len] == '=')
			return 1;
		return at + 1 < cmd->count && cmd->args[at + 1][0] != '-' ? 2 : 0;
	}
	return 0;
}

/* A flag mistyped must not be passed over: it may be the one that makes a key read-only. */
static bool words_good(const struct verb *v, const struct command *cmd)
{
	int words = 0;

	for (int i = 0; i < cmd->count;) {
		int taken = 1;

		if (cmd->args[i][0] == '-')
			taken = flag_words(v, cmd, i);
		else
			words++;
		if (taken == 0)
			return false;
		i += taken;
	}
	return words == v->words;
}

bool command_known(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (strcmp(verbs[i].first, word) == 0)
			return true;
	return false;
}

void command_usage(struct buf *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		buf_addf(out, "  mltopd %-56s %s\n", verbs[i].usage, verbs[i].doc);
}

void command_run(struct command *cmd)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		const struct verb *v = &verbs[i];

		if (cmd->count < 1 || strcmp(v->first, cmd->args[0]) != 0)
			continue;
		if (v->second && (cmd->count < 2 || strcmp(v->second, cmd->args[1]) != 0))
			continue;
		if (words_good(v, cmd))
			v->run(cmd);
		else
			usage(cmd, "use it as", v->usage);
		return;
	}
	usage(cmd, "there is no such verb; they are listed by", "--help");
}
