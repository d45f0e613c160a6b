#include "client/config.h"

#include "base/buf.h"
#include "base/fsio.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "client/credentials.h"
#include "client/paths.h"
#include "client/url.h"
#include "core/wire/sign.h"
#include "io/yaml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SECRET_MAX = 4096 };

bool secret_file_private(const char *path, struct err *e)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return err_errno(e, errno, "cannot look at", path);
	if ((st.st_mode & 077) == 0)
		return true;
	return err_set(e, ERR_FORBIDDEN,
		"%s holds a secret key and may be read by others (mode %04o): chmod 600 %s", path,
		(unsigned)(st.st_mode & 07777), path);
}

static char *config_path(void)
{
	char *dir = paths_config();
	char *path = *dir ? fsio_join(dir, "config.yaml") : mem_strdup("");

	free(dir);
	return path;
}

/* No file is no settings. */
static bool load_yaml(const char *path, json_t **root, struct err *e)
{
	struct err why = ERR_INIT;

	*root = *path ? yaml_load(path, NULL, &why) : NULL;
	if (*root || *path == '\0' || why.code == ERR_NOT_FOUND)
		return true;
	if (e)
		*e = why;
	return false;
}

bool config_load(json_t **root, struct err *e)
{
	char *path = config_path();
	bool ok = load_yaml(path, root, e);

	free(path);
	return ok;
}

/* ---- config.yaml ---- */

static const char *const context_keys[] = {"endpoint", "access_key", "secret_key", "secret_file",
	"org", "ca_file"};

static bool check_keys(const json_t *context, const char *path, const char *name, struct err *e)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)context, key, value) {
		bool known = false;

		for (size_t i = 0; i < ARRAY_SIZE(context_keys); i++)
			known |= strcmp(key, context_keys[i]) == 0;
		if (!known)
			return err_set(e, ERR_INVALID,
				"%s: context %s has an unknown key %s; there are "
				"endpoint, access_key, secret_key, secret_file, org and ca_file",
				path, name, key);
		if (!json_is_string(value) && !json_is_integer(value))
			return err_set(e, ERR_INVALID, "%s: %s of context %s must be a text", path,
				key, name);
	}
	return true;
}

/* An org id may be written as a number. The caller frees; NULL: not there. */
static char *text_of(const json_t *context, const char *key)
{
	const json_t *value = json_object_get(context, key);
	struct buf text = BUF_INIT;

	if (json_is_integer(value)) {
		buf_addf(&text, "%lld", (long long)json_integer_value(value));
		return buf_detach(&text);
	}
	return json_is_string(value) && *json_string_value(value)
		? mem_strdup(json_string_value(value))
		: NULL;
}

/* Files are named from the config's folder; ~/ is home. The caller frees. */
static char *file_of(const json_t *context, const char *key)
{
	char *text = text_of(context, key), *dir, *path;

	if (text == NULL || *text == '/')
		return text;
	if (strncmp(text, "~/", 2) == 0) {
		path = paths_home(text + 2);
	} else {
		dir = paths_config();
		path = fsio_join(dir, text);
		free(dir);
	}
	free(text);
	return path;
}

static char *secret_from_file(const char *path, struct err *e)
{
	struct buf text = BUF_INIT;
	char *secret = NULL;

	if (secret_file_private(path, e) && fsio_read(path, &text, SECRET_MAX, e)) {
		buf_cut(&text, strcspn(text.data, "\r\n"));
		secret = mem_strdup(text.data + utf8_mark(text.data, text.len));
	}
	sign_wipe(text.data, text.len);
	buf_release(&text);
	return secret;
}

/* Both keys of a context, as the file has them. */
static bool keys_good(const struct context *c, const char *path, struct err *e)
{
	char name[512];

	snprintf(name, sizeof name, "%s: the access key of context %s", path, c->name);
	if (c->access_key && !credentials_check(name, c->access_key, e))
		return false;
	snprintf(name, sizeof name, "%s: the secret key of context %s", path, c->name);
	return c->secret_key == NULL || credentials_check(name, c->secret_key, e);
}

static bool take_secret(struct context *out, const json_t *context, const char *path, struct err *e)
{
	char *file = file_of(context, "secret_file");
	bool ok = true;

	out->secret_key = text_of(context, "secret_key");
	if (out->secret_key && file)
		ok = err_set(e, ERR_INVALID,
			"%s: context %s has both secret_key and secret_file; keep one", path,
			out->name);
	else if (out->secret_key)
		ok = secret_file_private(path, e);
	else if (file)
		ok = (out->secret_key = secret_from_file(file, e)) != NULL;
	free(file);
	if (ok && (out->access_key == NULL) != (out->secret_key == NULL))
		ok = err_set(e, ERR_INVALID,
			"%s: context %s needs access_key together with secret_key or secret_file",
			path, out->name);
	return ok && keys_good(out, path, e);
}

static bool read_context(struct context *out, const json_t *context, const char *path,
	struct err *e)
{
	struct url u;

	out->url = text_of(context, "endpoint");
	if (out->url == NULL)
		return err_set(e, ERR_INVALID, "%s: context %s has no endpoint", path, out->name);
	if (!url_parse(&u, out->url, e)) {
		err_prefix(e, "%s: context %s", path, out->name);
		return false;
	}
	out->access_key = text_of(context, "access_key");
	out->org = text_of(context, "org");
	out->ca_file = file_of(context, "ca_file");
	out->origin = mem_strdup(path);
	if (out->org == NULL)
		out->org = mem_strdup("");
	return take_secret(out, context, path, e);
}

