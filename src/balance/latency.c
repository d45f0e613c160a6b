#include "balance/latency.h"

#include <stddef.h>

/* Below eight each microsecond has a step of its own. */
static unsigned step_of(uint64_t us)
{
	unsigned top = us < 8 ? 0 : 63 - (unsigned)__builtin_clzll(us), step;

	if (us < 8)
		return (unsigned)us;
	step = (top - 2) * 8 + (unsigned)((us >> (top - 3)) & 7);
	return step < LATENCY_STEPS ? step : LATENCY_STEPS - 1;
}

/* The first microsecond that is beyond the step. */
static double end_of(unsigned step)
{
	if (step < 8)
		return step + 1;
	return (double)((8 + (uint64_t)(step & 7) + 1) << (step / 8 - 1));
}

void latency_add(struct latency *l, uint64_t microseconds)
{
	l->counts[step_of(microseconds)]++;
}

/* What came since; counters that went round are right as well. */
static uint32_t since(const struct latency *l, const struct latency *before, unsigned step)
{
	return l->counts[step] - (before != NULL ? before->counts[step] : 0);
}

double latency_quantile(const struct latency *l, const struct latency *before, double q)
{
	uint64_t all = 0, seen = 0;

	for (unsigned i = 0; i < LATENCY_STEPS; i++)
		all += since(l, before, i);
	if (all == 0)
		return -1;
	for (unsigned i = 0; i < LATENCY_STEPS; i++) {
		seen += since(l, before, i);
		if ((double)seen >= q * (double)all)
			return end_of(i) / 1000;
	}
	return end_of(LATENCY_STEPS - 1) / 1000;
}
