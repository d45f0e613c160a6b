#include "work/foresee.h"

#include "core/schema/ftype.h"
#include "work/question.h"

#include <stdlib.h>
#include <string.h>

/* ---- Records ---- */

#define USES_PUT(out, member, v, text)                                                   \
	(forecast_uses(&(out)->member, (struct mcpu){(v)[DIM_CPU]},                      \
		 (struct bytes){(v)[DIM_MEMORY]}, (v)[DIM_GPUS], (v)[DIM_JOBS], (text)), \
		record_know(&forecast_kind, (out), offsetof(struct forecast, member)))

/* As rows of uses and of a quota have them. */
static const char *const dim_names[] = {
	[DIM_GPUS] = "gpu", [DIM_MEMORY] = "memory", [DIM_CPU] = "cpu", [DIM_JOBS] = "count"};

/* As the quota's own cells: "12G", "0.5". */
static const char *amount_text(enum dim d, int64_t n, struct arena *text)
{
	const struct field *f = kind_field(&uses_kind, dim_names[d]);
	struct buf cell = BUF_INIT;
	const char *out;

	f->type->cell(f, &n, 0, &cell);
	out = arena_strdup(text, cell.data);
	buf_release(&cell);
	return out;
}

/* A line of a quota in one dimension: the row that bounds it, and what of it. */
struct line {
	enum quota_part part;
	enum dim dim;
	int64_t limit, used;
};

static const char *line_name(const struct line *l, struct arena *text)
{
	static const char *const parts[] = {[PART_TRAIN] = "train",
		[PART_MODEL] = "model",
		[PART_DEV] = "dev",
		[PART_COUNT] = "total"};
	struct buf name = BUF_INIT;
	const char *out;

	if (l->part == PART_TENSORBOARD)
		return "tensorboard_quota";
	buf_addf(&name, "%s_%s_quota", parts[l->part], dim_names[l->dim]);
	out = arena_strdup(text, name.data);
	buf_release(&name);
	return out;
}

struct over_list {
	struct overrun *items;
	size_t len;
	struct arena *text;
};

static void over_add(struct over_list *o, const struct line *l, const char *kind, const char *name,
	int64_t used)
{
	struct overrun *one = &o->items[o->len];

	if (o->len == FORECAST_OVER_MAX)
		return;
	o->len++;
	record_set(overrun, one, kind, kind);
	record_set(overrun, one, name, arena_strdup(o->text, name ? name : ""));
	record_set(overrun, one, line, line_name(l, o->text));
	record_set(overrun, one, used, amount_text(l->dim, used, o->text));
	record_set(overrun, one, limit, amount_text(l->dim, l->limit, o->text));
}

static void over_start(struct over_list *o, struct arena *text)
{
	*o = (struct over_list){.text = text};
	o->items = arena_alloc(text, FORECAST_OVER_MAX * sizeof *o->items);
}

static void over_put(struct forecast *out, const struct over_list *o)
{
	record_set(forecast, out, over, ((struct records){o->items, o->len}));
}

/* Lines of what jobs take, one after the other: start with *at = 0. */
static bool next_line(size_t *at, struct line *out)
{
	static const enum dim dims[] = {DIM_GPUS, DIM_MEMORY, DIM_CPU, DIM_JOBS};
	size_t part = *at / ARRAY_SIZE(dims);

	if (part > PART_COUNT)
		return false;
	*out = (struct line){.part = (enum quota_part)part, .dim = dims[*at % ARRAY_SIZE(dims)]};
	++*at;
	return true;
}

static int64_t limit_of(const struct plan_limits *most, const struct line *l)
{
	return l->part == PART_COUNT ? most->total.v[l->dim] : most->parts[l->part].v[l->dim];
}

/* ---- A workload ---- */

static void over_of_gang(struct over_list *o, const struct question *q, const struct plan_input *in,
	const struct plan_forecast *f)
{
	const struct plan_gang *g = &q->gangs.items[q->gangs.len - 1];
	struct line l;

	for (size_t at = 0; g->org->limits && next_line(&at, &l);) {
		struct amounts used;
		int64_t more = f->use[l.dim].after - f->use[l.dim].used;

		if (l.part != PART_COUNT && l.part != g->part)
			continue;
		plan_used(&used, in, g->org, l.part);
		l.limit = limit_of(g->org->limits, &l);
		l.used = used.v[l.dim] + more;
		if (l.limit >= 0 && more > 0 && l.used > l.limit)
			over_add(o, &l, "org", g->org->name, l.used);
	}
}

static void forecast_fill(struct forecast *out, const struct plan_forecast *f, struct arena *text)
{
	int64_t used[DIM_COUNT], limit[DIM_COUNT], after[DIM_COUNT];

	for (int d = 0; d < DIM_COUNT; d++) {
		used[d] = f->use[d].used;
		limit[d] = f->use[d].limit;
		after[d] = f->use[d].after;
	}
	record_set(forecast, out, starts_now, f->starts);
	record_set(forecast, out, behind, (int64_t)f->behind);
	record_set(forecast, out, reason, f->reason);
	record_set(forecast, out, message, arena_strdup(text, f->message));
	USES_PUT(out, used, used, text);
	USES_PUT(out, limit, limit, text);
	USES_PUT(out, after, after, text);
	USES_PUT(out, limit_after, limit, text);
}