bool config_context(struct context *out, const json_t *root, const char *name, struct err *e)
{
	const json_t *context = json_object_get(json_object_get(root, "contexts"), name);
	struct context found = {.name = mem_strdup(name)};
	char *path = config_path();
	bool ok;

	if (context == NULL)
		ok = err_set(e, ERR_NOT_FOUND, "there is no context %s in %s", name, path);
	else if (!json_is_object(context))
		ok = err_set(e, ERR_INVALID,
			"%s: context %s must have keys: endpoint, access_key, ...", path, name);
	else
		ok = check_keys(context, path, name, e) && read_context(&found, context, path, e);
	if (ok)
		*out = found;
	else
		context_release(&found);
	free(path);
	return ok;
}

const char *config_current(const json_t *root, struct err *e)
{
	json_t *contexts = json_object_get(root, "contexts");
	const json_t *current = json_object_get(root, "current");
	char *path;

	if (json_string_value(current))
		return json_string_value(current);
	if (json_object_size(contexts) == 0)
		return NULL;
	if (json_object_size(contexts) == 1)
		return json_object_iter_key(json_object_iter(contexts));
	path = config_path();
	err_set(e, ERR_INVALID,
		"%s has several contexts: choose one by `mltop context use NAME`, "
		"--context NAME or `current: NAME` in that file",
		path);
	free(path);
	return NULL;
}

void config_each(const json_t *root, config_add add, void *ctx)
{
	const char *name;
	json_t *value;

	json_object_foreach(json_object_get(root, "contexts"), name, value)
		add(ctx, name, json_string_value(json_object_get(value, "endpoint")));
}

/* ---- The public client's file ---- */

/*
 * {"xiaomi_access_key_id": ..., "xiaomi_cloudml": {NAME: {...}, "default_config_context": NAME}}:
 * the keys of the chosen context are laid over the root's. Flat files of client 0.2 have no
 * xiaomi_cloudml.
 */
static const char xiaomi_default[] = "default_config_context";

static char *xiaomi_path(void)
{
	return paths_home(".config/xiaomi/config");
}

bool xiaomi_load(json_t **root, struct err *e)
{
	char *path = xiaomi_path();
	bool ok = load_yaml(path, root, e);

	free(path);
	return ok;
}

void xiaomi_each(const json_t *root, config_add add, void *ctx)
{
	static const char key[] = "xiaomi_cloudml_endpoint";
	const char *name, *url;
	json_t *value;

	json_object_foreach(json_object_get(root, "xiaomi_cloudml"), name, value) {
		if (!json_is_object(value))
			continue;
		url = json_string_value(json_object_get(value, key));
		add(ctx, name, url ? url : json_string_value(json_object_get(root, key)));
	}
}

struct only {
	const char *name;
	int count;
};

static void count_only(void *ctx, const char *name, const char *endpoint)
{
	struct only *o = ctx;

	(void)endpoint;
	o->name = name;
	o->count++;
}

/* NULL: the file has no contexts (flat). */
static const char *xiaomi_choice(const json_t *root)
{
	const json_t *all = json_object_get(root, "xiaomi_cloudml");
	const char *name = getenv("XIAOMI_CLOUDML_CONFIG_CONTEXT");
	struct only only = {NULL, 0};

	if (name == NULL || *name == '\0')
		name = json_string_value(json_object_get(all, xiaomi_default));
	xiaomi_each(root, count_only, &only);
	return name ? name : only.count == 1 ? only.name : NULL;
}

static char *xiaomi_text(const json_t *root, const json_t *context, const char *key)
{
	char *text = text_of(context, key);

	return text ? text : text_of(root, key);
}

static void replace(char **text, const char *variable)
{
	const char *value = getenv(variable);

	if (value == NULL || *value == '\0')
		return;
	free(*text);
	*text = mem_strdup(value);
}

bool xiaomi_context(struct context *out, const json_t *root, const char *name, struct err *e)
{
	struct context found = {.origin = xiaomi_path(), .org = mem_strdup("")};
	const char *chosen = name ? name : xiaomi_choice(root);
	const json_t *context = chosen
		? json_object_get(json_object_get(root, "xiaomi_cloudml"), chosen)
		: NULL;
	struct url u;
	bool ok;

	found.name = mem_strdup(chosen ? chosen : "xiaomi");
	found.url = xiaomi_text(root, context, "xiaomi_cloudml_endpoint");
	found.access_key = xiaomi_text(root, context, "xiaomi_access_key_id");
	found.secret_key = xiaomi_text(root, context, "xiaomi_secret_access_key");
	/* The environment is stronger than the file, as the public client has it. */
	if (getenv("XIAOMI_ACCESS_KEY_ID") && getenv("XIAOMI_SECRET_ACCESS_KEY")) {
		replace(&found.access_key, "XIAOMI_ACCESS_KEY_ID");
		replace(&found.secret_key, "XIAOMI_SECRET_ACCESS_KEY");
	}
	if (found.url == NULL || (name && context == NULL))
		ok = err_set(e, ERR_NOT_FOUND, "%s names no platform%s%s", found.origin,
			name ? " called " : "", name ? name : "");
	else if (found.access_key == NULL || found.secret_key == NULL)
		ok = err_set(e, ERR_INVALID,
			"%s has an endpoint but no xiaomi_access_key_id and "
			"xiaomi_secret_access_key for it",
			found.origin);
	else
		ok = url_parse(&u, found.url, e) && secret_file_private(found.origin, e) &&
			keys_good(&found, found.origin, e);
	if (ok)
		*out = found;
	else
		context_release(&found);
	return ok;
}
