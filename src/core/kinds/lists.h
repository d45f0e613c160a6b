/*
 * Lists that clients show and no platform knows as kinds: what was done (GET /audit, flattened) and
 * the files that a job has left (GET .../outputs).
 */
#ifndef MLTOP_CORE_LISTS_H
#define MLTOP_CORE_LISTS_H

#include "core/schema/schema.h"

struct audit {
	struct record record;
	const char *seq; /* decimal digits */
	const char *action, *object, *access_key, *key_name, *peer, *org_id, *detail;
	struct when time;
};
extern const struct kind audit_kind;

struct output {
	struct record record;
	const char *path, *link;
	struct bytes size;
	struct when mtime;
};
extern const struct kind output_kind;

#endif
