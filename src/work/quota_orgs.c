/* What an org uses of what it may, what runs of it and waits, in its own row: for one look at all. */
#include "core/kinds/org.h"
#include "work/work.h"

#include <string.h>

bool shows_usage(const struct kind *k)
{
	return k == &quota_kind || k == &org_kind;
}

/* What there is in all; NO_BOUND: not counted. */
struct there {
	int64_t gpus, memory, cpu;
};

static struct there there_is(struct work *w)
{
	struct plan_cluster c = {.node_count = 0};
	struct there out = {0, 0, 0};

	if (w->engine)
		w->engine->ops->machine(w->engine, &c);
	for (size_t i = 0; i < c.node_count; i++) {
		out.gpus += (int64_t)c.nodes[i].gpu_count;
		out.cpu += c.nodes[i].cpu_total.v;
		if (c.nodes[i].memory_total.v > 0 && out.memory != NO_BOUND)
			out.memory += c.nodes[i].memory_total.v;
		else
			out.memory = NO_BOUND;
	}
	if (!c.packing_cpu)
		out.cpu = NO_BOUND;
	return c.node_count ? out : (struct there){NO_BOUND, NO_BOUND, NO_BOUND};
}

/* In percent, as the planner has it: of the limit, or of what there is where that is less. */
static int64_t share_of(int64_t used, int64_t limit, int64_t there)
{
	const double most = 1000000; /* a limit of a byte */
	double percent;

	if (limit == NO_BOUND || (there != NO_BOUND && there < limit))
		limit = there;
	if (limit == NO_BOUND || used <= 0)
		return 0;
	percent = limit > 0 ? 100.0 * (double)used / (double)limit : most;
	return (int64_t)(percent < most ? percent : most);
}

static int64_t greatest(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void org_fill(struct org *o, const struct quota *q, const struct there *there)
{
	record_set(org, o, gpu_used, q->total.gpu_used);
	record_set(org, o, gpu_bound, q->gpu_bound);
	record_set(org, o, cpu_used, q->total.cpu_used);
	record_set(org, o, cpu_bound, q->cpu_bound);
	record_set(org, o, memory_used, q->total.memory_used);
	record_set(org, o, memory_bound, q->memory_bound);
	record_set(org, o, jobs_used, q->train.count_used);
	record_set(org, o, jobs_bound, q->train.count_quota);
	record_set(org, o, running, q->total.count_used);
	record_set(org, o, share,
		greatest(share_of(q->total.gpu_used, q->gpu_bound, there->gpus),
			greatest(share_of(q->total.memory_used.v, q->memory_bound.v, there->memory),
				share_of(q->total.cpu_used.v, q->cpu_bound.v, there->cpu))));
}

void orgs_usage(struct work *w)
{
	struct there there = there_is(w);

	for (size_t i = 0; i < w->model->quotas.len; i++) {
		const struct quota *q = w->model->quotas.rows[i];
		const struct org_queue *queue = map_get(&w->queues, q->org_id);
		struct org *o = rowset_find(&w->model->orgs, q->org_id), before;

		if (o == NULL)
			continue;
		before = *o;
		org_fill(o, q, &there);
		record_set(org, o, waiting,
			queue ? (int64_t)(queue->waiting.len + queue->apart.len) : 0);
		if (memcmp(&before, o, sizeof before) != 0)
			model_show(w->model, &org_kind, o->org_id);
	}
}
