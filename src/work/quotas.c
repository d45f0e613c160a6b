/* Quotas: what workloads of an org may use, and what they do. */
#include "work/drains.h"
#include "work/orgs.h"
#include "work/work.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static struct amounts amounts_of(const struct quota_line *l)
{
	return (struct amounts){.v = {[DIM_GPUS] = l->gpu_quota,
					[DIM_MEMORY] = l->memory_quota.v,
					[DIM_CPU] = l->cpu_quota.v,
					[DIM_TASKS] = NO_BOUND,
					[DIM_JOBS] = l->count_quota}};
}

/* The parts of a quota, and (PART_COUNT) all together; of TensorBoards there is a number only. */
static const size_t lines[] = {
	[PART_TRAIN] = offsetof(struct quota, train),
	[PART_MODEL] = offsetof(struct quota, model),
	[PART_DEV] = offsetof(struct quota, dev),
	[PART_TENSORBOARD] = 0,
	[PART_COUNT] = offsetof(struct quota, total),
};

/* NULL: that part has none. */
static struct quota_line *line_of(const struct quota *q, enum quota_part part)
{
	return lines[part] ? (struct quota_line *)((char *)q + lines[part]) : NULL;
}

void limits_of(struct plan_limits *out, const struct quota *q)
{
	for (enum quota_part part = 0; part < PART_COUNT; part++) {
		const struct quota_line *l = line_of(q, part);

		for (int d = 0; d < DIM_COUNT; d++)
			out->parts[part].v[d] = NO_BOUND;
		if (l)
			out->parts[part] = amounts_of(l);
	}
	out->parts[PART_TENSORBOARD].v[DIM_JOBS] = q->tensorboard_quota;
	out->total = amounts_of(&q->total);
	out->total.v[DIM_JOBS] = NO_BOUND; /* it counts no objects */
}

bool work_limits(struct work *w, const char *org_id, struct plan_limits *out, const char **name)
{
	const struct quota *q = rowset_find(&w->model->quotas, org_id);

	if (q == NULL)
		return false;
	*name = q->org_name;
	limits_of(out, q);
	return true;
}

/* ---- What is used ---- */

/* All that jobs make of it: what is shown when it has changed. */
struct in_use {
	struct quota_line lines[PART_COUNT + 1];
	int64_t tensorboards;
};

static struct in_use in_use_of(const struct quota *q)
{
	struct in_use u = {.tensorboards = q->tensorboard_used};

	for (enum quota_part part = 0; part <= PART_COUNT; part++)
		if (line_of(q, part))
			u.lines[part] = *line_of(q, part);
	return u;
}

static void line_add(struct quota_line *line, const struct claim *c)
{
	line->cpu_used.v += (c->cpu > 0 ? c->cpu : CLAIM_UNSET_CPU) * c->tasks;
	line->memory_used.v += (c->memory > 0 ? c->memory : 0) * c->tasks;
	line->gpu_used += (c->gpus > 0 ? c->gpus : 0) * c->tasks;
	line->count_used++;
}

static void usage_add(struct quota *q, const struct active *a)
{
	enum quota_part part = a->policy->part;

	if (line_of(q, part))
		line_add(line_of(q, part), &a->claim);
	q->tensorboard_used += part == PART_TENSORBOARD;
	line_add(&q->total, &a->claim);
}

static void usage_clear(struct quota_line *line)
{
	line->cpu_used.v = line->memory_used.v = 0;
	line->gpu_used = line->count_used = 0;
}

static void usage_none(struct quota *q)
{
	for (enum quota_part part = 0; part <= PART_COUNT; part++)
		if (line_of(q, part))
			usage_clear(line_of(q, part));
	q->tensorboard_used = 0;
}

/* Texts of a row are the set's: what is new is put there as a row of its own. */
static void paused_put(struct work *w, size_t at, bool drained, const char *drained_why)
{
	struct quota *q = w->model->quotas.rows[at];
	char held[PLAN_MESSAGE];
	bool is_held = orgs_held(w, q->org_id, held);
	unsigned why = is_held ? REASON_QUEUE_HELD : drained ? REASON_NODES_DRAINED : REASON_NONE;
	const char *text = is_held ? held : drained_why;
	struct quota now = *q;

	if (record_has(quota, q, paused) && q->paused == why && q->paused_why &&
		strcmp(q->paused_why, text) == 0)
		return;
	record_set(quota, &now, paused, why);
	record_set(quota, &now, paused_why, text);
	model_row_put(w->model, &quota_kind, &now);
	model_show(w->model, &quota_kind, now.org_id);
}

static void paused_tell(struct work *w)
{
	char why[PLAN_MESSAGE];
	bool drained = drains_everything(w, why);

	for (size_t i = 0; i < w->model->quotas.len; i++)
		paused_put(w, i, drained, why);
}

void reconcile_usage(struct work *w)
{
	size_t count = w->model->quotas.len;
	struct in_use *before = mem_alloc((count + 1) * sizeof *before);

	for (size_t i = 0; i < count; i++) {
		struct quota *q = w->model->quotas.rows[i];

		before[i] = in_use_of(q);
		q->records_bytes_used.v = model_record_bytes(w->model, q->org_id);
		usage_none(q);
	}
	for (size_t i = 0; i < w->live.len; i++) {
		const struct active *a = w->live.items[i];
		struct quota *q = rowset_find(&w->model->quotas, a->work->org_id);

		if (q)
			usage_add(q, a);
	}
	for (size_t i = 0; i < count; i++) {
		struct quota *q = w->model->quotas.rows[i];
		struct in_use now = in_use_of(q);

		if (memcmp(&before[i], &now, sizeof now) == 0)
			continue;
		quota_kind.settle(q);
		model_show(w->model, &quota_kind, q->org_id);
	}
	free(before);
	paused_tell(w);
	orgs_usage(w);
}
