#include "mltopd/control.h"

#include "base/fsio.h"
#include "base/mem.h"

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

static void finish(struct command *cmd, int status)
{
	cmd->status = status;
	cmd->done(cmd);
}

static void fail(struct command *cmd, const struct err *e)
{
	buf_addf(&cmd->err, "mltopd: %s\n", e->text);
	finish(cmd, 1);
}

static void usage(struct command *cmd, const char *what)
{
	buf_addf(&cmd->err, "mltopd: %s\n", what);
	finish(cmd, 2);
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
	finish(cmd, 0);
}

/* ---- Changes ---- */

static void changed(void *ctx, bool ok, const struct err *e)
{
	struct command *cmd = ctx;

	if (ok) {
		finish(cmd, 0);
		return;
	}
	buf_reset(&cmd->out);
	fail(cmd, e);
}

static void print_key(struct command *cmd, const struct key *k)
{
	print_json(cmd,
		json_pack("{s:s, s:s, s:s, s:s, s:s}", "access_key", k->access_key, "secret_key",
			k->secret_key, "org", k->org_name, "org_id", k->org_id, "role",
			role_words[k->role]));
}

static bool role_parse(const char *text, enum role *out, struct err *e)
{
	for (int i = 0; text && role_words[i]; i++)
		if (strcmp(role_words[i], text) == 0) {
			*out = (enum role)i;
			return true;
		}
	return err_set(e, ERR_INVALID,
		"--role is '%.40s': give viewer, operator, quota-admin or admin", text ? text : "");
}

static void key_create(struct command *cmd)
{
	const char *org = option(cmd, "--org"), *name = option(cmd, "--name");
	struct change *c = change_new(cmd->p);
	struct arena text = ARENA_INIT;
	struct err e = ERR_INIT;
	enum role role = ROLE_OPERATOR;
	struct org o;
	struct key k;
	bool good = org ? role_parse(option(cmd, "--role"), &role, &e)
			: err_set(&e, ERR_INVALID, "--org ORG is needed");

	good = good && orgs_obtain(c, org, &o, &text, &e);
	if (good) {
		keys_make(&k, &text, &o, name ? name : "key", role, platform_now());
		k.read_only = flag(cmd, "--read-only");
		good = change_key(c, &k, &e);
	}
	if (!good) {
		change_free(c);
		fail(cmd, &e);
	} else {
		print_key(cmd, &k);
		change_actor(c, cmd->actor, o.org_id);
		change_audit(c, "key.create", k.access_key, k.name);
		change_then(c, changed, cmd);
		change_commit(c);
	}
	arena_release(&text);
}

static const struct key *key_named(struct command *cmd)
{
	const struct key *k = cmd->count > 2 ? platform_key(cmd->p, cmd->args[2]) : NULL;
	struct err e = ERR_INIT;

	if (k == NULL) {
		err_set(&e, ERR_NOT_FOUND, "there is no key %.40s: `mltopd key list` shows them",
			cmd->count > 2 ? cmd->args[2] : "(name its access key)");
		fail(cmd, &e);
	}
	return k;
}

static void key_list(struct command *cmd)
{
	print_rows(cmd, &cmd->p->keys);
}

static void key_disable(struct command *cmd)
{
	const struct key *k = key_named(cmd);
	struct key copy;
	struct change *c;

	if (k == NULL)
		return;
	/* As routes do; the hub hears of it by the row, and by the disabled key itself. */
	c = change_new(cmd->p);
	copy = *k;
	copy.disabled = true;
	record_know(&key_kind, &copy, offsetof(struct key, disabled));
	change_key(c, &copy, NULL);
	change_actor(c, cmd->actor, k->org_id);
	change_audit(c, "key.disable", k->access_key, k->name);
	buf_addf(&cmd->out, "key %s is disabled\n", k->access_key);
	if (cmd->p->hub)
		hub_key_disabled(cmd->p->hub, k->access_key);
	change_then(c, changed, cmd);
	change_commit(c);
}

static void key_rotate(struct command *cmd)
{
	const struct key *row = key_named(cmd);
	struct arena text = ARENA_INIT;
	struct change *c;
	struct key k;

	if (row == NULL)
		return;
	c = change_new(cmd->p);
	keys_rotate(&k, &text, row, platform_now());
	change_key(c, &k, NULL);
	print_key(cmd, &k);
	change_actor(c, cmd->actor, k.org_id);
	change_audit(c, "key.rotate", k.access_key, k.name);
	change_then(c, changed, cmd);
	change_commit(c);
	arena_release(&text);
}

static void org_create(struct command *cmd)
{
	struct change *c = change_new(cmd->p);
	struct arena text = ARENA_INIT;
	struct err e = ERR_INIT;
	struct org o;
	const char *name = cmd->count > 2 ? cmd->args[2] : "";

	if (platform_org_named(cmd->p, name)) {
		err_set(&e, ERR_CONFLICT, "there is an org %s already", name);
	} else if (orgs_obtain(c, name, &o, &text, &e)) {
		print_json(cmd, record_encode(&org_kind, &o, NULL));
		change_actor(c, cmd->actor, o.org_id);
		change_audit(c, "org.create", o.org_id, o.org_name);
		change_then(c, changed, cmd);
		change_commit(c);
		arena_release(&text);
		return;
	}
	change_free(c);
	fail(cmd, &e);
	arena_release(&text);
}

