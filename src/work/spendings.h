/* What removed jobs had spent (core/kinds/spending.h): kept, joined, forgotten. Loop thread only. */
#ifndef MLTOP_WORK_SPENDINGS_H
#define MLTOP_WORK_SPENDINGS_H

#include "work/usage.h"

enum {
	SPENDINGS_KEPT = 1000, /* removed jobs of an org that are told one by one */
	SPENDINGS_LOOK = 256,  /* more removed ones: looked whether there are too many */
};

/*
 * Queues the removal of its row, which decides whether the change holds, and behind it what it spent,
 * which stays: where one object lasts at a time the removal carries that until it is stored as well.
 */
void workload_row_remove(struct work *w, struct change *c, const struct kind *k,
	const struct workload *row);
/*
 * After so many ms, and then each hour: what is older than settings.usage_keep goes, and where an org
 * has many, the oldest become one.
 */
void spendings_tidy_in(struct work *w, int64_t ms);
void spendings_release(struct work *w);

/* Whose a row is, and what it says; false: it cannot be read. `days` is zeroed. */
bool spending_read(const void *row, struct usage_whose *of, struct spent_days *days);
/* Uids that others have taken over, whether they are gone yet or not: keys of `out`. */
void spendings_merged(struct work *w, struct map *out);
/* What the model tells (rows.c). */
void spendings_row_stored(struct work *w, const struct kind *k, const void *row);
void spendings_row_gone(struct work *w, const struct kind *k);

#endif
