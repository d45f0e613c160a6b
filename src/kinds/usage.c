/* What orgs spent, by day: counted when somebody asks, in turns of the loop, from the attempts. */
#include "kinds/usage.h"
#include "work/usage.h"

#include "base/mem.h"
#include "serve/steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	DAYS_USUAL = 30,  /* where nobody says since when */
	STEPS_JOB = 200,  /* to find one and its sum */
	STEPS_TRY = 40,   /* to add an attempt */
	STEPS_MADE = 300, /* to make a row */
	USAGE_UID = 256,
};

struct usage_list {
	struct request *r;
	struct usage_asked asked;
	bool csv;
	size_t looked;
	struct usage_count *count;
	const struct usage_group **groups; /* sorted, once all were counted */
	size_t group_count, made;
	struct rowset *rows;
};

static void usage_list_free(struct usage_list *l)
{
	usage_count_free(l->count);
	free(l->groups);
	if (l->rows)
		rowset_release(l->rows);
	free(l->rows);
	free(l);
}

/* ---- What is asked ---- */

static bool day_asked(struct request *r, const char *name, int64_t usual, int64_t *day,
	struct err *e)
{
	const char *text = request_query(r, name);

	*day = usual;
	if (text == NULL || *text == '\0' || day_read(text, day))
		return true;
	return err_field(e, ERR_INVALID, name,
		"%s is '%.40s': give a day (UTC), such as 2026-11-30", name, text);
}

static bool days_asked(struct request *r, struct usage_asked *asked, struct err *e)
{
	if (!day_asked(r, "to", day_of(r->now), &asked->last, e) ||
		!day_asked(r, "from", asked->last - (DAYS_USUAL - 1), &asked->first, e))
		return false;
	if (asked->first > asked->last)
		return err_field(e, ERR_INVALID, "from",
			"from is behind to: both are days, and both are counted");
	if (asked->last - asked->first >= SPENT_DAYS_MAX)
		return err_field(e, ERR_INVALID, "from", "from and to are more than %d days apart",
			SPENT_DAYS_MAX);
	return true;
}

static bool word_asked(struct request *r, const char *name, const char *const *words, unsigned *out,
	struct err *e)
{
	const char *text = request_query(r, name);
	struct buf known = BUF_INIT;

	*out = 0;
	if (text == NULL || *text == '\0')
		return true;
	while (words[*out] && strcmp(words[*out], text) != 0)
		(*out)++;
	if (words[*out])
		return true;
	for (unsigned i = 0; words[i]; i++)
		buf_addf(&known, "%s%s", i ? " or " : "", words[i]);
	err_field(e, ERR_INVALID, name, "%s is '%.40s': give %s", name, text, known.data);
	buf_release(&known);
	return false;
}

/* ?format= goes before what the client says that it takes. */
static bool format_asked(struct request *r, bool *csv, struct err *e)
{
	static const char *const words[] = {"json", "csv", NULL};
	const char *given = request_query(r, "format");
	unsigned word;

	if (!word_asked(r, "format", words, &word, e))
		return false;
	*csv = word == 1;
	if ((given == NULL || *given == '\0') && r->accept)
		*csv = strcasestr(r->accept, "text/csv") &&
			!strcasestr(r->accept, "application/json");
	return true;
}

/* ---- Rows ---- */

static int by_day(const void *a, const void *b)
{
	const struct usage_group *const *x = a, *const *y = b;
	int order = ((*x)->day > (*y)->day) - ((*x)->day < (*y)->day);

	if (order == 0)
		order = strcmp((*x)->org_id, (*y)->org_id);
	if (order == 0)
		order = strcmp((*x)->owner, (*y)->owner);
	return order ? order : strcmp((*x)->job_uid, (*y)->job_uid);
}

static void groups_sort(struct usage_list *l)
{
	size_t at = 0;

	l->groups = mem_alloc((usage_count_groups(l->count) + 1) * sizeof *l->groups);
	while (usage_count_group(l->count, &at, &l->groups[l->group_count]))
		l->group_count++;
	qsort(l->groups, l->group_count, sizeof *l->groups, by_day);
	l->rows = mem_alloc(sizeof *l->rows);
	rowset_init(l->rows, &usage_kind);
	l->rows->by_order = true;
}

static void whose_put(struct usage_list *l, const struct usage_group *g, struct usage *u,
	char uid[USAGE_UID])
{
	snprintf(uid, USAGE_UID, "%s/%s", u->day, g->org_id);
	usage_set(u, org_id, g->org_id);
	usage_set(u, org_name, usage_org_name(l->r, g->org_id));
	if (l->asked.by != USAGE_BY_ORG) {
		snprintf(uid, USAGE_UID, "%s/%s/%s", u->day, g->org_id, g->owner);
		usage_set(u, owner, g->owner);
	}
	if (l->asked.by == USAGE_BY_JOB) {
		snprintf(uid, USAGE_UID, "%s/%s/%s/%s", u->day, g->org_id, g->owner, g->job_uid);
		usage_set(u, job_uid, g->job_uid);
		usage_set(u, job_name, g->job_name);
	}
	usage_set(u, uid, uid);
}

