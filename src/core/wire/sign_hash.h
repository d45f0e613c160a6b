/*
 * The hashes under the signer, and the signer with its words as an argument, so that AWS's own
 * vectors can be checked. For core/sign*.c and its tests only; everybody else uses core/wire/sign.h.
 */
#ifndef MLTOP_CORE_SIGN_HASH_H
#define MLTOP_CORE_SIGN_HASH_H

#include "core/wire/sign.h"

enum { SIGN_HASH_SIZE = 32 };

/* What differs between one SigV4 service and another. */
struct sign_words {
	const char *key_prefix; /* put before the secret: "MLTOP4" */
	const char *algorithm;  /* "MLTOP4-HMAC-SHA256" */
	const char *region, *service;
	const char *terminator;  /* end of the scope: "mltop4_request" */
	const char *date_header; /* lower case: "x-mltop-date" */
	const char *nonce_header;
};
extern const struct sign_words sign_mltop_words;

/* How the query is written into the canonical request; see sign_canonical_query. */
enum sign_query_form {
	SIGN_QUERY_SORTED,
	SIGN_QUERY_RECEIVED,
	SIGN_QUERY_PLAIN,
	SIGN_QUERY_TEXT, /* query_text as it is */
	SIGN_QUERY_FORMS
};

void sign_hmac(const void *key, size_t key_len, const void *data, size_t len,
	unsigned char out[SIGN_HASH_SIZE]);
void sign_hex(const unsigned char *bytes, size_t len, char *out); /* 2 * len + 1 bytes */

/* The day's signing key. `date` is YYYYMMDDTHHMMSSZ. */
void sign_day_key(const struct sign_words *w, const char *secret, const char *date,
	unsigned char out[SIGN_HASH_SIZE]);

/* Appends the query as it is signed. PLAIN leaves alone what RFC 3986 allows in a query. */
void sign_canonical_query(const struct sign_request *r, enum sign_query_form form, struct buf *out);

/*
 * The signature of `r` as hex. `signed_headers` is the list "a;b;c" that goes into the canonical
 * request; false when `r` lacks one of them. `payload` is the hex SHA-256 of the body.
 */
bool sign_compute(const struct sign_words *w, const struct sign_request *r, const char *path,
	enum sign_query_form form, const char *signed_headers, const char *date,
	const char *payload, const unsigned char key[SIGN_HASH_SIZE], char out[SIGN_HEX_SIZE]);

bool sign_request_with(const struct sign_words *w, const struct sign_request *r,
	const char *access_key, const char *secret, int64_t now_ms, struct buf *authorization,
	struct err *e);

/* The value of a header, NULL when `r` has none of that (lower-case) name. */
const char *sign_header(const struct sign_request *r, const char *name);
/* The hash of the body: as given, else computed. */
void sign_payload(const struct sign_request *r, char out[SIGN_HEX_SIZE]);

#endif
