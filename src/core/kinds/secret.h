/*
 * A secret of an org: a value that its jobs are given by name, and that nobody is ever told. It comes as
 * text or as base64, is sealed by the vault (store/store.h) with org and name bound in, and only the
 * sealed bytes are kept; how large it is, or whether two are alike, is nobody's to know either.
 */
#ifndef MLTOP_CORE_SECRET_H
#define MLTOP_CORE_SECRET_H

#include "core/kinds/secret_use.h"
#include "core/schema/schema.h"

struct secret {
	struct record record;
	const char *secret_name;
	const char *uid; /* ULID */
	const char *org_id, *org_name, *owner, *description;
	const char *value;  /* of a request only: as text */
	const char *data;   /* likewise: as base64 */
	const char *sealed; /* base64 of what store_seal made */
	struct when create_time, update_time, last_used;
};
extern const struct kind secret_kind;

/* Whoever made it, by any key of that name in its org, and admins; `secret`: a struct secret. 403 else. */
struct principal;
bool secret_may_manage(const struct principal *who, const void *secret, struct err *e);
/* Appends what is bound in where a value is sealed: it opens in no other org, and under no other name. */
void secret_bound(const char *org_id, const char *name, struct buf *out);

enum {
	SECRET_BYTES_MAX = 64 * 1024,        /* of a value */
	SECRETS_PER_ORG = 200,               /* as many */
	SECRETS_ORG_BYTES = 2 * 1024 * 1024, /* of all values of an org, sealed and as base64 */
};

#endif
