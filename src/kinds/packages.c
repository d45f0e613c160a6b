#include "kinds/packages.h"

#include "base/fsio.h"
#include "base/mem.h"
#include "base/timefmt.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void package_free(struct package *k)
{
	if (k == NULL)
		return;
	free(k->org_id);
	free(k->name);
	free(k);
}

void package_pack(const struct package *k, struct buf *out)
{
	json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:I, s:b, s:I}", "id", k->id, "org_id",
		k->org_id, "name", k->name, "sha256", k->sha256, "size", (json_int_t)k->size,
		"complete", k->complete, "create_time", (json_int_t)k->create_time);
	char *text = json_dumps(object, JSON_COMPACT);

	buf_adds(out, text);
	free(text);
	json_decref(object);
}

char *package_file(struct platform *p, const struct package *k, bool part)
{
	char *path = NULL;

	if (asprintf(&path, "%s/packages/%s%s", p->dir, k->id, part ? ".part" : "") < 0)
		abort();
	return path;
}

/* What has arrived of an upload is what the file holds: a row per part would cost a commit each. */
static int64_t part_size(struct platform *p, const struct package *k)
{
	char *path = package_file(p, k, true);
	struct stat st;
	int64_t size = stat(path, &st) == 0 ? st.st_size : 0;

	free(path);
	return size < k->size ? size : k->size;
}

bool packages_load(struct platform *p, const void *pack, size_t len, struct err *e)
{
	json_t *object = json_loadb(pack, len, 0, NULL);
	struct package *k = mem_alloc(sizeof *k);
	const char *id = "", *org = "", *name = "", *sha = "";
	json_int_t size = 0, made = 0;
	int complete = 0;

	if (json_unpack(object, "{s:s, s:s, s:s, s:s, s:I, s:b, s:I}", "id", &id, "org_id", &org,
		    "name", &name, "sha256", &sha, "size", &size, "complete", &complete,
		    "create_time", &made) != 0) {
		json_decref(object);
		free(k);
		return err_set(e, ERR_INTERNAL, "a stored package is damaged: restore a backup");
	}
	snprintf(k->id, sizeof k->id, "%s", id);
	snprintf(k->sha256, sizeof k->sha256, "%s", sha);
	k->org_id = mem_strdup(org);
	k->name = mem_strdup(name);
	k->size = size;
	k->create_time = made;
	k->complete = complete;
	k->received = complete ? size : part_size(p, k);
	map_set(&p->packages, k->id, k);
	json_decref(object);
	return true;
}

void packages_release(struct platform *p)
{
	size_t at = 0;
	const char *id;
	void *value;

	while (map_next(&p->packages, &at, &id, &value))
		package_free(value);
	map_release(&p->packages);
}

struct package *package_find(struct platform *p, const char *org_id, const char *id)
{
	struct package *k = map_get(&p->packages, id);

	return k && strcmp(k->org_id, org_id) == 0 ? k : NULL;
}

size_t packages_of(struct platform *p, const char *org_id)
{
	size_t at = 0, n = 0;
	const char *id;
	void *value;

	while (map_next(&p->packages, &at, &id, &value))
		n += strcmp(((struct package *)value)->org_id, org_id) == 0;
	return n;
}

json_t *package_json(const struct package *k)
{
	char made[TIMEFMT_SIZE], uri[64];

	timefmt_rfc3339(made, k->create_time);
	snprintf(uri, sizeof uri, "package://%s", k->id);
	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:b, s:s, s:s}", "id", k->id, "uri", uri,
		"name", k->name, "sha256", k->sha256, "size", (json_int_t)k->size, "received",
		(json_int_t)k->received, "complete", k->complete, "create_time", made, "org_id",
		k->org_id);
}

/* ---- trainer_uri ---- */

static char *uploaded_path(struct platform *p, const char *org_id, const char *id, struct err *e)
{
	const struct package *k = package_find(p, org_id, id);

	if (k && k->complete)
		return package_file(p, k, false);
	err_field(e, ERR_UNPROCESSABLE, "trainer_uri",
		k ? "package %.60s is not complete: %lld of %lld bytes have come"
		  : "there is no package %.60s: upload it again",
		id, k ? (long long)k->received : 0, k ? (long long)k->size : 0);
	return NULL;
}

static bool under_root(const struct platform *p, const char *path)
{
	struct buf root = BUF_INIT;
	bool found = false;

	for (size_t i = 0; !found && config_item(&p->config, SET_PACKAGE_ROOTS, i, &root); i++) {
		while (root.len > 1 && root.data[root.len - 1] == '/')
			buf_cut(&root, root.len - 1);
		found = strncmp(path, root.data, root.len) == 0 && path[root.len] == '/';
		buf_reset(&root);
	}
	buf_release(&root);
	return found;
}

/* On a shared platform the real path counts, so that a link does not lead out of a root. */
static char *file_path(struct platform *p, const char *path, struct err *e)
{
	char real[PATH_MAX];

	if (path[0] != '/') {
		err_field(e, ERR_UNPROCESSABLE, "trainer_uri",
			"trainer_uri is file://%.100s: give a path from / on, as in file:///data/x.tar.gz",
			path);
		return NULL;
	}
	if (!p->limits.shared)
		return mem_strdup(path);
	if (realpath(path, real) != NULL && under_root(p, real))
		return mem_strdup(real);
	/* Absent and forbidden answer alike: nobody explores the disk by it. */
	err_field(e, ERR_UNPROCESSABLE, "trainer_uri",
		"file://%.200s cannot be used here: upload the package (POST /cloud_ml/v1/packages), or "
		"ask for its folder to be named in packages.file_roots",
		path);
	return NULL;
}

char *packages_path(struct platform *p, const char *org_id, const char *uri, struct err *e)
{
	if (strncmp(uri, "package://", 10) == 0)
		return uploaded_path(p, org_id, uri + 10, e);
	if (strncmp(uri, "file://", 7) == 0)
		return file_path(p, uri + 7, e);
	err_field(e, ERR_UNPROCESSABLE, "trainer_uri",
		"trainer_uri is %.100s: this platform reads file:// and package:// (an uploaded package)",
		uri);
	return NULL;
}
