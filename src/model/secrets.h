/*
 * Values of secrets (core/kinds/secret.h), sealed and opened. A value is in the clear from the request
 * that brings it to the vault, and from the vault to whoever opens it for a purpose: a task that is
 * started, a text in which it is masked, a fetch. Who opens one wipes it; the daemon makes no cores.
 */
#ifndef MLTOP_MODEL_SECRETS_H
#define MLTOP_MODEL_SECRETS_H

#include "model/model.h"

struct secret;

/* A value in the clear. */
struct secret_text {
	char *bytes; /* of its holder, until secret_wipe; NUL-ended behind `size` */
	size_t size;
};
#define SECRET_TEXT_INIT \
	{                \
		NULL, 0  \
	}
void secret_wipe(struct secret_text *t); /* and frees; usable again */

/* Seals a value as that of the record, which has its org and name; what it makes of it is in `a`. */
bool secret_seal(struct model *m, struct secret *s, struct arena *a,
	const struct secret_text *value, struct err *e);
/* The org's secret of that name, as committed; NULL: there is none. */
const struct secret *secret_named(struct model *m, const char *org_id, const char *name);
/* False: there is none, or it does not open; the sentence says which, and what to do. */
bool secret_open(struct model *m, const char *org_id, const char *name, struct secret_text *out,
	struct err *e);
/* The same of a value that was sealed so (secret.sealed) and may be another one by now. */
bool secret_open_sealed(struct model *m, const char *org_id, const char *name, const char *sealed,
	struct secret_text *out, struct err *e);
/* It is given to somebody now (wall ms): known to the minute, in a change of its own. */
void secret_used(struct model *m, const struct secret *s, int64_t now);

#endif
