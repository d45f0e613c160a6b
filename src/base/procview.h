/*
 * What a task sees of the machine's processes. On a platform that several orgs share, their command
 * lines would be in everybody's ps.
 */
#ifndef MLTOP_BASE_PROCVIEW_H
#define MLTOP_BASE_PROCVIEW_H

#include <stdbool.h>

/*
 * This process, and what it starts, get a /proc of their own in which other users' processes are
 * hidden (proc(5), hidepid; Linux 5.8 keeps it apart from the machine's). For root; false: errno.
 * Calls only what may be called after fork(2).
 */
bool procview_hide(void);
enum procview {
	PROCVIEW_ALL,    /* a user sees everybody's processes, and we cannot change that */
	PROCVIEW_HIDDEN, /* the machine's own /proc hides them already */
	PROCVIEW_OURS,   /* procview_hide() does */
};
/* Which holds for the user `uid`: tried in children. For root; blocks for some milliseconds. */
enum procview procview_probe(unsigned uid);

#endif
