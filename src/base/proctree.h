/*
 * The processes of one task, found in /proc: those below its shim while that lives, and those that
 * carry its session or its marker when it does not. Never signals a bare pid: a process is named by
 * pid and start time and signalled through a pidfd.
 *
 * Facts from proc(5): /proc/PID/stat fields 3 state, 4 ppid, 5 pgrp, 6 session, 14-17 times in clock
 * ticks, 20 threads, 22 start time in ticks since boot, 24 resident pages. A pid is not given out again while a
 * session or group with that number has members.
 */
#ifndef MLTOP_BASE_PROCTREE_H
#define MLTOP_BASE_PROCTREE_H

#include "base/taskfile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct proctree_process {
	int pid, parent, group, session;
	char state;     /* R S D T t Z X I */
	bool marked;    /* belongs to what was asked for */
	uint64_t start; /* ticks since boot */
	uint64_t ticks; /* processor time, with that of children it waited for */
	int64_t rss;    /* bytes */
	char name[16];  /* comm: outside bytes */
};

/*
 * The list grows by mmap(2), which takes no lock and no heap, so that the shim may use it as well;
 * it keeps its memory from scan to scan.
 */
struct proctree {
	struct proctree_process *list; /* by rising pid */
	size_t count, max;
	bool partial; /* memory was refused: there are more */
};
#define PROCTREE_INIT             \
	{                         \
		NULL, 0, 0, false \
	}
void proctree_release(struct proctree *tree);

/* One process; false when it is gone. */
bool proctree_read(struct proctree_process *p, int pid);
/* All processes of the machine, however many; false when /proc cannot be read. */
bool proctree_scan(struct proctree *tree);
/* Marks the living descendants of `root` (not root itself); returns how many. Zombies do not count. */
size_t proctree_mark_below(struct proctree *tree, int root);
/*
 * Marks what belongs to a task whose shim is dead: members of the shim's session, processes with
 * TASK_MARKER=`marker` in their environment, and the descendants of both. Never marks the caller.
 * What cannot be found: a process that left the session and also wiped its environment.
 */
size_t proctree_mark_task(struct proctree *tree, const struct task_pid *pid, const char *marker);
/* Sends `signal` to all that are marked. */
void proctree_signal_marked(const struct proctree *tree, int signal);
/* False when that process is gone or may not be signalled. */
bool proctree_signal(int pid, uint64_t start, int signal);

struct proctree_usage {
	size_t count;
	int64_t rss; /* bytes: shared pages count once per process */
	int64_t cpu_ms;
};
struct proctree_usage proctree_usage_marked(const struct proctree *tree);
/*
 * Bytes resident, a page that several processes share counted once: /proc/PID/smaps_rollup, where
 * it may be read. The kernel walks the page tables for it, about 5 ms a gigabyte.
 */
int64_t proctree_memory_marked(const struct proctree *tree);
/*
 * The same for showing: exact now and then, at the cost of a hundredth of a processor, and between
 * two looks the sum of all times the share that the last look found. A process alone is taken as it
 * is. One meter a task.
 */
struct proctree_meter {
	double share; /* of the sum; 0: not looked yet */
	int64_t next; /* monotonic ms */
};
#define PROCTREE_METER_INIT \
	{                   \
		0, 0        \
	}
int64_t proctree_memory(struct proctree_meter *m, const struct proctree *tree,
	const struct proctree_usage *usage);
/* A small file of /proc, whole, NUL-ended; its length or 0 (and errno). */
size_t proctree_read_file(const char *path, char *out, size_t size);

/*
 * One pass over the machine: KILL to every process of the task. Returns how many were found alive
 * (0: none is left, or the record is of another boot), -1 when /proc cannot be read. What was just
 * killed takes a moment to go, so call again, say every 20 ms, until it returns 0. Any thread;
 * not for the shim.
 */
int proctree_kill_task(const struct task_pid *pid, const char *marker);

#endif
