/*
 * Uploads: announced with size and SHA-256, sent in parts that may be repeated after a cut, and
 * complete when the hash of the whole is right. Disk work is done by worker threads.
 */
#include "kinds/packages.h"
#include "kinds/routes.h"

#include "base/fsio.h"
#include "base/mem.h"
#include "base/num.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void absent(struct request *r)
{
	struct err e = ERR_INIT;

	err_set(&e, ERR_NOT_FOUND, "there is no package %.60s", r->params[0]);
	request_fail(r, &e);
}

static struct package *path_package(struct request *r)
{
	const char *org = route_org(r, false);
	struct package *k = org ? package_find(r->platform, org, r->params[0]) : NULL;

	if (org && k == NULL)
		absent(r);
	return k;
}

void route_package_list(struct request *r)
{
	const char *org = route_org(r, true), *id;
	json_t *list;
	size_t at = 0;
	void *value;

	if (org == NULL)
		return;
	list = json_array();
	while (map_next(&r->platform->packages, &at, &id, &value)) {
		const struct package *k = value;

		if (strcmp(org, "-1") == 0 || strcmp(org, k->org_id) == 0)
			json_array_append_new(list, package_json(k));
	}
	request_reply(r, 200, json_pack("{s:o}", "data", list));
}

void route_package_one(struct request *r)
{
	const struct package *k = path_package(r);

	if (k)
		request_reply(r, 200, package_json(k));
}

/* ---- What goes by itself ---- */

static bool in_use(struct platform *p, const struct package *k)
{
	char uri[64];
	struct active *a;

	snprintf(uri, sizeof uri, "package://%s", k->id);
	for (size_t at = 0; active_next(p, &at, &a);) {
		const struct job *j = a->work;

		if (j && j->trainer_uri && strcmp(j->trainer_uri, uri) == 0)
			return true;
	}
	return false;
}

static void package_gone(void *ctx, bool ok, const struct err *e);

struct announced {
	struct platform *p;
	struct package *k;
};

static void package_remove(struct change *c, struct platform *p, struct package *k)
{
	struct announced *n = mem_alloc(sizeof *n);

	n->p = p;
	n->k = k;
	k->busy = true;
	change_package(c, k->id, k->org_id, NULL);
	change_then(c, package_gone, n);
}

/* Old ones that nobody needs go when a new one comes; finished jobs that name one cannot be retried. */
static void packages_expire(struct platform *p, int64_t now)
{
	int64_t keep = config_int(&p->config, SET_PACKAGE_KEEP);
	size_t at = 0;
	const char *id;
	void *value;

	while (keep > 0 && map_next(&p->packages, &at, &id, &value)) {
		struct package *k = value;
		struct change *c;

		if (k->busy || now - k->create_time < keep || in_use(p, k))
			continue;
		c = change_new(p);
		change_actor(c, "packages.keep", k->org_id);
		change_audit(c, "package.expire", k->id, k->name);
		package_remove(c, p, k);
		change_commit(c);
	}
}

/* ---- Announcing ---- */

