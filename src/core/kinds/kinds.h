/* The list of kinds, for whatever works on all of them: docs, CLI nouns, streams, sanity checks. */
#ifndef MLTOP_CORE_KINDS_H
#define MLTOP_CORE_KINDS_H

#include "core/kinds/key.h"
#include "core/schema/schema.h"

/* A line a kind: X_kind in core/kinds/X.c, X_handlers in kinds/X.c. */
/* clang-format off */
#define KINDS(X) \
	X(job)       \
	X(service)   \
	X(replica)   \
	X(task)      \
	X(quota)     \
	X(event)     \
	X(framework) \
	X(package)   \
	X(node)      \
	X(gpu)       \
	X(org)       \
	X(key)       \
	X(secret)    \
	X(usage)     \
	X(audit)
/* clang-format on */

extern const struct kind *const all_kinds[]; /* NULL-ended */
/* What is wanted of things that are looked up and not stored: stored, and read by who looks. NULL-ended. */
extern const struct kind *const wish_kinds[];

const struct kind *kinds_find(const char *name_or_plural);
/* Least role that may see what belongs to other orgs. */
enum role kind_others(const struct kind *k);
/* Whoever has that role sees all of it, whatever the org, and means all where no org is named. */
bool kind_of_all(const struct kind *k, enum role role);
/*
 * Every row of every kind: names unique, one key, enum words there, docs end with a period, widths,
 * tags without collision, standards and column lists that parse; actions with states, rows and roles
 * that exist, told apart by name, tail and key.
 */
bool kinds_check(struct err *e);
bool kind_check(const struct kind *k, struct err *e); /* one of them */

#endif
