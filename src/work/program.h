/* What a task of an object runs, in the engine's words: a function for each kind that has tasks. */
#ifndef MLTOP_WORK_PROGRAM_H
#define MLTOP_WORK_PROGRAM_H

#include "core/kinds/job.h"
#include "engine/engine.h"

/* Borrows the job's texts. */
void program_of_job(struct task_program *out, const struct job *j);

#endif
