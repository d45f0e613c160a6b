/*
 * What a job that was removed had spent: its attempts go with it, this stays. It is stored before the
 * job goes, under the job's uid, and where both are there it is what counts: so a crash between the two
 * neither loses nor doubles anything, on a store that changes one object at a time as well.
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
