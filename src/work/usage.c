#include "work/spendings.h"
#include "work/usage_tasks.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Counting ---- */

struct group {
	struct usage_group group;
	char text[]; /* of org, owner, job's uid and name, each with its NUL */
};

struct usage_count {
	struct work *w;
	struct usage_asked asked;
	char *org_id;
	char at[ULID_SIZE + 8]; /* the job that was looked at last; "" none yet */
	struct map merged;      /* uids that others have taken over */
	uint64_t merges;        /* of work, when they were gathered */
	struct map groups;      /* key -> struct group */
	size_t looked;
	bool full;
};

struct usage_count *usage_count_new(struct work *w, const struct usage_asked *asked)
{
	struct usage_count *u = mem_alloc(sizeof *u);

	u->w = w;
	u->asked = *asked;
	u->org_id = asked->org_id ? mem_strdup(asked->org_id) : NULL;
	return u;
}

static void groups_clear(struct usage_count *u)
{
	const char *key;
	void *value;

	for (size_t at = 0; map_next(&u->groups, &at, &key, &value);)
		free(value);
	map_release(&u->groups);
	map_release(&u->merged);
	u->groups = u->merged = (struct map)MAP_INIT;
}

void usage_count_free(struct usage_count *u)
{
	if (u == NULL)
		return;
	groups_clear(u);
	free(u->org_id);
	free(u);
}

static const char *text_put(char **at, const char *text)
{
	size_t len = strlen(text) + 1;

	memcpy(*at, text, len);
	*at += len;
	return *at - len;
}

static struct group *group_new(int64_t day, const struct usage_whose *of)
{
	size_t len = strlen(of->org_id) + strlen(of->owner) + strlen(of->job_uid) +
		strlen(of->job_name) + 4;
	struct group *g = mem_alloc(sizeof *g + len);
	char *at = g->text;

	g->group = (struct usage_group){.day = day,
		.org_id = text_put(&at, of->org_id),
		.owner = text_put(&at, of->owner),
		.job_uid = text_put(&at, of->job_uid),
		.job_name = text_put(&at, of->job_name)};
	return g;
}

/* The sum that it goes into; NULL: there are too many. */
static struct spent *sum_of(struct usage_count *u, int64_t day, const struct usage_whose *whose)
{
	struct usage_whose of = {whose->org_id, "", "", ""};
	struct buf key = BUF_INIT;
	struct group *g;

	if (u->asked.by != USAGE_BY_ORG)
		of.owner = whose->owner;
	if (u->asked.by == USAGE_BY_JOB)
		of = *whose;
	/* No text of ours has a control character. */
	buf_addf(&key, "%" PRId64 "\n%s\n%s\n%s", day, of.org_id, of.owner, of.job_uid);
	g = map_get(&u->groups, key.data);
	if (g == NULL && u->groups.len < USAGE_GROUPS_MAX) {
		g = group_new(day, &of);
		map_set(&u->groups, key.data, g);
	}
	buf_release(&key);
	u->full = u->full || g == NULL;
	return g ? &g->group.spent : NULL;
}

static void span_count(struct usage_count *u, const struct span *s, const struct holding *h,
	const struct usage_whose *of)
{
	int64_t first, last;

	span_days(s, &first, &last);
	first = first > u->asked.first ? first : u->asked.first;
	last = last < u->asked.last ? last : u->asked.last;
	for (int64_t day = first; day <= last && !u->full; day++) {
		struct spent *sum = sum_of(u, day, of);

		if (sum)
			spent_on(sum, s, h, day);
	}
}

static bool org_wanted(const struct usage_count *u, const char *org_id)
{
	return u->org_id == NULL || strcmp(u->org_id, org_id) == 0;
}

static void days_count(struct usage_count *u, const struct spent_days *days,
	const struct usage_whose *of)
{
	for (size_t i = 0; i < days->len && !u->full; i++) {
		const struct spent_day *one = &days->items[i];
		struct spent *sum = NULL;

		if (one->day >= u->asked.first && one->day <= u->asked.last)
			sum = sum_of(u, one->day, of);
		if (sum)
			spent_add(sum, &one->spent);
	}
}

static void spending_count(struct usage_count *u, const void *row)
{
	struct spent_days days = {0};
	struct usage_whose of;

	if (map_get(&u->merged, record_uid(u->w->model->spendings.kind, row)))
		return;
	if (spending_read(row, &of, &days) && org_wanted(u, of.org_id))
		days_count(u, &days, &of);
	vec_release(&days);
}

static void attempt_count(void *ctx, const struct span *s, const struct holding *h,
	const struct usage_whose *of)
{
	struct usage_count *u = ctx;

	u->looked++;
	if (s)
		span_count(u, s, h, of);
}

/* Those whose sums others have taken over, and that are not gone yet. */
static void merged_gather(struct usage_count *u)
{
	u->merges = u->w->spendings_merged;
	spendings_merged(u->w, &u->merged);
}

/* The length of the uid of the job that row i is about, which its own begins with; 0: no such row. */
static size_t job_at(const struct rowset *rows, size_t i, const char **uid)
{
	if (i >= rows->len)
		return 0;
	*uid = record_uid(rows->kind, rows->rows[i]);
	return strcspn(*uid, "/");
}

/* The job that is next, of a row of either set; false: there is none. */
static bool next_take(struct usage_count *u, size_t i, size_t j, bool *removed)
{
	const char *task = "", *spending = "";
	size_t len = job_at(&u->w->model->tasks, i, &task), other;
	int order;

	other = job_at(&u->w->model->spendings, j, &spending);
	if (len == 0 && other == 0)
		return false;
	order = len == 0 ? 1 : other == 0 ? -1 : strncmp(task, spending, len);
	*removed = order >= 0;
	snprintf(u->at, sizeof u->at, "%.*s", (int)(order < 0 ? len : other),
		order < 0 ? task : spending);
	return true;
}

/*
 * Both sets stand in order of the jobs' uids, and are walked together. What a removed job leaves has its
 * uid: whether it is removed before its turn, or after it, it is counted once.
 */
bool usage_count_next(struct usage_count *u, struct err *e)
{
	struct model *m = u->w->model;
	char behind[sizeof u->at + 1];
	bool removed;
	size_t i, j;

	/* Sums moved from one to another: those behind us and those before us may both have them. */
	if (*u->at == '\0' || u->merges != u->w->spendings_merged) {
		groups_clear(u);
		merged_gather(u);
		*u->at = '\0';
	}
	/* '0' comes after '/': behind all tasks of that job. */
	snprintf(behind, sizeof behind, "%s%s", u->at, *u->at ? "0" : "");
	i = rowset_after(&m->tasks, *u->at ? behind : NULL);
	j = rowset_after(&m->spendings, *u->at ? u->at : NULL);
	if (!next_take(u, i, j, &removed))
		return false;
	if (removed)
		spending_count(u, m->spendings.rows[j]);
	else
		usage_tasks(u->w, i, u->org_id, attempt_count, u);
	if (u->full)
		err_set(e, ERR_UNPROCESSABLE,
			"usage has more than %d rows for that: ask for fewer days (from, to), for one "
			"org, or by org",
			USAGE_GROUPS_MAX);
	return !u->full;
}

bool usage_count_group(const struct usage_count *u, size_t *at, const struct usage_group **out)
{
	const char *key;
	void *value;

	if (!map_next(&u->groups, at, &key, &value))
		return false;
	*out = &((const struct group *)value)->group;
	return true;
}

size_t usage_count_groups(const struct usage_count *u)
{
	return u->groups.len;
}

size_t usage_count_looked(const struct usage_count *u)
{
	return u->looked;
}
