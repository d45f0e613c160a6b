/* What would happen to a gang, told by the plan that is made with it. */
#include "core/plan/plan.h"
#include "core/plan/plan_parts.h"

#include <stdio.h>

void plan_used(struct amounts *out, const struct plan_input *in, const struct plan_org *org,
	enum quota_part part)
{
	*out = (struct amounts){0};
	for (size_t i = 0; i < in->gang_count; i++) {
		const struct plan_gang *g = &in->gangs[i];
		struct amounts need;

		if (!g->live || g->org != org || (part != PART_COUNT && g->part != part))
			continue;
		need_of(&need, g);
		for (int d = 0; d < DIM_COUNT; d++)
			out->v[d] += need.v[d];
	}
}

/* Has the second of two lines less left than the first? */
static bool has_less(int64_t limit, int64_t used, int64_t limit2, int64_t used2)
{
	if (limit2 < 0)
		return false;
	return limit < 0 || limit2 - used2 < limit - used;
}

static void foresee_use(struct plan_forecast *out, const struct plan_input *in,
	const struct plan_gang *g)
{
	struct amounts part, all, need;
	const struct plan_limits *most = g->org ? g->org->limits : NULL;

	plan_used(&part, in, g->org, g->part);
	plan_used(&all, in, g->org, PART_COUNT);
	need_of(&need, g);
	for (int d = 0; d < DIM_COUNT; d++) {
		struct plan_use *u = &out->use[d];
		int64_t own = most ? most->parts[g->part].v[d] : NO_BOUND;
		int64_t total = most ? most->total.v[d] : NO_BOUND;
		bool by_total = has_less(own, part.v[d], total, all.v[d]);

		u->used = by_total ? all.v[d] : part.v[d];
		u->limit = by_total ? total : own < 0 ? NO_BOUND : own;
		u->after = u->used + need.v[d];
	}
}

void plan_foresee(struct plan_forecast *out, const struct plan_input *in, size_t gang)
{
	struct plan_input asked = *in;
	struct plan p;

	*out = (struct plan_forecast){.reason = in->gangs[gang].reason};
	asked.asked = gang + 1;
	plan_make(&p, &asked);
	for (size_t i = 0; i < p.count; i++) {
		const struct plan_action *a = &p.actions[i];

		if (a->gang != gang)
			continue;
		out->starts = a->verb == PLAN_START;
		out->reason = a->reason;
		snprintf(out->message, sizeof out->message, "%s", a->message);
	}
	out->behind = out->starts ? 0 : p.behind;
	foresee_use(out, in, &in->gangs[gang]);
	plan_release(&p);
}
