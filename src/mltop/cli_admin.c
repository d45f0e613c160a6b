/* Verbs of those who run a shared platform: quotas, keys and orgs. */
#include "mltop/cli.h"

#include "core/kinds/key.h"
#include "core/kinds/org.h"
#include "core/kinds/quota.h"

#include <stdlib.h>
#include <string.h>

/* ---- quotas set ---- */

/* The id of the org of that name (or id) among these quotas; NULL: not there. Borrowed. */
static const char *org_among(const json_t *page, const char *org)
{
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(page, "data"), i, row) {
		const char *name = json_string_value(json_object_get(row, "org_name"));
		const char *id = json_string_value(json_object_get(row, "org_id"));

		if (id && (strcmp(id, org) == 0 || (name && strcmp(name, org) == 0)))
			return id;
	}
	return NULL;
}

/*
 * One's own org needs no look at others: an operator is then told which role is missing. The
 * caller frees the path.
 */
static bool quota_path(struct cli *c, const char *org, char **path, struct err *e)
{
	static const char *const pages[] = {"", "?org_id=-1"};
	bool found = false;

	for (size_t i = 0; i < ARRAY_SIZE(pages) && !found; i++) {
		struct buf ask = BUF_INIT;
		json_t *page = NULL;
		const char *id;

		buf_addf(&ask, "%s%s", quota_kind.path, pages[i]);
		if (!cli_call(c, "GET", ask.data, NULL, &page, e)) {
			buf_release(&ask);
			return false;
		}
		buf_release(&ask);
		id = org_among(page, org);
		found = id != NULL;
		if (found)
			*path = cli_path(&quota_kind, id, "");
		json_decref(page);
	}
	return found || err_set(e, ERR_NOT_FOUND, "there is no org %.100s", org);
}

/* FIELD=VALUE as the field itself reads it; short names (gpu_max) stand for theirs. */
static bool quota_field(const char *word, json_t *body, struct err *e)
{
	const char *equals = strchr(word, '=');
	char *name = strndup(word, (size_t)(equals - word));
	const struct field *f = kind_field(&quota_kind, name);
	json_t *value = f ? f->type->from_text(f, equals + 1, e) : NULL;

	if (f == NULL)
		err_set(e, ERR_INVALID,
			"%.60s is no field of a quota; `mltop quotas list -o yaml` shows them",
			name);
	else if (value && json_object_set_new(body, f->name, value) != 0)
		value = NULL;
	free(name);
	return value != NULL;
}

int cli_quota_set(struct cli *c)
{
	json_t *body = json_object(), *answer = NULL;
	struct err e = ERR_INIT;
	char *path = NULL;
	bool ok = true;

	for (int i = 1; i < c->arg_count; i++) {
		if (strchr(c->args[i], '=') == NULL) {
			json_decref(body);
			return cli_usage(c, "%s: give FIELD=VALUE, such as train_gpu_quota=8",
				c->args[i]);
		}
		ok = ok && quota_field(c->args[i], body, &e);
	}
	ok = ok && quota_path(c, c->args[0], &path, &e) &&
		cli_call(c, "PUT", path, body, &answer, &e);
	if (ok && (cli_has(c, "json") || cli_has(c, "output")))
		ok = output_one(c, &quota_kind, answer, &e);
	free(path);
	json_decref(body);
	json_decref(answer);
	return ok ? EXIT_DONE : cli_fail(&e);
}

/* ---- keys and orgs ---- */

/* Sends it and prints the answer: the only time that a secret is to be had. */
static int call_and_print(struct cli *c, const char *path, json_t *body, const struct kind *k)
{
	struct err e = ERR_INIT;
	json_t *answer = NULL;
	bool ok = cli_call(c, "POST", path, body, &answer, &e) && output_one(c, k, answer, &e);

	json_decref(body);
	json_decref(answer);
	return ok ? EXIT_DONE : cli_fail(&e);
}

int cli_key_create(struct cli *c)
{
	return call_and_print(c, key_kind.path,
		json_pack("{s:s, s:s, s:s}", "org_name", c->args[0], "role", c->args[1], "name",
			c->arg_count > 2 ? c->args[2] : "key"),
		NULL);
}

int cli_key_rotate(struct cli *c)
{
	char *path = cli_path(&key_kind, c->args[0], "/rotate");
	int code = call_and_print(c, path, NULL, NULL);

	free(path);
	return code;
}

int cli_key_disable(struct cli *c)
{
	char *path = cli_path(&key_kind, c->args[0], "/disable");
	struct err e = ERR_INIT;
	bool ok = cli_call(c, "POST", path, NULL, NULL, &e);

	free(path);
	return ok ? EXIT_DONE : cli_fail(&e);
}

int cli_org_create(struct cli *c)
{
	return call_and_print(c, org_kind.path, json_pack("{s:s}", "org_name", c->args[0]),
		&org_kind);
}
