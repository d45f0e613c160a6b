/*
 * Packages as objects in a bucket of the org: what `cloudml jobs submit -u FOLDER` needs of an object
 * store. A package put here is one as any other, named by its file.
 */
#include "kinds/packages.h"

#include "base/fsio.h"
#include "base/mem.h"
#include "io/turns.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Whose they are not is as if it were not there. */
static bool bucket_own(struct request *r)
{
	struct err e = ERR_INIT;

	if (package_bucket(r->platform, r->who.org_id, r->params[0]))
		return true;
	err_set(&e, ERR_NOT_FOUND,
		"there is no bucket %.60s: the one of this key's org is %.60s (cloudml_default_fds_bucket)",
		r->params[0], r->who.org_name);
	request_fail(r, &e);
	return false;
}

void fds_bucket_is(struct request *r)
{
	if (bucket_own(r))
		request_reply(r, 200, NULL);
}

void fds_object_is(struct request *r)
{
	if (!bucket_own(r))
		return;
	if (package_named(r->platform, r->who.org_id, r->params[1]))
		request_reply(r, 200, NULL);
	else
		request_absent(r, &package_kind, r->params[1]);
}

/* ---- Putting one ---- */

/* A package on its way to the disk. */
struct put {
	struct turn turn;
	struct request *r;
	struct arena text;
	struct package package;
	char *dir, *part, *final;
	bool good;
	struct err e;
};

static void put_free(struct put *u)
{
	free(u->dir);
	free(u->part);
	free(u->final);
	arena_release(&u->text);
	free(u);
}

/* The client reads all five without looking whether they are there. */
static json_t *put_answer(const struct request *r)
{
	return json_pack("{s:s, s:s+, s:s, s:s, s:i}", "bucketName", r->params[0], "objectName",
		PACKAGE_FOLDER "/", r->params[1], "accessKeyId", r->who.access_key, "signature", "",
		"expires", 0);
}

static void put_stored(void *ctx, bool ok, const struct err *e)
{
	struct put *u = ctx;

	(void)e;
	if (!ok)
		unlink(u->final);
	put_free(u);
}

static void put_commit(struct put *u)
{
	struct request *r = u->r;
	struct change *c = change_for(r);

	change_row(c, &package_kind, &u->package);
	request_did(r, c, &package_kind, &u->package, "create", "Completed", NULL);
	change_answer(c, 200, put_answer(r));
	change_then(c, put_stored, u);
	change_commit(c);
}

static void put_run(struct turn *turn)
{
	struct put *u = turn->ctx;

	u->good = package_store(u->dir, u->part, u->final, u->r->raw_fd, (int64_t)u->r->raw_len,
		&u->e);
}

static void put_over(struct turn *turn, bool ran)
{
	struct put *u = turn->ctx;
	struct platform *p = u->r->platform;

	if (!ran)
		err_set(&u->e, ERR_UNAVAILABLE, "mltopd is stopping");
	if (u->good) {
		put_commit(u);
	} else {
		request_fail_retry(u->r, &u->e, RETRY_AFTER_S);
		put_free(u);
	}
	platform_let_go(p);
}

static bool put_fill(struct put *u, struct err *e)
{
	struct request *r = u->r;
	struct package *k = &u->package;
	char id[ULID_SIZE];

	ulid_new(id, r->now);
	record_set(package, k, id, arena_strdup(&u->text, id));
	record_set(package, k, uri, package_uri(&u->text, id));
	record_set(package, k, name, arena_strdup(&u->text, r->params[1]));
	record_set(package, k, org_id, arena_strdup(&u->text, r->who.org_id));
	record_set(package, k, sha256, arena_strdup(&u->text, r->body_sha256));
	record_set(package, k, size, (struct bytes){(int64_t)r->raw_len});
	record_set(package, k, received, k->size);
	record_set(package, k, complete, true);
	record_set(package, k, create_time, (struct when){r->now});
	if (strlen(k->name) > PACKAGE_NAME_MAX)
		return err_field(e, ERR_INVALID, "name",
			"the package's name has more than %d characters: give its folder a shorter one",
			PACKAGE_NAME_MAX);
	return package_kind.check(k, e) && package_fits(r, k, e);
}

/* The client sends from 20 MiB on in parts, and shows what it is told. */
static bool put_whole(const struct request *r, struct err *e)
{
	if (request_query(r, "uploads") || request_query(r, "uploadId"))
		return err_set(e, ERR_TOO_LARGE,
			"packages of 20 MiB and more are not taken from cloudml: leave large files out "
			"of the folder, or upload it with mltop packages create and submit its URI "
			"with mltop jobs submit");
	return r->raw_len > 0 || err_set(e, ERR_INVALID, "the package is empty");
}

void fds_object_put(struct request *r)
{
	char key[PLATFORM_TURN_SIZE];
	struct err e = ERR_INIT;
	struct put *u;

	if (!bucket_own(r))
		return;
	u = mem_alloc(sizeof *u);
	u->r = r;
	if (!put_whole(r, &e) || !put_fill(u, &e)) {
		request_fail(r, &e);
		put_free(u);
		return;
	}
	u->turn = (struct turn){.ctx = u, .run = put_run, .over = put_over};
	u->dir = fsio_join(r->platform->dir, "packages");
	u->part = package_file(r->platform, u->package.id, true);
	u->final = package_file(r->platform, u->package.id, false);
	platform_hold(r->platform);
	turns_queue(r->platform->turns, &u->turn, platform_turn(r->who.org_id, key));
}