void work_foresee(struct work *w, const struct kind *k, const void *row, struct forecast *out,
	struct arena *text)
{
	const struct workload *new = row;
	struct active a = {.w = w,
		.policy = w->told.policy(w->told.ctx, k),
		.kind = k,
		.work = (struct workload *)new,
		.order = w->next_order,
		.priority = new->priority,
		.queue = queue_of(w, new->org_id),
		.since = reconcile_now()};
	struct machine_view machine;
	struct question q = {.cluster = &machine.cluster};
	struct plan_forecast f;
	struct over_list over;

	memset(out, 0, sizeof *out);
	a.policy->claim(&a.claim, row);
	reconcile_machine(w, &machine);
	question_make(w, &q, true, a.since);
	question_add(w, &q, &a);
	struct plan_input in = {q.cluster, q.gangs.items, q.gangs.len, a.since,
		model_now() - a.since, 0};

	plan_foresee(&f, &in, q.gangs.len - 1);
	forecast_fill(out, &f, text);
	over_start(&over, text);
	over_of_gang(&over, &q, &in, &f);
	over_put(out, &over);
	question_release(&q);
	machine_view_release(&machine);
}

/* ---- A quota ---- */

static int youngest_first(const void *a, const void *b)
{
	const struct active *x = *(const struct active *const *)a;
	const struct active *y = *(const struct active *const *)b;

	return (x->order < y->order) - (x->order > y->order);
}

static int64_t takes(const struct active *a, enum dim d)
{
	const struct claim *c = &a->claim;
	int64_t each = d == DIM_GPUS ? c->gpus
		: d == DIM_MEMORY    ? c->memory
		: d == DIM_CPU       ? c->cpu > 0 ? c->cpu : CLAIM_UNSET_CPU
				     : 0;

	return d == DIM_JOBS ? 1 : each > 0 ? each * c->tasks : 0;
}

/* The youngest of what runs on a line, as many as are beyond it. */
static void over_objects(struct over_list *o, struct work *w, const struct line *l,
	const struct org_queue *org)
{
	const struct active **all = mem_alloc((w->live.len + 1) * sizeof *all);
	int64_t beyond = l->used - l->limit;
	size_t count = 0;

	for (size_t i = 0; i < w->live.len; i++) {
		const struct active *a = w->live.items[i];

		if (a->queue == org && (l->part == PART_COUNT || l->part == a->policy->part) &&
			takes(a, l->dim) > 0)
			all[count++] = a;
	}
	qsort(all, count, sizeof *all, youngest_first);
	for (size_t i = 0; i < count && beyond > 0; i++) {
		beyond -= takes(all[i], l->dim);
		over_add(o, l, all[i]->kind->name, record_key(all[i]->kind, all[i]->work),
			takes(all[i], l->dim));
	}
	free(all);
}

static void over_of_quota(struct over_list *o, struct work *w, const struct plan_input *in,
	const struct org_queue *org)
{
	struct line l;

	for (size_t at = 0; next_line(&at, &l);) {
		struct amounts used;

		plan_used(&used, in, &org->org, l.part);
		l.limit = limit_of(&org->limits, &l);
		l.used = used.v[l.dim];
		if (l.limit < 0 || l.used <= l.limit)
			continue;
		over_add(o, &l, "org", org->org.name, l.used);
		over_objects(o, w, &l, org);
	}
}

/* Which of the org start then, and how many wait for its quota. */
static void foresee_starts(struct forecast *out, const struct plan_input *in,
	const struct plan_org *org, struct arena *text)
{
	const char **names = arena_alloc(text, FORECAST_STARTING * sizeof *names);
	struct plan p;
	int64_t starts = 0, waits = 0;

	plan_make(&p, in);
	for (size_t i = 0; i < in->gang_count; i++)
		waits += in->gangs[i].org == org && !in->gangs[i].live && !in->gangs[i].cancel &&
			in->gangs[i].reason == REASON_QUOTA;
	for (size_t i = 0; i < p.count; i++) {
		const struct plan_action *a = &p.actions[i];
		const struct plan_gang *g = &in->gangs[a->gang];

		if (g->org != org || g->live || g->cancel)
			continue;
		if (a->verb == PLAN_START && starts++ < FORECAST_STARTING)
			names[starts - 1] = arena_strdup(text, g->name);
		waits -= g->reason == REASON_QUOTA;
		waits += a->verb == PLAN_WAIT && a->reason == REASON_QUOTA;
	}
	record_set(forecast, out, starts_now, starts > 0);
	record_set(forecast, out, starts, starts);
	record_set(forecast, out, starting,
		((struct strings){names,
			(size_t)(starts < FORECAST_STARTING ? starts : FORECAST_STARTING)}));
	record_set(forecast, out, behind, waits);
	plan_release(&p);
}

void work_foresee_limits(struct work *w, const char *org_id, const struct plan_limits *then,
	struct forecast *out, struct arena *text)
{
	struct org_queue *org = queue_of(w, org_id);
	int64_t now = reconcile_now();
	struct machine_view machine;
	struct question q = {.cluster = &machine.cluster};
	struct over_list over;

	memset(out, 0, sizeof *out);
	reconcile_machine(w, &machine);
	question_make(w, &q, true, now);
	org_now(w, org);
	org->limits = *then;
	org->turn = 0; /* the limits are not those of the org: looked up anew in the next turn */
	struct plan_input in = {q.cluster, q.gangs.items, q.gangs.len, now, model_now() - now, 0};

	foresee_starts(out, &in, &org->org, text);
	over_start(&over, text);
	over_of_quota(&over, w, &in, org);
	over_put(out, &over);
	question_release(&q);
	machine_view_release(&machine);
}
