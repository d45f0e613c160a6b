/*
 * Paths and queries of requests: what may be in them, and percent-encoding (RFC 3986 section 2.1).
 * Shared by the daemon (which gets a query in decoded pieces), the client (which builds one) and
 * the signer. Pure.
 */
#ifndef MLTOP_CORE_QUERY_H
#define MLTOP_CORE_QUERY_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "core/wire/sign.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	QUERY_PATH_MAX = 1024,      /* bytes of a path, decoded */
	QUERY_TEXT_MAX = 16 * 1024, /* bytes of a query or of a form field */
};

/* Owner: whoever holds the struct. Names and values live in `text` until query_release. */
struct query {
	struct arena text;
	struct sign_pair pairs[SIGN_PAIRS_MAX]; /* decoded, in the order received */
	size_t count;
};

#define QUERY_INIT \
	{          \
		0  \
	}

void query_release(struct query *q); /* empties; usable again */
/* Copies both. ERR_INVALID when there are SIGN_PAIRS_MAX already. */
bool query_add(struct query *q, const char *name, const char *value, struct err *e);
/*
 * Encoded text "a=1&b=2": a query, or with `form` the body of a form, where '+' is a blank.
 * On failure (a bad escape, a NUL, invalid UTF-8, too many) nothing is added.
 */
bool query_parse(struct query *q, const char *text, size_t len, bool form, struct err *e);
/* The first value of that name; NULL: none. */
const char *query_get(const struct query *q, const char *name);
/* Appends "a=1&b=2" as the signer writes it: sorted, unreserved characters alone left as they are. */
void query_encode(const struct query *q, struct buf *out);

/* Appends `text` with everything but [A-Za-z0-9-._~] and the characters of `keep` as %XX. */
void percent_encode(struct buf *out, const char *text, size_t len, const char *keep);
/* Appends the decoded bytes; `plus` makes '+' a blank. False on a bad escape; `out` is then cut back. */
bool percent_decode(struct buf *out, const char *text, size_t len, bool plus);

/*
 * May this decoded path be routed? It begins with '/', holds only [A-Za-z0-9._~/-] and no segment
 * "." or "..", and is at most QUERY_PATH_MAX bytes. Appends it with runs of '/' as one.
 */
bool path_clean(const char *path, struct buf *out, struct err *e);

#endif
