/*
 * How old something is for certain, where the wall clock may be set at any moment. Pure: both clocks
 * come as arguments, in ms. What is removed by age is asked about here.
 */
#ifndef MLTOP_WORK_AGES_H
#define MLTOP_WORK_AGES_H

#include <stdbool.h>
#include <stdint.h>

enum {
	AGES_STEP_MS = 30 * 1000, /* the clocks parted by more: somebody set one, or it slept */
	AGES_QUIET_MS = 10 * 60 * 1000, /* nothing is old so long after that */
};

struct ages {
	int64_t began_wall, began_mono; /* of this daemon */
	int64_t apart;                  /* wall - mono, as last seen */
	int64_t stepped;                /* mono, when that changed; 0: never */
};

void ages_init(struct ages *a, int64_t wall, int64_t mono);
/* To be called before every look. Ms by which the clock was set since the last call; 0: it was not. */
int64_t ages_look(struct ages *a, int64_t wall, int64_t mono);
/*
 * Since `since` (wall ms) more than `keep` ms have passed. What happened under this daemon is no
 * older than the daemon, whatever the wall says.
 */
bool ages_older(const struct ages *a, int64_t since, int64_t keep, int64_t wall, int64_t mono);

#endif
