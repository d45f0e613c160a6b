/*
 * How many replicas a service that scales by itself wants: by the requests that are in flight, of which
 * each replica is to have `target`. More at once; fewer only when a minute did not need them; none where
 * that was asked for and nobody has asked for so long. A pure step over what is sampled each second.
 */
#ifndef MLTOP_CORE_SCALE_H
#define MLTOP_CORE_SCALE_H

#include <stdbool.h>
#include <stdint.h>

enum { SCALE_SLOTS = 12, SCALE_SLOT_MS = 5000 };

struct scale_terms {
	int64_t least, most; /* 0 <= least <= most, most at least 1 */
	double target;       /* requests in flight for each replica, above 0 */
	int64_t idle_stop;   /* ms without a request until none is wanted, where least is 0 */
};

struct scale_sample {
	int64_t in_flight;    /* those that wait for a replica included */
	int64_t last_request; /* monotonic ms */
	int64_t now;
};

/* All zero at the beginning. What it needs is forgotten with the daemon: a minute of calm is enough. */
struct scale {
	int64_t slot;                /* number of the newest, counted from the clock's beginning */
	double sum;                  /* of in_flight in it */
	int64_t samples;             /* in it */
	int64_t needed[SCALE_SLOTS]; /* replicas, in each; by number modulo */
	bool begun;
};

/* `count`: wanted until now. */
int64_t scale_step(struct scale *s, const struct scale_terms *terms, int64_t count,
	const struct scale_sample *now);

#endif
