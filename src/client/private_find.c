/* The private platform that runs already: found by its endpoint file. */
#include "client/context.h"

#include "base/buf.h"
#include "base/fsio.h"
#include "base/mem.h"
#include "base/taskfile.h"
#include "client/config.h"
#include "client/paths.h"
#include "client/private_inside.h"
#include "client/url.h"
#include "core/wire/sign.h"
#include "core/wire/wire.h"

#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 16 * 1024 };

static json_t *read_object(const char *dir, const char *name, struct err *e)
{
	char *path = fsio_join(dir, name);
	struct buf text = BUF_INIT;
	json_t *root = NULL;

	if (fsio_read(path, &text, FILE_MAX, e)) {
		root = wire_json_parse(text.data, text.len, 8, e);
		if (root == NULL)
			err_prefix(e, "%s", path);
	}
	sign_wipe(text.data, text.len);
	buf_release(&text);
	free(path);
	return root;
}

bool private_alive(const json_t *endpoint, int *pid)
{
	json_int_t number = json_integer_value(json_object_get(endpoint, "pid"));
	const char *boot = json_string_value(json_object_get(endpoint, "boot_id"));
	json_int_t start = json_integer_value(json_object_get(endpoint, "start_time"));

	*pid = (int)number;
	return number > 1 && number < INT32_MAX && start > 0 && boot &&
		taskfile_alive((int)number, (uint64_t)start, boot);
}

bool private_endpoint(const char *dir, json_t **endpoint, int *pid, struct err *e)
{
	struct err why = ERR_INIT;
	json_t *found = read_object(dir, "endpoint", &why);

	if (found && private_alive(found, pid) &&
		json_string_value(json_object_get(found, "url"))) {
		*endpoint = found;
		return true;
	}
	json_decref(found);
	if (found == NULL && why.code != ERR_NOT_FOUND && why.code != ERR_INVALID) {
		if (e)
			*e = why;
		return false;
	}
	return err_set(e, ERR_NOT_FOUND, "no private platform runs in %s", dir);
}

static bool read_key(struct context *out, const char *dir, struct err *e)
{
	char *path = fsio_join(dir, "private.key");
	json_t *key = secret_file_private(path, e) ? read_object(dir, "private.key", e) : NULL;
	const char *access = json_string_value(json_object_get(key, "access_key"));
	const char *secret = json_string_value(json_object_get(key, "secret_key"));
	bool ok = access && secret;

	if (ok) {
		out->access_key = mem_strdup(access);
		out->secret_key = mem_strdup(secret);
	} else if (key) {
		err_set(e, ERR_INVALID,
			"%s holds no access_key and secret_key: stop the platform, "
			"remove that file and start again",
			path);
	}
	json_decref(key);
	free(path);
	return ok;
}

bool private_find_in(struct context *out, const char *dir, struct err *e)
{
	struct context found = {0};
	json_t *endpoint = NULL;
	struct url u;
	int pid;

	if (!private_endpoint(dir, &endpoint, &pid, e))
		return false;
	found.url = mem_strdup(json_string_value(json_object_get(endpoint, "url")));
	json_decref(endpoint);
	if (!url_parse(&u, found.url, e) || !read_key(&found, dir, e)) {
		context_release(&found);
		return false;
	}
	found.name = mem_strdup("local");
	found.org = mem_strdup("");
	found.origin = mem_strdup(dir);
	found.private = true;
	*out = found;
	return true;
}

bool private_find(struct context *out, const char *state_dir, struct err *e)
{
	char *dir = paths_private(state_dir);
	bool ok = private_find_in(out, dir, e);

	free(dir);
	return ok;
}
