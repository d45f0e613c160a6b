/*
 * What removed jobs had spent (core/kinds/spending.h): kept when one goes, joined when an org has many,
 * dropped when it is old.
 */
#include "work/spendings.h"
#include "core/kinds/spending.h"
#include "work/timers.h"
#include "work/usage_tasks.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum {
	TIDY_MS = 60 * 60 * 1000, /* between two looks, where not many jobs are removed */
	TIDY_SLICE = 1000,        /* rows looked at in a turn of the loop */
	MERGE_MOST = 500,         /* rows that become one in a change */
	OWNERS_MOST = 64,         /* of an org, that are told apart in what is joined */
};

/* ---- One that goes ---- */

static void attempts_add(struct work *w, const struct kind *k, const struct workload *row,
	struct spent_days *days)
{
	for (int attempt = 1; attempt <= (int)row->attempt; attempt++) {
		const struct task *t = model_task(w->model, row->uid, NULL, attempt);
		struct holding held;
		struct span span;

		if (t == NULL || !usage_span(w, t, &span))
			continue;
		held = usage_held(w, t, k, row);
		spent_days_add(days, &span, &held, day_of(span.to) - SPENT_DAYS_MAX / 2,
			day_of(span.to));
	}
	if (days->len > SPENT_DAYS_MAX)
		spent_days_drop(days, days->items[days->len - SPENT_DAYS_MAX].day);
}

static void spending_keep(struct work *w, struct change *c, const struct kind *k,
	const struct workload *row)
{
	const void *there = model_row(w->model, &spending_kind, row->uid);
	struct spent_days days = {0};
	struct buf text = BUF_INIT;
	struct spending s = {0};

	/* Somebody else removed it, and has told what it spent. */
	if (there && model_row(w->model, k, row->uid) == NULL)
		return;
	attempts_add(w, k, row, &days);
	if (days.len > 0) {
		spent_days_write(&days, &text);
		spending_set(&s, uid, row->uid);
		spending_set(&s, job_name, record_key(k, row));
		spending_set(&s, org_id, row->org_id);
		spending_set(&s, org_name, row->org_name);
		spending_set(&s, owner, row->owner ? row->owner : "");
		spending_set(&s, days, text.data);
		spending_set(&s, several, false);
		change_row(c, &spending_kind, &s);
		w->spendings_new++;
	}
	vec_release(&days);
	buf_release(&text);
	if (w->spendings_new >= SPENDINGS_LOOK)
		spendings_tidy_in(w, 0);
}

void workload_row_remove(struct work *w, struct change *c, const struct kind *k,
	const struct workload *row)
{
	/* First: what it spent is put there whatever is there, others may have changed the row. */
	change_row_remove(c, k, row->uid);
	spending_keep(w, c, k, row);
}

/* ---- Old ones ---- */

/* Was that day over so long ago? */
static bool day_old(struct work *w, int64_t day)
{
	return w->settings.usage_keep > 0 &&
		work_older(w, (day + 1) * DAY_MS, w->settings.usage_keep);
}

/* Its old days go; false: it has none left, and is to go. */
static bool days_age(struct work *w, struct spent_days *days)
{
	size_t old = 0;

	while (old < days->len && day_old(w, days->items[old].day))
		old++;
	if (old == days->len)
		return false;
	spent_days_drop(days, days->items[old].day);
	return true;
}

static void spending_put(struct change *c, const struct spending *from,
	const struct spent_days *days, const struct strings *merged)
{
	struct spending s = *from;
	struct buf text = BUF_INIT;

	spent_days_write(days, &text);
	spending_set(&s, days, text.data);
	if (merged) {
		spending_set(&s, several, true);
		spending_set(&s, job_name, "");
		spending_set(&s, merged, *merged);
	}
	change_row(c, &spending_kind, &s);
	change_only_if(c, &spending_kind, s.uid);
	buf_release(&text);
}

static void spending_remove(struct work *w, const struct spending *s)
{
	struct change *c = change_new(w->model);

	change_row_remove(c, &spending_kind, s->uid);
	change_commit(c);
}

/* All whose sums it has taken over are gone. */
static bool names_nobody(struct work *w, const struct spending *s)
{
	for (size_t i = 0; i < s->merged.len; i++)
		if (model_row(w->model, &spending_kind, s->merged.items[i]))
			return false;
	return s->merged.len > 0;
}

/* Whose days are old, or whose names are not needed any more. */
static void spending_age(struct work *w, const struct spending *s)
{
	const struct strings none = {NULL, 0};
	struct spent_days days = {0};
	struct change *c;
	size_t before;

	if (!spent_days_read(&days, s->days, NULL))
		return;
	before = days.len;
	if (!days_age(w, &days)) {
		spending_remove(w, s);
	} else if (days.len != before || names_nobody(w, s)) {
		c = change_new(w->model);
		spending_put(c, s, &days, names_nobody(w, s) ? &none : NULL);
		change_commit(c);
	}
	vec_release(&days);
}

/* ---- Many become one ---- */

/* What those of an owner are joined in. */
struct joined {
	const struct spending *into;
	struct spent_days days;
	VEC(const char *) merged;
};

/* The job is gone for certain, nothing of it is on its way to the disk, and its sums are its own. */
static bool may_merge(struct work *w, const struct spending *s)
{
	const struct kind *k;

	return map_get(&w->spendings_taken, s->uid) == NULL &&
		model_workload(w->model, s->uid, &k) == NULL && work_active(w, s->uid) == NULL &&
		!change_in_flight(w->model, &spending_kind, s->uid);
}

