/*
 * What would become of a workload that is asked for, or of those of an org when its quota is another:
 * by the plan that would be made. Nothing is changed. Loop thread only.
 */
#ifndef MLTOP_WORK_FORESEE_H
#define MLTOP_WORK_FORESEE_H

#include "core/kinds/forecast.h"
#include "work/work.h"

/* `row`: of a kind that runs, checked, not stored. Texts and records of `out` lie in `text`. */
void work_foresee(struct work *w, const struct kind *k, const void *row, struct forecast *out,
	struct arena *text);
/* Were these the limits of an org that has some; what is used of what is left to the caller. */
void work_foresee_limits(struct work *w, const char *org_id, const struct plan_limits *then,
	struct forecast *out, struct arena *text);

#endif
