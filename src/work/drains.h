/*
 * Nodes that somebody has drained: what the store says of them, in the words of the planner and of who
 * starts. Loop thread only.
 */
#ifndef MLTOP_WORK_DRAINS_H
#define MLTOP_WORK_DRAINS_H

#include "work/work.h"

/* Into the description of a machine: why nothing may start on which of its nodes. Texts are in `text`. */
void drains_tell(struct work *w, struct plan_node *nodes, size_t count, struct arena *text);
/* May nothing start there? As the store has it: what is on its way there does not hold yet. */
bool drains_hold(struct work *w, const char *node);
/* Is what runs there to be stopped as well? */
bool drains_evict(struct work *w, const char *node);
/* Is every node drained? Why the first one is, a sentence; else false, and `out` is "". */
bool drains_everything(struct work *w, char out[PLAN_MESSAGE]);
bool drains_are(const struct kind *k); /* rows of that kind are what this is about */

#endif
