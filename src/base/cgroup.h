/*
 * Control groups of tasks, cgroup v1 and v2 by one table of file names (cgroup.c). A group is named
 * by its cgroup.procs files, as the spec of a task has them (base/taskfile.h), a NULL-ended list: of
 * v2 one, of v1 one for each tree, and on a hybrid system that of the v2 tree besides, which has no
 * controllers but cgroup.kill. Whoever reads a fact need not know which: every folder of the group is
 * asked for the name that v2 gives it, then for that of v1.
 *
 * The folders belong to root (or to whom the tree was delegated), so that a task that runs as another
 * user can neither leave its group nor raise its limits. Allocates nothing; any thread; blocks no
 * longer than the kernel takes for a file of cgroupfs, but cgroup_kill (some ms).
 *
 * Facts: the kernel's Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/.
 */
#ifndef MLTOP_BASE_CGROUP_H
#define MLTOP_BASE_CGROUP_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CGROUP_PATH_MAX = 1024 }; /* bytes of the path of any file here */
#define CGROUP_PROCS "cgroup.procs"

enum cgroup_fact {
	CGROUP_CPU_USED,     /* ns of processor time */
	CGROUP_MEMORY_USED,  /* bytes, cached files among them */
	CGROUP_MEMORY_CACHE, /* bytes of cached files that can be had back at once */
	CGROUP_MEMORY_PEAK,  /* bytes: the most of MEMORY_USED */
	CGROUP_OOM_KILLS,    /* processes that the kernel ended for want of memory */
	CGROUP_PIDS_REFUSED, /* times that a process more was refused */
	CGROUP_MEMORY_LIMIT, /* bytes; INT64_MAX: none */
	CGROUP_PIDS_LIMIT,   /* INT64_MAX: none */
	CGROUP_OOM_WHOLE,    /* 1: where memory is out all of the group is ended; v2 alone */
};
/* False: no folder of the group tells it. */
bool cgroup_read(const char *const *group, enum cgroup_fact fact, int64_t *value);

struct cgroup_limits {
	int64_t cpu;    /* thousandths of a processor; 0: no limit, here and below */
	int64_t memory; /* bytes, without swap beyond them */
	int64_t pids;   /* processes and threads */
};
/* Writes them. ERR_UNAVAILABLE: a file that a limit needs is not there or refuses the number. */
bool cgroup_limit(const char *const *group, const struct cgroup_limits *limits, struct err *e);

/* One folder, which all may look into; errno. */
bool cgroup_make_folder(const char *path);
/* Makes the folders; those that are there stay. */
bool cgroup_make(const char *const *group, struct err *e);
/* Moves the calling process, which must have this thread only, into it; errno. */
bool cgroup_join(const char *const *group);
/*
 * Ends every process in it at once, those too that made sessions of their own or are being forked:
 * cgroup.kill, else frozen, then killed and thawed. False: it can do neither, or is not there.
 */
bool cgroup_kill(const char *const *group);
/* Processes in it; -1: there is no such group. */
int cgroup_count(const char *const *group);
/* Removes the folders; false when one is still in use. One that is not there is removed. */
bool cgroup_remove(const char *const *group);
/* The folders above it as well, where nothing else is in them. */
void cgroup_remove_parents(const char *const *group);

#endif