static void row_make(struct usage_list *l, const struct usage_group *g)
{
	const struct kinds_settings *s = &l->r->platform->settings;
	const struct prices *p = &s->prices;
	char day[DAY_TEXT], uid[USAGE_UID];
	struct usage u = {0};

	day_text(g->day, day);
	usage_set(&u, day, day);
	whose_put(l, g, &u, uid);
	usage_set(&u, gpu_seconds, (struct micro){spent_gpu_seconds(&g->spent)});
	usage_set(&u, cpu_seconds, (struct micro){spent_cpu_seconds(&g->spent)});
	usage_set(&u, memory_gib_seconds, (struct micro){spent_gib_seconds(&g->spent)});
	usage_set(&u, attempts, g->spent.attempts);
	if (p->gpu_hour || p->cpu_hour || p->gib_hour) {
		usage_set(&u, cost, (struct micro){spent_cost(&g->spent, p)});
		usage_set(&u, currency, s->currency);
	}
	rowset_put(l->rows, &u, NULL);
}

/* ---- In turns ---- */

/* False: there is more to count, or `e` says why not. */
static bool counted(struct usage_list *l, struct err *e)
{
	while (usage_count_next(l->count, e)) {
		size_t looked = usage_count_looked(l->count);

		request_pay(l->r, STEPS_JOB + (int64_t)(looked - l->looked) * STEPS_TRY);
		l->looked = looked;
		if (request_turn_over(l->r))
			return false;
	}
	return e->code == ERR_NONE;
}

static bool rows_made(struct usage_list *l)
{
	while (l->made < l->group_count && !request_turn_over(l->r)) {
		row_make(l, l->groups[l->made++]);
		request_pay(l->r, STEPS_MADE);
	}
	return l->made == l->group_count;
}

static void usage_answer(struct usage_list *l)
{
	static const char *const columns[] = {
		[USAGE_BY_ORG] = "day,org,gpu_seconds,cpu_seconds,memory_gib_seconds,attempts,cost,"
				 "currency",
		[USAGE_BY_OWNER] = "day,org,owner,gpu_seconds,cpu_seconds,memory_gib_seconds,"
				   "attempts,cost,currency",
		[USAGE_BY_JOB] = "day,org,owner,job,job_uid,gpu_seconds,cpu_seconds,"
				 "memory_gib_seconds,attempts,cost,currency",
	};
	struct rowset *rows = l->rows;

	l->rows = NULL;
	list_made(l->r, rows, l->csv ? columns[l->asked.by] : NULL);
	usage_list_free(l);
}

static void usage_turn_came(void *ctx)
{
	struct usage_list *l = ctx;
	struct err e = ERR_INIT;

	if (l->r->gone)
		err_set(&e, ERR_UNAVAILABLE, "the client has gone");
	if (e.code == ERR_NONE && l->rows == NULL && counted(l, &e))
		groups_sort(l);
	if (e.code != ERR_NONE) {
		request_fail(l->r, &e);
		usage_list_free(l);
	} else if (l->rows && rows_made(l)) {
		usage_answer(l);
	} else {
		request_later(l->r, usage_turn_came, l);
	}
}

static void usage_list(struct request *r)
{
	int64_t wait = request_wait_ms(r);
	struct usage_list *l;
	struct usage_asked asked;
	struct err e = ERR_INIT;
	unsigned by;
	bool csv;

	if (wait > 0) {
		err_set(&e, ERR_BUSY,
			"usage was counted often for this access key within a short time: ask again in "
			"%lld s",
			(long long)(wait / 1000 + 1));
		request_fail_retry(r, &e, (int)(wait / 1000 + 1));
		return;
	}
	if (!days_asked(r, &asked, &e) || !word_asked(r, "by", usage_by_words, &by, &e) ||
		!format_asked(r, &csv, &e)) {
		request_fail(r, &e);
		return;
	}
	if (!usage_org(r, &asked.org_id))
		return;
	asked.by = (enum usage_by)by;
	l = mem_alloc(sizeof *l);
	*l = (struct usage_list){.r = r, .asked = asked, .csv = csv};
	l->count = usage_count_new(&r->platform->work, &asked);
	usage_turn_came(l);
}

static const struct route more[] = {
	{.method = METHOD_GET,
		.pattern = API "/usage",
		.least = ROLE_VIEWER,
		.handle = usage_list,
		.doc = "What was held by day (UTC), the sum over the attempts that ran on it, up to "
		       "now: ?from= ?to= (days, both counted; else the last 30) ?by=org, owner or job "
		       "?org= (name or id) or ?org_id= (an admin's without: of all) ?fields= ?filter= "
		       "?limit= ?continue=, in pages; with ?format=csv, or Accept: text/csv, as CSV "
		       "in one piece. More than 50,000 rows are refused (422)."},
	{.pattern = NULL},
};

const struct kind_handlers usage_handlers = {
	.kind = &usage_kind,
	.more = more,
};
