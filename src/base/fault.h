/*
 * Named crash points of the fault tests: MLTOPD_CRASH=<point> kills the daemon there, <point>:N at
 * the Nth time, <point>:N:MS so much later. Points: before-commit, after-commit, before-checkpoint
 * (these three in the store's thread), before-start, after-start, before-ended-commit. Always
 * compiled in: whoever sets the daemon's environment may kill it anyway. Any thread.
 */
#ifndef MLTOP_BASE_FAULT_H
#define MLTOP_BASE_FAULT_H

void fault_point(const char *point);

#endif
