/*
 * What plan() is asked: what runs and what waits, in its words. Loop thread only.
 */
#ifndef MLTOP_WORK_QUESTION_H
#define MLTOP_WORK_QUESTION_H

#include "work/work.h"

struct question {
	const struct plan_cluster *cluster; /* borrowed, and there before question_make */
	VEC(struct plan_gang) gangs;
	VEC(struct active *) actives; /* beside them */
	struct arena text;            /* what gangs point at */
	bool cut;                     /* not all that wait are in it */
};

/* `whole`: with all that wait; else of each org the first few. `now`: reconcile_now(). */
void question_make(struct work *w, struct question *q, bool whole, int64_t now);
/* One more, which need not be in any list. */
void question_add(struct work *w, struct question *q, struct active *a);
void question_release(struct question *q);
/* The org as it is now: its quota may have come or gone since. */
struct org_queue *org_now(struct work *w, struct org_queue *o);

#endif
