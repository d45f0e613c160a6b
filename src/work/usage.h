/*
 * What orgs spent, by day: the sum over the attempts of what there is, up to now where one runs, and
 * what removed ones left (core/kinds/spending.h). Nothing is counted along the way, so there is no
 * second number that could differ from the attempts. Loop thread only.
 *
 * An attempt counts from its start, as long as it ran by a clock that nobody sets. So what a past day
 * says does not change when the wall clock is set, nor when time goes on.
 */
#ifndef MLTOP_WORK_USAGE_H
#define MLTOP_WORK_USAGE_H

#include "core/kinds/usage.h"
#include "work/work.h"

enum { USAGE_GROUPS_MAX = 50000 }; /* days times whom they are told of: more are refused */

/* Whose attempts are told of. Texts are borrowed. */
struct usage_whose {
	const char *org_id, *owner, *job_uid, *job_name;
};

struct usage_asked {
	const char *org_id;  /* only of that one; NULL: of all */
	int64_t first, last; /* days, both included */
	enum usage_by by;
};
/* One row of the answer. Texts are good until it is freed. */
struct usage_group {
	int64_t day;
	const char *org_id, *owner, *job_uid; /* "" where rows are not told apart by that */
	const char *job_name;
	struct spent spent;
};

struct usage_count;
/* Copies what is asked. */
struct usage_count *usage_count_new(struct work *w, const struct usage_asked *asked);
void usage_count_free(struct usage_count *u);
/*
 * Looks at the attempts of the next job. Between two calls rows may come, change and go: each job is
 * counted once, as it is when its turn comes. False: all were looked at, or `e` says what is wrong
 * (ERR_UNPROCESSABLE: too many groups).
 */
bool usage_count_next(struct usage_count *u, struct err *e);
/* Tells all groups, in no order: start with *at = 0. */
bool usage_count_group(const struct usage_count *u, size_t *at, const struct usage_group **out);
size_t usage_count_groups(const struct usage_count *u);
/* Attempts that were looked at so far: what it has cost. */
size_t usage_count_looked(const struct usage_count *u);

#endif
