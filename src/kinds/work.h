/*
 * What is alike of all objects that run: handlers of the routes below one, which table.c gives to
 * each kind that runs, and of the actions that a kind may name in its table.
 */
#ifndef MLTOP_KINDS_WORK_H
#define MLTOP_KINDS_WORK_H

#include "kinds/kinds.h"

/* `object`: its row, as committed. */
void workload_cancel(struct request *r, const void *object);
void workload_delete(struct request *r, const void *object);
void workload_retry(struct request *r, const void *object);
void workload_hold(struct request *r, const void *object);
void workload_release(struct request *r, const void *object);

void workload_tasks(struct request *r);
void workload_logs(struct request *r);    /* work_log.c */
void workload_outputs(struct request *r); /* work_outputs.c */
void workload_samples(struct request *r); /* work_samples.c */
void workload_scalars(struct request *r); /* work_scalars.c */

#endif
