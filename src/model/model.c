#include "model/model.h"

#include "base/fsio.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/timefmt.h"
#include "core/kinds/kinds.h"
#include "core/wire/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static void set_of_kind(struct model *m, const struct kind *k)
{
	bool named = k->stored && k->org_names;
	const struct set set = {k->name, k, .stored = k->stored,
		.name_field = named ? kind_key(k)->name : NULL,
		.org_field = k->stored ? "org_id" : NULL};

	sets_add(&m->sets, &set);
}

static void rows_init(struct model *m)
{
	const struct set sets[] = {
		{"org", &org_kind, &m->orgs, .name_field = "org_name"},
		{"key", &key_kind, &m->keys, .org_field = "org_id"},
		{"quota", &quota_kind, &m->quotas, .org_field = "org_id"},
		{"package", &package_kind, &m->packages, .org_field = "org_id"},
		{"job", &job_kind, &m->jobs, .name_field = "job_name", .org_field = "org_id"},
		{"task", &task_kind, &m->tasks, .org_field = "org_id", .parent_field = "job_uid",
			.ours = true},
		{"event", &event_kind, &m->events, .org_field = "org_id",
			.parent_field = "object_uid", .ours = true},
		{"spending", &spending_kind, &m->spendings, .org_field = "org_id"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		sets_add(&m->sets, &sets[i]);
	for (size_t i = 0; wish_kinds[i]; i++)
		set_of_kind(m, wish_kinds[i]);
	/* Of which nobody here knows more, or what is looked up and not stored (kinds/look.c). */
	for (size_t i = 0; all_kinds[i]; i++)
		if ((all_kinds[i]->can & CAN_STREAM) && sets_of(&m->sets, all_kinds[i]) == NULL)
			set_of_kind(m, all_kinds[i]);
}

void model_init(struct model *m, const struct model_watchers *told)
{
	m->told = *told;
	rows_init(m);
}

void model_release(struct model *m)
{
	sets_release(&m->sets);
	map_release(&m->flights);
	vec_release(&m->next);
	map_release(&m->record_bytes);
	map_release(&m->coming);
	map_release(&m->keys_used);
	model_nonces_release(m);
}

/* ---- Time and ids ---- */

/* 0 where there is no such file, or no number in it. */
static int64_t clock_wrong_by(void)
{
	const char *path = getenv("MLTOPD_CLOCK");
	struct buf text = BUF_INIT;
	int64_t ms = 0;

	if (path && fsio_read(path, &text, 32, NULL))
		num_i64(text.data, INT64_MIN / 4, INT64_MAX / 4, &ms);
	buf_release(&text);
	return ms;
}

int64_t model_now(void)
{
	return time_now_ms() + clock_wrong_by();
}

void model_uid(struct model *m, char out[ULID_SIZE], int64_t now)
{
	int i = 9;

	if (now > m->uid_ms) {
		m->uid_ms = now;
		if (getrandom(m->uid_random, sizeof m->uid_random, 0) != sizeof m->uid_random)
			abort();
		m->uid_random[0] &= 0x7f; /* room to count on */
	} else {
		while (i >= 0 && ++m->uid_random[i] == 0)
			i--;
	}
	ulid_make(out, m->uid_ms, m->uid_random);
}

/* ---- Lookups ---- */

struct workload *model_moving(struct model *m, const struct kind *k, const char *uid)
{
	return rowset_find(&sets_of(&m->sets, k)->moving, uid);
}

void model_moving_put(struct model *m, const struct kind *k, const void *rec)
{
	rowset_put(&sets_of(&m->sets, k)->moving, rec, NULL);
}

void model_moving_remove(struct model *m, const struct kind *k, const char *uid)
{
	rowset_remove(&sets_of(&m->sets, k)->moving, uid);
}

void *model_row(struct model *m, const struct kind *k, const char *uid)
{
	return rowset_find(sets_of(&m->sets, k)->rows, uid);
}

void model_row_put(struct model *m, const struct kind *k, const void *rec)
{
	rowset_put(sets_of(&m->sets, k)->rows, rec, NULL);
}

const struct workload *model_workload(struct model *m, const char *uid, const struct kind **kind)
{
	const void *row = NULL;

	for (size_t i = 0; row == NULL && i < m->sets.len; i++) {
		const struct kind *k = m->sets.items[i].kind;

		row = kind_runs(k) ? rowset_find(m->sets.items[i].rows, uid) : NULL;
		if (kind)
			*kind = k;
	}
	return row;
}

const char *model_name_uid(struct model *m, const struct kind *k, const char *org_id,
	const char *name)
{
	return set_name_uid(sets_of(&m->sets, k), org_id, name);
}

const void *model_named(struct model *m, const struct kind *k, const char *org_id,
	const char *name_or_uid)
{
	const char *uid = model_name_uid(m, k, org_id, name_or_uid);
	const void *row = model_row(m, k, uid ? uid : name_or_uid);

	return row && strcmp(record_text(row, kind_field(k, "org_id")), org_id) == 0 ? row : NULL;
}

const struct rowset *model_rows(struct model *m, const struct kind *k)
{
	const struct set *set = sets_of(&m->sets, k);

	return set ? set->rows : NULL;
}

/* One's own, or those of all for who may see other orgs'. */
static bool sees(const struct principal *who, const struct kind *k, const char *org)
{
	return who->role >= kind_others(k) || (who->org_id && strcmp(org, who->org_id) == 0);
}

const char *model_veils(const struct kind *k, const void *row)
{
	return k->veiled ? record_text(row, kind_field(k, "veils")) : "";
}

/* Of each such object exactly one row is to be seen. */
static bool veil_lets(const struct principal *who, const struct kind *k, const void *row)
{
	const char *holder = record_text(row, kind_field(k, "holder"));
	const char *veils = model_veils(k, row);

	if (*veils)
		return !sees(who, k, veils);
	return *holder == '\0' || sees(who, k, holder);
}

bool model_visible(const struct principal *who, const struct kind *k, const void *row,
	const char *org)
{
	const struct field *f = kind_field(k, "org_id");
	const char *of = f ? record_text(row, f) : "";
	bool others = who->role >= kind_others(k), asked = org && *org;
	/* Who has no key is of no org. */
	bool own = who->org_id && strcmp(of, who->org_id) == 0;

	if (who->role < (enum role)k->see)
		return false;
	if (k->veiled)
		return veil_lets(who, k, row);
	if (f == NULL)
		return true; /* of the platform, not of an org */
	if (*of == '\0')
		return others; /* the same, of a kind that may be either */
	if (!asked && !kind_of_all(k, who->role))
		return own;
	return (!asked || strcmp(org, MODEL_ALL_ORGS) == 0 || strcmp(of, org) == 0) &&
		(own || others);
}

uint64_t model_version(const struct model *m)
{
	return wire_version(m->server, m->version);
}

bool model_broken(const struct model *m)
{
	return store_health(m->store) == STORE_BROKEN;
}

const struct task *model_task(struct model *m, const char *job_uid, const char *task, int attempt)
{
	char uid[128];

	snprintf(uid, sizeof uid, "%s/%s/%d", job_uid, task && *task ? task : task_single, attempt);
	return rowset_find(&m->tasks, uid);
}

void model_show(struct model *m, const struct kind *k, const char *uid)
{
	m->told.row_changed(m->told.ctx, k, uid);
}
