/*
 * What an object's tasks are in the words of plan and engine: functions for each kind that has
 * tasks. What they fill in borrows the texts of the row.
 */
#ifndef MLTOP_WORK_PROGRAM_H
#define MLTOP_WORK_PROGRAM_H

#include "core/kinds/job.h"
#include "core/kinds/quota.h"
#include "core/plan/plan.h"
#include "engine/engine.h"

void program_of_job(struct task_program *out, const struct job *j);
/* What all its tasks claim: they are alike, so it is one claim. */
void claim_of_job(struct claim *out, const struct job *j);
/* What the job is to the planner; how it stands is left to the caller. `claim` must live as long. */
void gang_of_job(struct plan_gang *out, const struct claim *claim, const struct job *j);
/* What train jobs of an org may use. */
void limits_of_quota(struct plan_limits *out, const struct quota *q);

#endif
