/*
 * What a job that was removed had spent: its attempts go with it, this stays, under the job's uid. It is
 * in the change that removes the job, behind the removal, which decides whether the change holds: where
 * one object lasts at a time the removed job carries it until it is stored, over a crash as well. Where
 * a job's row is gone its attempts do not count, and where both are there this is what counts.
 *
 * When an org has many, the oldest of each owner become one (`several`): it takes over the sums of
 * others and names them in `merged` until they are gone; who is named there does not count any more.
 */
#ifndef MLTOP_CORE_SPENDING_H
#define MLTOP_CORE_SPENDING_H

#include "core/schema/schema.h"

struct spending {
	struct record record;
	const char *uid; /* of the job */
	const char *org_id, *org_name, *owner;
	const char *job_name; /* "" of several */
	const char *days;     /* spent_days_write */
	bool several;
	struct strings merged; /* uids */
};
extern const struct kind spending_kind; /* stored, and in no route */

#define spending_set(s, member, value) record_set(spending, s, member, value)

#endif
