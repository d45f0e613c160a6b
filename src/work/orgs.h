/* Orgs as work sees them: whose queue is held. Loop thread only. */
#ifndef MLTOP_WORK_ORGS_H
#define MLTOP_WORK_ORGS_H

#include "work/work.h"

/* Why nothing of that org may start now, a sentence; false: it may, `out` is "". */
bool orgs_held(struct work *w, const char *org_id, char out[PLAN_MESSAGE]);
bool orgs_are(const struct kind *k); /* rows of that kind are what this is about */

#endif
