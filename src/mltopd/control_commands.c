#include "mltopd/control.h"

#include "base/mem.h"
#include "core/wire/sign.h"

#include <stdlib.h>
#include <string.h>

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

void command_usage_wrong(struct command *cmd, const char *what, const char *right)
{
	buf_addf(&cmd->err, "mltopd: %s `mltopd %s`\n", what, right);
	command_finish(cmd, 2);
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
	{"key", "create", 2, command_key_create,
		"key create --org ORG --role ROLE [--name N] [--read-only]",
		"makes a key, and the org where it is missing; prints the secret, once",
		create_flags},
	{"key", "list", 2, command_list, "key list", "keys, a JSON object each", NULL},
	{"key", "disable", 3, command_act, "key disable ACCESS_KEY", "refuses a key from now on",
		NULL},
	{"key", "rotate", 3, command_act, "key rotate ACCESS_KEY", "makes a second key like it",
		NULL},
	{"org", "create", 3, command_org_create, "org create NAME", "makes an org", NULL},
	{"org", "list", 2, command_list, "org list", "orgs, a JSON object each", NULL},
	{"audit", "verify", 2, command_audit_verify, "audit verify",
		"recomputes the chain of audit records", NULL},
	{"store", "check", 2, command_store_check, "store check",
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
			command_usage_wrong(cmd, "use it as", v->usage);
		return;
	}
	command_usage_wrong(cmd, "there is no such verb; they are listed by", "--help");
}
