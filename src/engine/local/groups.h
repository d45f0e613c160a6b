/*
 * Where the control groups of this platform's tasks are made: below each base (one of v2; of v1 one
 * for each tree) a folder of the platform's own, in it one of each attempt. The daemon makes a group
 * and its limits before the shim starts, the task's child joins it, the shim removes it; what both
 * left behind is removed by who recovers the task, and at the next start.
 */
#ifndef MLTOP_ENGINE_LOCAL_GROUPS_H
#define MLTOP_ENGINE_LOCAL_GROUPS_H

#include "base/arena.h"
#include "base/cgroup.h"
#include "engine/local/settings.h"

enum { GROUPS_TREES = 6 };

struct local_groups {
	char *folders[GROUPS_TREES + 1]; /* the platform's own, NULL-ended; owned */
	bool v2;
};

/*
 * Finds the bases and tries a group there. `id` tells this platform from others of the machine.
 * False: limits cannot be held so, and the sentence says why.
 */
bool local_groups_open(struct local_groups *g, const char *root, const char *id, struct err *e);
/* Removes the platform's own folders where nothing is in them. */
void local_groups_close(struct local_groups *g);
/* The group of a task by its key, as a spec has it; texts in `a`. NULL-ended, and so when off. */
const char *const *local_group_of(const struct local_groups *g, const char *key, struct arena *a);
/* Makes it with its limits; what is there already is taken over. */
bool local_group_make(const struct local_groups *g, const char *const *group,
	const struct cgroup_limits *limits, struct err *e);
/* Ends what is in it and removes it. Blocks for up to 10 s where a process does not end. */
void local_group_end(const char *const *group);
/* Ends and removes those of attempts that have ended, or whose folder below `tasks_dir` is gone. */
void local_groups_sweep(const struct local_groups *g, const char *tasks_dir);

#endif