static void org_list(struct command *cmd)
{
	print_rows(cmd, &cmd->p->orgs);
}

/* ---- The store ---- */

static void looked(void *ctx, bool ok, const struct store_rows *rows, const struct err *e)
{
	struct command *cmd = ctx;

	if (!ok) {
		fail(cmd, e);
		return;
	}
	for (size_t i = 0; i < rows->count; i++)
		buf_addf(&cmd->out, "%s\n", rows->rows[i].data);
	finish(cmd, 0);
}

static void audit_verify(struct command *cmd)
{
	store_audit_verify(cmd->p->store, looked, cmd);
}

static void store_check_run(struct command *cmd)
{
	store_check(cmd->p->store, looked, cmd);
}

/* ---- Backup and restore ---- */

struct copying {
	uv_work_t work;
	struct command *cmd;
	char *database;
	bool stage, good;
	struct err e;
};

static void copy_run(uv_work_t *work)
{
	struct copying *k = work->data;
	const char *dir = k->cmd->p->dir, *path = k->cmd->args[1];

	k->good = k->stage ? backup_stage(dir, path, &k->e)
			   : backup_write(dir, k->database, path, &k->e);
}

static void copy_done(uv_work_t *work, int status)
{
	struct copying *k = work->data;
	struct command *cmd = k->cmd;
	struct err e = k->e;
	bool good = k->good && status == 0;

	if (k->database)
		unlink(k->database);
	if (good && k->stage)
		buf_addf(&cmd->out,
			"restored from %s; what was there before is in %s/before-restore\n",
			cmd->args[1], cmd->p->dir);
	else if (good)
		buf_addf(&cmd->out,
			"saved to %s; it holds secrets: keep it as safe as the state folder\n",
			cmd->args[1]);
	cmd->restart = good && k->stage;
	free(k->database);
	free(k);
	if (good)
		finish(cmd, 0);
	else
		fail(cmd, &e);
}

static void copied(void *ctx, bool ok, const struct store_rows *rows, const struct err *e)
{
	struct copying *k = ctx;
	struct command *cmd = k->cmd;

	(void)rows;
	if (ok) {
		uv_queue_work(cmd->p->loop, &k->work, copy_run, copy_done);
		return;
	}
	unlink(k->database);
	free(k->database);
	free(k);
	fail(cmd, e);
}

static struct copying *copying_new(struct command *cmd, bool stage)
{
	struct copying *k = mem_alloc(sizeof *k);

	k->work.data = k;
	k->cmd = cmd;
	k->stage = stage;
	return k;
}

static void backup(struct command *cmd)
{
	struct copying *k = copying_new(cmd, false);
	char id[ULID_SIZE];

	ulid_new(id, platform_now());
	if (asprintf(&k->database, "%s/backup-%s.db", cmd->p->dir, id) < 0)
		abort();
	store_copy(cmd->p->store, k->database, copied, k);
}

static void restore(struct command *cmd)
{
	struct copying *k = copying_new(cmd, true);

	uv_queue_work(cmd->p->loop, &k->work, copy_run, copy_done);
}

/* ---- The verbs ---- */

static const struct {
	const char *first, *second; /* second NULL: an argument in its place */
	void (*run)(struct command *cmd);
	const char *usage, *doc;
} verbs[] = {
	{"key", "create", key_create, "key create --org ORG --role ROLE [--name N] [--read-only]",
		"makes a key, and the org where it is missing; prints the secret, once"},
	{"key", "list", key_list, "key list", "keys, a JSON object each"},
	{"key", "disable", key_disable, "key disable ACCESS_KEY", "refuses a key from now on"},
	{"key", "rotate", key_rotate, "key rotate ACCESS_KEY", "makes a second key like it"},
	{"org", "create", org_create, "org create NAME", "makes an org"},
	{"org", "list", org_list, "org list", "orgs, a JSON object each"},
	{"audit", "verify", audit_verify, "audit verify", "recomputes the chain of audit records"},
	{"store", "check", store_check_run, "store check",
		"reads the whole database and checks it"},
	{"backup", NULL, backup, "backup FILE", "saves database and keys, also while it runs"},
	{"restore", NULL, restore, "restore FILE",
		"puts a backup in place; a running mltopd begins anew with it"},
};

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
		if (cmd->count < 1 || strcmp(verbs[i].first, cmd->args[0]) != 0)
			continue;
		if (verbs[i].second == NULL
				? cmd->count == 2
				: cmd->count > 1 && strcmp(verbs[i].second, cmd->args[1]) == 0) {
			verbs[i].run(cmd);
			return;
		}
	}
	usage(cmd, "there is no such verb; `mltopd --help` lists them");
}
