/*
 * How long things took, as counts in steps of an eighth: of powers of two of microseconds, eight
 * steps each, up to an hour. Of two readings the owner makes what was between them. Pure.
 */
#ifndef MLTOP_BALANCE_LATENCY_H
#define MLTOP_BALANCE_LATENCY_H

#include <stdint.h>

enum { LATENCY_STEPS = 8 * 30 };

struct latency {
	uint32_t counts[LATENCY_STEPS];
};

void latency_add(struct latency *l, uint64_t microseconds);
/*
 * The time in ms that the share `q` (0 to 1) of what came since `before` (NULL: since ever) did not
 * pass; at most an eighth too large. Negative: nothing came.
 */
double latency_quantile(const struct latency *l, const struct latency *before, double q);

#endif
