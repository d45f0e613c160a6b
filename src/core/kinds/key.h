/* An access key of an org. The secret is F_SECRET: no generic code ever encodes or stores it. */
#ifndef MLTOP_CORE_KEY_H
#define MLTOP_CORE_KEY_H

#include "core/schema/schema.h"

enum role { ROLE_VIEWER, ROLE_OPERATOR, ROLE_QUOTA_ADMIN, ROLE_ADMIN };
extern const char *const role_words[]; /* viewer operator quota-admin admin */

struct key {
	struct record record;
	const char *access_key; /* 20 characters [A-Z0-9] */
	const char *secret_key; /* 43 characters of base64url: 256 bits */
	const char *name, *org_id, *org_name, *made_by, *last_from;
	unsigned role;
	bool disabled, read_only;
	struct when create_time, not_after, last_used;
};
extern const struct kind key_kind;

/* Who asks, by the key that was shown; the texts belong to who made it. */
struct principal {
	const char *access_key, *key_name, *org_id, *org_name;
	enum role role;
	bool read_only;
};

/* Taken at `now` (wall ms): neither disabled nor expired. */
bool key_active(const struct key *k, int64_t now);
/* Whether they are that person of that org; nobody is one without a name. */
bool principal_is(const struct principal *who, const char *org_id, const char *name);
/* Is it theirs: has their name, or was made by them? */
bool key_owned(const struct principal *who, const struct key *k);
/*
 * May they have a key made, or made into, what `k` says? `own`: the key that they ask with; NULL where
 * the program asks itself. An admin anything; others in their own org what is no stronger than `own`.
 */
bool key_may_have(const struct principal *who, const struct key *own, const struct key *k,
	struct err *e);
/* May they rotate, edit, disable and enable it? */
bool key_may_manage(const struct principal *who, const void *key, struct err *e);

#endif
