/* What the rows of tasks tell of attempts. For the files of work that count them. */
#ifndef MLTOP_WORK_USAGE_TASKS_H
#define MLTOP_WORK_USAGE_TASKS_H

#include "work/usage.h"

/* As far as its row, and what is known here of one that runs, say; false: it has not begun. */
bool usage_span(struct work *w, const struct task *t, struct span *out);
/* What it holds; where its row is from an older program that did not say so, what its owner asks for. */
struct holding usage_held(struct work *w, const struct task *t, const struct kind *k,
	const struct workload *row);

/* `s` NULL: it has not begun. */
typedef void (*attempt_told)(void *ctx, const struct span *s, const struct holding *h,
	const struct usage_whose *of);
/* All attempts of the job whose first row is number i of the tasks; `org_id` NULL: of whichever org. */
void usage_tasks(struct work *w, size_t i, const char *org_id, attempt_told told, void *ctx);

#endif
