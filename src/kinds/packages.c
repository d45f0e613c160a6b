#include "kinds/packages.h"

#include "base/fsio.h"
#include "base/mem.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *package_file(struct platform *p, const char *id, bool part)
{
	char *path = NULL;

	if (asprintf(&path, "%s/packages/%s%s", p->dir, id, part ? ".part" : "") < 0)
		abort();
	return path;
}

/* What has arrived of an upload is what the file holds: a row per part would cost a commit each. */
void packages_loaded(struct platform *p)
{
	for (size_t i = 0; i < p->model.packages.len; i++) {
		struct package *k = p->model.packages.rows[i];
		struct stat st;
		char *path;

		if (k->complete)
			continue;
		path = package_file(p, k->id, true);
		k->received.v = stat(path, &st) == 0 ? st.st_size : 0;
		if (k->received.v > k->size.v)
			k->received = k->size;
		record_set(package, k, received, k->received);
		free(path);
	}
}

/* In that org; NULL: none. */
static const struct package *package_find(struct platform *p, const char *org_id, const char *id)
{
	const struct package *k = rowset_find(&p->model.packages, id);

	return k && strcmp(k->org_id, org_id) == 0 ? k : NULL;
}

size_t packages_of(struct platform *p, const char *org_id)
{
	size_t n = (size_t)model_coming(&p->model, &package_kind, org_id).objects;

	for (size_t i = 0; i < p->model.packages.len; i++)
		n += strcmp(((const struct package *)p->model.packages.rows[i])->org_id, org_id) ==
			0;
	return n;
}

/* ---- trainer_uri ---- */

static char *uploaded_path(struct platform *p, const char *org_id, const char *id, struct err *e)
{
	const struct package *k = package_find(p, org_id, id);

	if (k && k->complete)
		return package_file(p, id, false);
	err_field(e, ERR_UNPROCESSABLE, "trainer_uri",
		k ? "package %.60s is not complete: %lld of %lld bytes have come"
		  : "there is no package %.60s: upload it again",
		id, k ? (long long)k->received.v : 0, k ? (long long)k->size.v : 0);
	return NULL;
}

static bool under_root(const struct platform *p, const char *path)
{
	const struct strings *roots = p->settings.package_roots;

	for (size_t i = 0; i < roots->len; i++) {
		const char *root = roots->items[i];
		size_t len = strlen(root);

		while (len > 1 && root[len - 1] == '/')
			len--;
		if (strncmp(path, root, len) == 0 && path[len] == '/')
			return true;
	}
	return false;
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

/* ---- fds://BUCKET/user_packages/NAME ---- */

bool package_bucket(struct platform *p, const char *org_id, const char *bucket)
{
	bool named = model_org(&p->model, org_id) != NULL &&
		strcmp(bucket, model_org(&p->model, org_id)->org_name) == 0;

	return named || strcmp(bucket, org_id) == 0 || strcmp(bucket, PACKAGE_BUCKET) == 0;
}

const struct package *package_named(const struct platform *p, const char *org_id, const char *name)
{
	for (size_t i = p->model.packages.len; i-- > 0;) {
		const struct package *k = p->model.packages.rows[i];

		if (k->complete && strcmp(k->org_id, org_id) == 0 && strcmp(k->name, name) == 0)
			return k;
	}
	return NULL;
}

static const struct package *package_object(struct platform *p, const char *org_id, const char *uri)
{
	const char *bucket = uri + strlen("fds://"), *slash = strchr(bucket, '/');
	size_t folder = strlen(PACKAGE_FOLDER);
	char name[64];

	if (slash == NULL || (size_t)(slash - bucket) >= sizeof name ||
		strncmp(slash + 1, PACKAGE_FOLDER, folder) != 0 || slash[1 + folder] != '/')
		return NULL;
	snprintf(name, sizeof name, "%.*s", (int)(slash - bucket), bucket);
	return package_bucket(p, org_id, name) ? package_named(p, org_id, slash + 2 + folder)
					       : NULL;
}

static char *object_path(struct platform *p, const char *org_id, const char *uri, struct err *e)
{
	const struct package *k = package_object(p, org_id, uri);

	if (k)
		return package_file(p, k->id, false);
	err_field(e, ERR_UNPROCESSABLE, "trainer_uri",
		"there is no %.200s here: upload the package again (cloudml jobs submit -u FOLDER, or "
		"mltop packages create FILE)",
		uri);
	return NULL;
}

const struct package *package_of_uri(struct platform *p, const char *org_id, const char *uri)
{
	if (uri && strncmp(uri, "package://", 10) == 0)
		return package_find(p, org_id, uri + 10);
	return uri && strncmp(uri, "fds://", 6) == 0 ? package_object(p, org_id, uri) : NULL;
}

char *packages_path(struct platform *p, const char *org_id, const char *uri, struct err *e)
{
	if (strncmp(uri, "package://", 10) == 0)
		return uploaded_path(p, org_id, uri + 10, e);
	if (strncmp(uri, "file://", 7) == 0)
		return file_path(p, uri + 7, e);
	if (strncmp(uri, "fds://", 6) == 0)
		return object_path(p, org_id, uri, e);
	err_field(e, ERR_UNPROCESSABLE, "trainer_uri",
		"trainer_uri is %.100s: this platform reads file:// and package:// (an uploaded package)",
		uri);
	return NULL;
}
