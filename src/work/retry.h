/* A train job's policy about attempts that ended: pure. */
#ifndef MLTOP_WORK_RETRY_H
#define MLTOP_WORK_RETRY_H

#include "core/kinds/job.h"

/* Run it again? Also the delay (ms) before the next attempt. */
bool retry_job(const struct job *j, enum job_reason why, int64_t attempts_done, int64_t *delay_ms);

#endif
