/* What the fields of a job must be together. Pure. */
#ifndef MLTOP_CORE_KINDS_JOB_CHECK_H
#define MLTOP_CORE_KINDS_JOB_CHECK_H

#include "base/err.h"

/* `record`: a struct job. False with the field and a sentence where it cannot be run as it is. */
bool job_check(const void *record, struct err *e);

#endif
