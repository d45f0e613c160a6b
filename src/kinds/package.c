/*
 * Uploads: announced with size and SHA-256, sent in parts that may be repeated after a cut
 * (package_part.c), and complete when the hash of the whole is right.
 */
#include "kinds/packages.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- What goes by itself ---- */

static bool in_use(struct platform *p, const struct package *k)
{
	struct active *a;

	for (size_t at = 0; active_next(&p->work, &at, &a);) {
		const char *uri = a->policy->package(a->work);

		if (package_of_uri(p, k->org_id, uri) == k &&
			strcmp(((const struct workload *)a->work)->org_id, k->org_id) == 0)
			return true;
	}
	return false;
}

/* A part of it is being written, or a change of it is on its way to the disk. */
bool package_busy(const struct platform *p, const struct package *k)
{
	return map_get(&p->package_parts, k->id) ||
		change_in_flight(&p->model, &package_kind, k->id);
}

struct package_removal {
	struct platform *p;
	char id[ULID_SIZE];
};

static void package_removed(void *ctx, bool ok, const struct err *e)
{
	struct package_removal *m = ctx;
	char *file = package_file(m->p, m->id, false), *part = package_file(m->p, m->id, true);

	(void)e;
	if (ok) {
		unlink(file);
		unlink(part);
	}
	free(file);
	free(part);
	free(m);
}

static void package_remove(struct change *c, struct platform *p, const struct package *k)
{
	struct package_removal *m = mem_alloc(sizeof *m);

	m->p = p;
	snprintf(m->id, sizeof m->id, "%s", k->id);
	change_row_remove(c, &package_kind, k->id);
	change_then(c, package_removed, m);
}

/* Old ones that nobody needs go when a new one comes; finished jobs that name one cannot be retried. */
static void packages_expire(struct platform *p)
{
	int64_t keep = p->settings.package_keep;

	for (size_t i = 0; keep > 0 && i < p->model.packages.len; i++) {
		const struct package *k = p->model.packages.rows[i];
		struct change *c;

		if (!work_older(&p->work, k->create_time.v, keep) || package_busy(p, k) ||
			in_use(p, k))
			continue;
		c = change_new(&p->model);
		change_actor(c, "packages.keep", k->org_id);
		change_audit_of(c, &package_kind, "expire", k);
		package_remove(c, p, k);
		change_commit(c);
	}
}

/* ---- Announcing ---- */

bool package_fits(struct request *r, const struct package *k, struct err *e)
{
	struct platform *p = r->platform;
	int64_t most = p->settings.package_max;

	packages_expire(p);
	if (k->size.v > most)
		return err_field(e, ERR_TOO_LARGE, "size",
			"size is %lld: %lld bytes are the most here", (long long)k->size.v,
			(long long)most);
	if (packages_of(p, r->who.org_id) >= (size_t)p->settings.packages_per_org)
		return err_set(e, ERR_UNPROCESSABLE,
			"this org has %zu packages, the most it may: "
			"delete old ones",
			packages_of(p, r->who.org_id));
	return true;
}

/* The same bytes of the same org need no second upload. */
static const struct package *same_bytes(struct platform *p, const char *org, const char *sha)
{
	for (size_t i = 0; i < p->model.packages.len; i++) {
		const struct package *k = p->model.packages.rows[i];

		if (k->complete && strcmp(k->org_id, org) == 0 && strcmp(k->sha256, sha) == 0)
			return k;
	}
	return NULL;
}

static void package_made(struct making *m)
{
	struct package *k = (struct package *)m->record;
	struct request *r = m->r;
	const struct package *have;
	struct err e = ERR_INIT;
	char id[ULID_SIZE];
	struct change *c;

	if (!package_fits(r, k, &e)) {
		making_refuse(m, &e);
		return;
	}
	have = same_bytes(r->platform, r->who.org_id, k->sha256);
	if (have) {
		request_reply(r, 200, record_encode(&package_kind, have, NULL));
		making_free(m);
		return;
	}
	ulid_new(id, r->now);
	record_set(package, k, id, id);
	record_set(package, k, uri, package_uri(&m->text, id));
	record_set(package, k, org_id, r->who.org_id);
	record_set(package, k, received, (struct bytes){0});
	record_set(package, k, complete, false);
	record_set(package, k, create_time, (struct when){r->now});
	c = change_for(r);
	change_row(c, &package_kind, k);
	request_did(r, c, &package_kind, k, "create", "Announced", NULL);
	change_answer(c, 200, record_encode(&package_kind, k, NULL));
	change_commit(c);
	making_free(m);
}

/* ---- Removing ---- */

static void package_delete(struct request *r, const void *row)
{
	const struct package *k = row;
	struct err e = ERR_INIT;
	struct change *c;

	if (package_busy(r->platform, k) || in_use(r->platform, k)) {
		err_set(&e, ERR_CONFLICT, "package %s is in use%s: wait for it, or cancel it",
			k->id, package_busy(r->platform, k) ? "" : " by a job that is not over");
		request_fail(r, &e);
		return;
	}
	c = change_for(r);
	change_audit_of(c, &package_kind, "delete", k);
	change_answer(c, 200, message_json("package %s is deleted", k->id));
	package_remove(c, r->platform, k);
	change_commit(c);
}

static const struct action_handler actions[] = {
	{"delete", package_delete},
	{NULL, NULL},
};

static const struct route more[] = {
	{.method = METHOD_PUT,
		.pattern = API "/packages/{package}",
		.least = ROLE_OPERATOR,
		.flags = ROUTE_CHANGES | ROUTE_TENANT | ROUTE_RAW_BODY,
		.body_max = PACKAGE_PART_MAX,
		.handle = package_part,
		.doc = "The bytes from ?offset= on; the last part completes it."},
	FDS_ROUTES(""),
	FDS_ROUTES("/-fds.api.xiaomi.net"),
	{.pattern = NULL},
};

const struct kind_handlers package_handlers = {
	.kind = &package_kind,
	.make = package_made,
	.actions = actions,
	.more = more,
};
