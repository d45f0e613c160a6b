/* Orgs: their ids, which never come again, and the Unix users that keep their tasks apart. */
#include "model/model.h"

#include "base/num.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

const struct org *model_org(struct model *m, const char *org_id)
{
	return rowset_find(&m->orgs, org_id);
}

const struct org *model_org_named(struct model *m, const char *name)
{
	for (size_t i = 0; i < m->orgs.len; i++) {
		const struct org *o = m->orgs.rows[i];

		if (strcmp(o->org_name, name) == 0)
			return o;
	}
	return NULL;
}

#define org_set(o, member, value) record_set(org, o, member, value)

static int64_t greatest_id(const struct rowset *orgs)
{
	int64_t most = 0, id;

	for (size_t i = 0; i < orgs->len; i++) {
		const struct org *o = orgs->rows[i];

		if (num_i64(o->org_id, 0, INT64_MAX - 1, &id) && id > most)
			most = id;
	}
	return most;
}

/* One that was given to an org that could not be stored is not given again either. */
static int64_t next_id(struct model *m)
{
	int64_t known = greatest_id(&m->orgs);

	if (m->org_given < known)
		m->org_given = known;
	return ++m->org_given;
}

/* ---- Unix users ---- */

/* Do tasks of several orgs meet on this machine? */
static bool users_apart(const struct model *m)
{
	return m->settings.users_apart;
}

static bool refuse_second(struct err *e)
{
	return err_set(e, ERR_UNPROCESSABLE,
		"a second org needs an mltopd that runs as root: only then can the local engine "
		"give each org a Unix user of its own, so that no task reads another org's files");
}

static int64_t greatest_user(const struct rowset *orgs)
{
	int64_t most = 0;

	for (size_t i = 0; i < orgs->len; i++) {
		const struct org *o = orgs->rows[i];

		if (o->run_uid > most)
			most = o->run_uid;
	}
	return most;
}

static bool next_user(struct model *m, int64_t *uid, struct err *e)
{
	const char *range = m->settings.uid_range, *dash = strchr(range, '-');
	int64_t known = greatest_user(&m->orgs), first, last;
	int64_t used = known > m->user_given ? known : m->user_given;
	char from[32] = "";

	if (dash && (size_t)(dash - range) < sizeof from)
		snprintf(from, sizeof from, "%.*s", (int)(dash - range), range);
	if (!dash || !num_i64(from, 1, INT32_MAX, &first) ||
		!num_i64(dash + 1, first, INT32_MAX, &last))
		return err_set(e, ERR_INVALID, "local.uid_range is '%.40s': give FIRST-LAST",
			range);
	*uid = used < first ? first : used + 1;
	m->user_given = *uid <= last ? *uid : used;
	return *uid <= last ||
		err_set(e, ERR_UNPROCESSABLE, "local.uid_range has no user left for another org");
}

static bool user_give(struct model *m, struct org *o, struct err *e)
{
	int64_t uid = 0;

	if (!users_apart(m))
		return true;
	if (geteuid() != 0)
		return sets_of(&m->sets, &org_kind)->names.len == 0 || refuse_second(e);
	if (!next_user(m, &uid, e))
		return false;
	org_set(o, run_uid, uid);
	return true;
}

static bool user_add(struct model *m, const struct org *row, struct err *e)
{
	struct change *c = change_new(m);
	struct org o = *row;

	if (!user_give(m, &o, e)) {
		change_free(c);
		return false;
	}
	change_row(c, &org_kind, &o);
	change_actor(c, "start", o.org_id);
	change_audit(c, "org.user", o.org_id, o.org_name);
	return change_commit_now(c, e);
}

bool orgs_separate(struct model *m, struct err *e)
{
	bool good = true;

	if (!users_apart(m))
		return true;
	if (geteuid() != 0)
		return m->orgs.len < 2 || refuse_second(e);
	for (size_t i = 0; good && i < m->orgs.len; i++) {
		const struct org *o = m->orgs.rows[i];

		good = o->run_uid > 0 || user_add(m, o, e);
	}
	return good;
}

/* ---- Making one ---- */

static bool name_valid(const char *name, struct err *e)
{
	size_t len = strlen(name);
	bool good = len > 0 && len <= 57 && name[0] != '-' && name[len - 1] != '-' &&
		strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;

	return good ||
		err_field(e, ERR_INVALID, "org_name",
			"org_name is '%.60s': at most 57 of a-z, 0-9 and -, none of it at an end",
			name);
}

static bool name_free(struct model *m, const char *name, struct err *e)
{
	return set_name_uid(sets_of(&m->sets, &org_kind), "", name) == NULL ||
		err_field(e, ERR_CONFLICT, "org_name", "org %s is being made just now: ask again",
			name);
}

static void change_quota_none(struct change *c, const struct org *o)
{
	struct quota q;

	quota_init(&q);
	q.org_id = o->org_id;
	q.org_name = o->org_name;
	record_know(&quota_kind, &q, offsetof(struct quota, org_id));
	record_know(&quota_kind, &q, offsetof(struct quota, org_name));
	change_row(c, &quota_kind, &q);
}

bool orgs_obtain(struct change *c, const char *name, struct org *out, struct arena *a,
	struct err *e)
{
	struct model *m = change_model(c);
	const struct org *have = model_org_named(m, name);
	char id[24];

	memset(out, 0, sizeof *out);
	if (have) {
		record_copy(&org_kind, out, have, a);
		return true;
	}
	if (!name_valid(name, e) || !name_free(m, name, e) || !user_give(m, out, e))
		return false;
	snprintf(id, sizeof id, "%lld", (long long)next_id(m));
	org_set(out, org_id, arena_strdup(a, id));
	org_set(out, org_name, arena_strdup(a, name));
	org_set(out, create_time, (struct when){model_now()});
	change_row(c, &org_kind, out);
	change_quota_none(c, out);
	return true;
}
