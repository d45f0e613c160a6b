/*
 * A package that somebody uploaded: announced with its size and hash, sent in parts, complete when
 * the hash of the whole is right.
 */
#ifndef MLTOP_CORE_PACKAGE_H
#define MLTOP_CORE_PACKAGE_H

#include "core/schema/schema.h"

enum { PACKAGE_NAME_MAX = 128 };

struct package {
	struct record record;
	const char *id;  /* ULID */
	const char *uri; /* "package://<id>": what a job gives as trainer_uri */
	const char *name, *sha256, *org_id;
	struct bytes size, received;
	bool complete;
	struct when create_time;
};
extern const struct kind package_kind;

const char *package_uri(struct arena *a, const char *id);

#endif
