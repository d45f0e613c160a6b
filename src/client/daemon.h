/*
 * Starting mltopd apart from this process: of its own session, not our child, no descriptor of ours
 * in it. Blocks until it says where it listens.
 */
#ifndef MLTOP_CLIENT_DAEMON_H
#define MLTOP_CLIENT_DAEMON_H

#include "base/err.h"

#include <stdbool.h>

enum {
	DAEMON_READY_MS = 15 * 1000,
	DAEMON_DIE_FD = 3,        /* where `keep` is in the daemon */
	DAEMON_LOG_MAX = 4 << 20, /* bytes; a longer mltopd.log is begun anew */
};

/*
 * Runs program (its argv, NULL-ended) with standard error appended to `log_path`, until its first
 * line on standard output is "mltopd: listening on URL". `keep` >= 0: a descriptor that the daemon
 * gets as DAEMON_DIE_FD. False: what it said instead, or that it said nothing in time.
 */
bool daemon_start(const char *program, char *const *argv, const char *log_path, int keep,
	struct err *e);

#endif