static void join(struct map *owners, const struct spending *s)
{
	const char *owner = map_get(owners, s->owner) || owners->len < OWNERS_MOST ? s->owner : "";
	struct joined *j = map_get(owners, owner);
	struct spent_days days = {0};

	if (j == NULL) {
		j = mem_alloc(sizeof *j);
		j->into = s;
		map_set(owners, owner, j);
	} else if (j->merged.len < MERGE_MOST) {
		vec_push(&j->merged, s->uid);
	} else {
		return;
	}
	if (spent_days_read(&days, s->days, NULL))
		spent_days_join(&j->days, &days);
	vec_release(&days);
}

static void joined_store(struct work *w, struct joined *j, const char *owner)
{
	struct strings merged = {j->merged.items, j->merged.len};
	struct spending into = *j->into;
	struct change *c;

	if (merged.len > 0) {
		if (j->days.len > SPENT_DAYS_MAX)
			spent_days_drop(&j->days, j->days.items[j->days.len - SPENT_DAYS_MAX].day);
		c = change_new(w->model);
		spending_set(&into, owner, owner);
		spending_put(c, &into, &j->days, &merged);
		for (size_t i = 0; i < merged.len; i++)
			change_row_remove(c, &spending_kind, merged.items[i]);
		change_commit(c);
	}
	vec_release(&j->days);
	vec_release(&j->merged);
	free(j);
}

/* The oldest of the org, so many, with what was joined before: those come first, being older. */
static void org_merge(struct work *w, const char *org_id, size_t most)
{
	const struct rowset *rows = &w->model->spendings;
	struct map owners = MAP_INIT;
	const char *owner;
	void *value;

	for (size_t i = 0; i < rows->len; i++) {
		const struct spending *s = rows->rows[i];

		if (strcmp(s->org_id, org_id) != 0 || !may_merge(w, s) ||
			(!s->several && most == 0))
			continue;
		most -= !s->several;
		join(&owners, s);
	}
	for (size_t at = 0; map_next(&owners, &at, &owner, &value);)
		joined_store(w, value, owner);
	map_release(&owners);
}

static void orgs_merge(struct work *w)
{
	const char *org;
	void *count;

	for (size_t at = 0; map_next(&w->spendings_of, &at, &org, &count);)
		if ((intptr_t)count > SPENDINGS_KEPT)
			org_merge(w, org, (size_t)(intptr_t)count - SPENDINGS_KEPT / 2);
	map_release(&w->spendings_of);
	w->spendings_of = (struct map)MAP_INIT;
}

/* ---- For who counts ---- */

bool spending_read(const void *row, struct usage_whose *of, struct spent_days *days)
{
	const struct spending *s = row;

	*of = (struct usage_whose){s->org_id, s->owner, s->uid, s->job_name};
	return spent_days_read(days, s->days, NULL);
}

void spendings_merged(struct work *w, struct map *out)
{
	const struct rowset *rows = &w->model->spendings;

	for (size_t i = 0; i < rows->len; i++) {
		const struct spending *s = rows->rows[i];

		for (size_t n = 0; n < s->merged.len; n++)
			map_set(out, s->merged.items[n], w);
	}
}

void spendings_row_stored(struct work *w, const struct kind *k, const void *row)
{
	if (k == &spending_kind)
		w->spendings_merged += ((const struct spending *)row)->merged.len > 0;
}

void spendings_row_gone(struct work *w, const struct kind *k)
{
	w->spendings_merged += k == &spending_kind;
}

/* ---- Now and then ---- */

static void on_tidy(uv_timer_t *timer)
{
	struct work *w = timer->data;
	const struct rowset *rows = &w->model->spendings;
	size_t i = rowset_after(rows, w->spendings_at);
	size_t end = i + TIDY_SLICE < rows->len ? i + TIDY_SLICE : rows->len;
	char *at = end < rows->len ? mem_strdup(record_uid(&spending_kind, rows->rows[end - 1]))
				   : NULL;

	if (w->closing) {
		free(at);
		return;
	}
	if (w->spendings_at == NULL) {
		w->spendings_new = 0;
		spendings_merged(w, &w->spendings_taken);
	}
	for (; i < end; i++) {
		const struct spending *s = rows->rows[i];
		intptr_t count = (intptr_t)map_get(&w->spendings_of, s->org_id);

		if (!s->several)
			map_set(&w->spendings_of, s->org_id, (void *)(count + 1));
		if (change_in_flight(w->model, &spending_kind, s->uid))
			continue;
		/* A crash came between. */
		if (map_get(&w->spendings_taken, s->uid))
			spending_remove(w, s);
		else
			spending_age(w, s);
	}
	free(w->spendings_at);
	w->spendings_at = at;
	if (at == NULL) {
		orgs_merge(w);
		map_release(&w->spendings_taken);
		w->spendings_taken = (struct map)MAP_INIT;
	}
	spendings_tidy_in(w, at ? 0 : TIDY_MS);
}

void spendings_release(struct work *w)
{
	map_release(&w->spendings_of);
	map_release(&w->spendings_taken);
	free(w->spendings_at);
	w->spendings_at = NULL;
}

void spendings_tidy_in(struct work *w, int64_t ms)
{
	if (w->closing)
		return;
	uv_timer_start(&w->timers->tidy, on_tidy, (uint64_t)ms, 0);
	/* Nobody waits for it: a daemon that has nothing else to do may end. */
	uv_unref((uv_handle_t *)&w->timers->tidy);
}
