/* What was asked for and done, by whom: a record of the chain that the store keeps. */
#ifndef MLTOP_CORE_AUDIT_H
#define MLTOP_CORE_AUDIT_H

#include "core/schema/schema.h"

struct audit {
	struct record record;
	const char *seq; /* decimal digits */
	const char *action, *object, *access_key, *key_name, *peer, *org_id, *by_org, *detail;
	struct when time;
};
extern const struct kind audit_kind;

#endif
