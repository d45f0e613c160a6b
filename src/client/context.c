#include "client/context.h"

#include "base/buf.h"
#include "base/fsio.h"
#include "base/home.h"
#include "base/mem.h"
#include "client/config.h"
#include "client/context_inside.h"
#include "client/credentials.h"
#include "client/paths.h"
#include "client/url.h"
#include "core/wire/sign.h"

#include <stdlib.h>
#include <string.h>

static void wipe(char *secret)
{
	if (secret)
		sign_wipe(secret, strlen(secret));
	free(secret);
}

void context_release(struct context *c)
{
	free(c->name);
	free(c->url);
	free(c->access_key);
	wipe(c->secret_key);
	free(c->org);
	free(c->ca_file);
	free(c->origin);
	*c = (struct context){0};
}

const char *context_variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* ---- Where the choice may come from, strongest first ---- */

/* An endpoint with the keys of the environment. */
static bool from_endpoint(struct context *out, const char *endpoint, const char *origin,
	struct err *e)
{
	const char *access = context_variable("XIAOMI_ACCESS_KEY_ID");
	const char *secret = context_variable("XIAOMI_SECRET_ACCESS_KEY");
	struct url u;

	if (!url_parse(&u, endpoint, e))
		return false;
	if (access == NULL || secret == NULL)
		return err_set(e, ERR_INVALID,
			"%s %s: set XIAOMI_ACCESS_KEY_ID and "
			"XIAOMI_SECRET_ACCESS_KEY for it, or make it a context of config.yaml",
			origin, endpoint);
	if (!credentials_check("XIAOMI_ACCESS_KEY_ID", access, e) ||
		!credentials_check("XIAOMI_SECRET_ACCESS_KEY", secret, e))
		return false;
	*out = (struct context){
		.name = mem_strdup(u.authority),
		.url = mem_strdup(endpoint),
		.access_key = mem_strdup(access),
		.secret_key = mem_strdup(secret),
		.org = mem_strdup(""),
		.origin = mem_strdup(origin),
	};
	return true;
}

/* A name: of config.yaml, of the public client's file, or the private platform. */
static bool from_name(struct context *out, const char *name, const char *state_dir,
	const char *origin, struct err *e)
{
	json_t *ours = NULL, *theirs = NULL;
	struct err why = ERR_INIT;
	bool ok = config_load(&ours, e);

	if (!ok)
		return false;
	ok = config_context(out, ours, name, &why);
	if (!ok && why.code == ERR_NOT_FOUND && strcmp(name, CONTEXT_LOCAL) == 0) {
		ok = private_start(out, state_dir, &why);
	} else if (!ok && why.code == ERR_NOT_FOUND) {
		struct err other = ERR_INIT;

		ok = xiaomi_load(&theirs, &other) && xiaomi_context(out, theirs, name, &other);
		if (!ok && other.code == ERR_NOT_FOUND)
			err_set(&why, ERR_NOT_FOUND,
				"%s: there is no context %s; `mltop context list` "
				"shows those of config.yaml",
				origin, name);
		else if (!ok)
			why = other;
	}
	if (!ok && e)
		*e = why;
	json_decref(ours);
	json_decref(theirs);
	return ok;
}

static char *choice_path(void)
{
	char *dir = paths_state(), *path = fsio_join(dir, "context");

	free(dir);
	return path;
}

char *context_kept(void)
{
	char *path = choice_path();
	struct buf text = BUF_INIT;
	char *name = NULL;

	if (fsio_read(path, &text, 1024, NULL)) {
		buf_cut(&text, strcspn(text.data, "\n"));
		name = text.len ? mem_strdup(text.data) : NULL;
	}
	buf_release(&text);
	free(path);
	return name;
}

/* The person's choice, else what config.yaml says. False with ERR_NONE: neither chooses. */
static bool from_config(struct context *out, const char *state_dir, struct err *e)
{
	char *kept = context_kept();
	json_t *root = NULL;
	const char *current;
	bool ok;

	if (kept) {
		ok = from_name(out, kept, state_dir, "the choice of `mltop context use`", e);
		free(kept);
		return ok;
	}
	if (!config_load(&root, e))
		return false;
	current = config_current(root, e);
	if (current && strcmp(current, CONTEXT_LOCAL) == 0)
		ok = from_name(out, current, state_dir, "config.yaml", e);
	else
		ok = current && config_context(out, root, current, e);
	json_decref(root);
	return ok;
}

/* False with ERR_NONE: there is no such file, or it names no platform. */
static bool from_xiaomi(struct context *out, struct err *e)
{
	json_t *root = NULL;
	struct err why = ERR_INIT;
	bool ok = xiaomi_load(&root, &why) && root && xiaomi_context(out, root, NULL, &why);

	if (!ok && why.code != ERR_NOT_FOUND)
		*e = why;
	json_decref(root);
	return ok;
}

bool context_from_environment(struct context *out, const struct context_options *o, struct err *e)
{
	const char *endpoint = context_variable("XIAOMI_CLOUDML_ENDPOINT");

	if (o->endpoint)
		return from_endpoint(out, o->endpoint, "--endpoint", e);
	/* One key without the other, or an empty one, is a mistake, not a wish to go elsewhere. */
	if (endpoint && (getenv("XIAOMI_ACCESS_KEY_ID") || getenv("XIAOMI_SECRET_ACCESS_KEY")))
		return from_endpoint(out, endpoint, "XIAOMI_CLOUDML_ENDPOINT", e);
	return false;
}

bool context_resolve(struct context *out, const struct context_options *o, struct err *e)
{
	struct err why = ERR_INIT;
	bool ok;

	if (o->endpoint)
		return context_from_environment(out, o, e);
	if (o->context)
		return from_name(out, o->context, o->state_dir, "--context", e);
	if (o->state_dir)
		return private_start(out, o->state_dir, e);
	if (context_variable("MLTOP_CONTEXT"))
		return from_name(out, getenv("MLTOP_CONTEXT"), o->state_dir, "MLTOP_CONTEXT", e);
	ok = context_from_environment(out, o, &why);
	if (!ok && why.code == ERR_NONE)
		ok = from_config(out, o->state_dir, &why);
	if (!ok && why.code == ERR_NONE)
		ok = from_xiaomi(out, &why);
	if (!ok && why.code == ERR_NONE)
		return private_start(out, o->state_dir, e);
	if (!ok && e)
		*e = why;
	return ok;
}

/* ---- The choice ---- */

bool context_keep(const char *name, struct err *e)
{
	char *dir = paths_state(), *path = choice_path();
	struct buf text = BUF_INIT;
	bool ok;

	buf_addf(&text, "%s\n", name);
	ok = home_mkdirs(dir, 0700, e) && fsio_write(path, text.data, text.len, 0600, e);
	buf_release(&text);
	free(dir);
	free(path);
	return ok;
}