static bool hex_valid(const char *text)
{
	return text && strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static bool name_valid(const char *name)
{
	return name && *name && *name != '.' && strlen(name) <= PACKAGE_NAME_MAX &&
		strspn(name,
			"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-") ==
		strlen(name);
}

static bool announce_check(struct request *r, json_int_t size, const char *sha, const char *name,
	struct err *e)
{
	struct platform *p = r->platform;
	int64_t most = config_int(&p->config, SET_PACKAGE_MAX);

	if (size < 1)
		return err_field(e, ERR_INVALID, "size",
			"size is needed: bytes of the package, from 1 on");
	if (size > most)
		return err_field(e, ERR_TOO_LARGE, "size",
			"size is %lld: %lld bytes are the most here", (long long)size,
			(long long)most);
	if (!hex_valid(sha))
		return err_field(e, ERR_INVALID, "sha256",
			"sha256 is needed: 64 lower-case hexadecimal digits of the whole package");
	if (!name_valid(name))
		return err_field(e, ERR_INVALID, "name",
			"name is needed: a file name of letters, digits and . _ + -");
	if (packages_of(p, r->who.org_id) >= (size_t)config_int(&p->config, SET_PACKAGES_PER_ORG))
		return err_set(e, ERR_UNPROCESSABLE,
			"this org has %zu packages, the most it may: "
			"delete old ones",
			packages_of(p, r->who.org_id));
	return true;
}

static void announce_stored(void *ctx, bool ok, const struct err *e)
{
	struct announced *n = ctx;

	(void)e;
	if (ok)
		map_set(&n->p->packages, n->k->id, n->k);
	else
		package_free(n->k);
	free(n);
}

static void package_change(struct change *c, const struct package *k)
{
	struct buf pack = BUF_INIT;

	package_pack(k, &pack);
	change_package(c, k->id, k->org_id, &pack);
	buf_release(&pack);
}

/* The same bytes of the same org need no second upload. */
static struct package *same_bytes(struct platform *p, const char *org, const char *sha)
{
	size_t at = 0;
	const char *id;
	void *value;

	while (map_next(&p->packages, &at, &id, &value)) {
		struct package *k = value;

		if (k->complete && strcmp(k->org_id, org) == 0 && strcmp(k->sha256, sha) == 0)
			return k;
	}
	return NULL;
}

void route_package_create(struct request *r)
{
	json_int_t size = json_integer_value(json_object_get(r->body, "size"));
	const char *sha = json_string_value(json_object_get(r->body, "sha256"));
	const char *name = json_string_value(json_object_get(r->body, "name"));
	const struct package *have;
	struct announced *n;
	struct err e = ERR_INIT;
	struct change *c;

	packages_expire(r->platform, r->now);
	if (!announce_check(r, size, sha, name, &e)) {
		request_fail(r, &e);
		return;
	}
	have = same_bytes(r->platform, r->who.org_id, sha);
	if (have) {
		request_reply(r, 200, package_json(have));
		return;
	}
	n = mem_alloc(sizeof *n);
	n->p = r->platform;
	n->k = mem_alloc(sizeof *n->k);
	ulid_new(n->k->id, r->now);
	n->k->org_id = mem_strdup(r->who.org_id);
	n->k->name = mem_strdup(name);
	snprintf(n->k->sha256, sizeof n->k->sha256, "%s", sha);
	n->k->size = size;
	n->k->create_time = r->now;
	c = change_for(r);
	package_change(c, n->k);
	change_audit(c, "package.create", n->k->id, name);
	change_answer(c, 200, package_json(n->k));
	change_then(c, announce_stored, n);
	change_commit(c);
}

/* ---- Parts ---- */

struct part {
	uv_work_t work;
	struct request *r;
	struct package *k;
	char *dir, *path, *final;
	int64_t offset;
	bool last, good;
	struct err e;
};

static void part_free(struct part *t)
{
	free(t->dir);
	free(t->path);
	free(t->final);
	free(t);
}

static bool hash_matches(int fd, const char *wanted, struct err *e)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char block[64 * 1024], digest[EVP_MAX_MD_SIZE];
	char hex[SIGN_HEX_SIZE];
	unsigned len = 0;
	ssize_t n;
	off_t at = 0;
	bool good = EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;

	while (good && (n = pread(fd, block, sizeof block, at)) > 0) {
		good = EVP_DigestUpdate(ctx, block, (size_t)n) == 1;
		at += n;
	}
	good = good && n == 0 && EVP_DigestFinal_ex(ctx, digest, &len) == 1;
	EVP_MD_CTX_free(ctx);
	if (!good)
		return err_set(e, ERR_INTERNAL, "the package could not be read back");
	for (unsigned i = 0; i < len && i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	return strcmp(hex, wanted) == 0 ||
		err_field(e, ERR_UNPROCESSABLE, "sha256",
			"the package's SHA-256 is %s, announced was %s: send it again from offset 0",
			hex, wanted);
}

/* Whole and right: synced and under its final name before anybody is told. */
static bool part_complete(struct part *t, int fd)
{
	if (!hash_matches(fd, t->k->sha256, &t->e)) {
		if (ftruncate(fd, 0) != 0 && errno)
			unlink(t->path);
		return false;
	}
	if (fsync(fd) != 0 || rename(t->path, t->final) != 0)
		return err_errno(&t->e, errno, "cannot keep the package", t->final);
	return fsio_sync_folder(t->dir, &t->e);
}

static void part_write(uv_work_t *work)
{
	struct part *t = work->data;
	const struct request *r = t->r;
	int fd;

	if (!fsio_mkdirs(t->dir, 0700, &t->e))
		return;
	fd = open(t->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || lseek(fd, t->offset, SEEK_SET) < 0 ||
		!fsio_write_all(fd, r->raw, r->raw_len)) {
		err_set(&t->e, ERR_UNAVAILABLE, "the part could not be written: %s",
			strerror(errno));
		/* What is there of it does not count: the next one goes over it. */
		if (fd >= 0 && ftruncate(fd, t->offset) != 0 && errno)
			unlink(t->path);
	} else {
		t->good = !t->last || part_complete(t, fd);
	}
	if (fd >= 0)
		close(fd);
}

static void complete_stored(void *ctx, bool ok, const struct err *e)
{
	struct package *k = ctx;

	(void)e;
	k->busy = false;
	k->complete = ok;
}

static void part_failed(struct part *t, bool cancelled)
{
	if (t->e.code == ERR_UNPROCESSABLE)
		t->k->received = 0;
	if (t->e.code == ERR_UNAVAILABLE || cancelled)
		request_fail_retry(t->r, &t->e, RETRY_AFTER_S);
	else
		request_fail(t->r, &t->e);
}

static void package_complete(struct request *r, struct package *k)
{
	struct change *c = change_for(r);

	k->complete = true;
	k->busy = true;
	package_change(c, k);
	change_audit(c, "package.complete", k->id, k->name);
	change_answer(c, 200, package_json(k));
	k->complete = false;
	change_then(c, complete_stored, k);
	change_commit(c);
}

static void part_written(uv_work_t *work, int status)
{
	struct part *t = work->data;
	struct platform *p = t->r->platform;

	t->k->busy = false;
	if (status == 0 && t->good) {
		t->k->received = t->offset + (int64_t)t->r->raw_len;
		if (t->last)
			package_complete(t->r, t->k);
		else
			request_reply(t->r, 200, package_json(t->k));
	} else {
		part_failed(t, status != 0);
	}
	part_free(t);
	platform_let_go(p);
}

static bool part_check(const struct request *r, const struct package *k, int64_t offset,
	struct err *e)
{
	if (k->complete)
		return err_set(e, ERR_CONFLICT, "package %s is complete: nothing is to be added",
			k->id);
	if (k->busy)
		return err_set(e, ERR_CONFLICT, "another part of package %s is being written",
			k->id);
	if (offset > k->received)
		return err_field(e, ERR_CONFLICT, "offset",
			"offset is %lld, received were %lld bytes: go on from there",
			(long long)offset, (long long)k->received);
	if (r->raw_len == 0)
		return err_set(e, ERR_INVALID, "the part is empty");
	if (offset + (int64_t)r->raw_len > k->size)
		return err_set(e, ERR_UNPROCESSABLE,
			"the part ends at byte %lld, the package was announced with %lld",
			(long long)(offset + (int64_t)r->raw_len), (long long)k->size);
	return true;
}

void route_package_part(struct request *r)
{
	struct package *k = path_package(r);
	const char *text = request_query(r, "offset");
	struct err e = ERR_INIT;
	int64_t offset = 0;
	struct part *t;

	if (k == NULL)
		return;
	if (text && !num_i64(text, 0, INT64_MAX / 2, &offset))
		err_field(&e, ERR_INVALID, "offset", "offset is '%.40s': give a number of bytes",
			text);
	else
		part_check(r, k, offset, &e);
	if (e.code != ERR_NONE) {
		request_fail(r, &e);
		return;
	}
	t = mem_alloc(sizeof *t);
	t->work.data = t;
	t->r = r;
	t->k = k;
	t->offset = offset;
	t->last = offset + (int64_t)r->raw_len == k->size;
	t->dir = fsio_join(r->platform->dir, "packages");
	t->path = package_file(r->platform, k, true);
	t->final = package_file(r->platform, k, false);
	k->busy = true;
	platform_hold(r->platform);
	uv_queue_work(r->platform->loop, &t->work, part_write, part_written);
}

/* ---- Removing ---- */

static void package_gone(void *ctx, bool ok, const struct err *e)
{
	struct announced *n = ctx;
	char *file = package_file(n->p, n->k, false), *part = package_file(n->p, n->k, true);

	(void)e;
	n->k->busy = false;
	if (ok) {
		unlink(file);
		unlink(part);
		map_remove(&n->p->packages, n->k->id);
		package_free(n->k);
	}
	free(file);
	free(part);
	free(n);
}

void route_package_delete(struct request *r)
{
	struct package *k = path_package(r);
	struct err e = ERR_INIT;
	struct change *c;

	if (k == NULL)
		return;
	if (k->busy || in_use(r->platform, k)) {
		err_set(&e, ERR_CONFLICT, "package %s is in use%s: wait for it, or cancel it",
			k->id, k->busy ? "" : " by a job that is not over");
		request_fail(r, &e);
		return;
	}
	c = change_for(r);
	package_remove(c, r->platform, k);
	change_audit(c, "package.delete", k->id, k->name);
	change_answer(c, 200, route_message("package %s is deleted", k->id));
	change_commit(c);
}
