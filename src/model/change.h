/*
 * A change on its way to the disk. change.c composes it, commit.c commits it and
 * then shows what it did; nobody else sees inside.
 */
#ifndef MLTOPD_CHANGE_H
#define MLTOPD_CHANGE_H

#include "mltopd/platform_inside.h"

/* What is to be shown once it is on the disk. */
struct shown {
	const struct kind *kind;
	char *uid, *org_id;
	struct buf pack; /* empty: the row goes */
	char *secret;    /* of a key */
};

struct change {
	struct platform *p;
	struct store_tx *tx;
	uint64_t version;
	VEC(struct shown) shown;
	VEC(char *) jobs; /* uids of actives with one more change in flight */
	/* who asked */
	struct request *r;
	char *access_key, *nonce, *hash, *actor, *actor_org;
	int64_t expires;
	bool audited;
	int status, kept_status;
	char *answer;
	const char *kept; /* what a repeated request gets; NULL: the answer itself */
	change_after after;
	void *after_ctx;
};

/* What is stored under the change's nonce; borrows from it. */
struct store_nonce change_nonce(const struct change *c);

#endif
