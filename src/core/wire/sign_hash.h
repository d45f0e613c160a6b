/*
 * The hashes under the signer, and the signer with its words as an argument, so that AWS's own
 * vectors can be checked. For core/sign*.c and its tests only; everybody else uses core/wire/sign.h.
 */
#ifndef MLTOP_CORE_SIGN_HASH_H
#define MLTOP_CORE_SIGN_HASH_H

#include "core/wire/sign.h"

#include <openssl/types.h>

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

/*
 * SHA-256 found once for many hashes: finding it takes longer than a short hash. Aborts where OpenSSL has
 * none. Not to be shared by threads.
 */
struct sign_hasher {
	EVP_MD *md;
	EVP_MD_CTX *ctx;
};
void sign_hasher_init(struct sign_hasher *h);
void sign_hasher_release(struct sign_hasher *h);
void sign_hmac(struct sign_hasher *h, const void *key, size_t key_len, const void *data, size_t len,
	unsigned char out[SIGN_HASH_SIZE]);
void sign_sha256(struct sign_hasher *h, const void *data, size_t len,
	unsigned char out[SIGN_HASH_SIZE]);
void sign_hex(const unsigned char *bytes, size_t len, char *out); /* 2 * len + 1 bytes */

/* The day's signing key. `date` is YYYYMMDDTHHMMSSZ. */
void sign_day_key(struct sign_hasher *h, const struct sign_words *w, const char *secret,
	const char *date, unsigned char out[SIGN_HASH_SIZE]);

/* Appends the query as it is signed. PLAIN leaves alone what RFC 3986 allows in a query. */
void sign_canonical_query(const struct sign_request *r, enum sign_query_form form, struct buf *out);

/*
 * Appends what the canonical request has behind the query: the headers of the list "a;b;c", the list, and
 * `payload`, the hex SHA-256 of the body. False when `r` lacks one of the headers.
 */
bool sign_canonical_rest(const struct sign_request *r, const char *signed_headers,
	const char *payload, struct buf *out);

/* A canonical request. */
struct sign_parts {
	const char *method, *path, *query, *rest;
};
/* Its signature as hex, by the day's key. */
void sign_compute(struct sign_hasher *h, const struct sign_words *w, const struct sign_parts *p,
	const char *date, const unsigned char key[SIGN_HASH_SIZE], char out[SIGN_HEX_SIZE]);

bool sign_request_with(const struct sign_words *w, const struct sign_request *r,
	const char *access_key, const char *secret, int64_t now_ms, struct buf *authorization,
	struct err *e);

/* The value of a header, NULL when `r` has none of that (lower-case) name. */
const char *sign_header(const struct sign_request *r, const char *name);
/* The hash of the body: as given, else computed. */
void sign_payload(const struct sign_request *r, char out[SIGN_HEX_SIZE]);

#endif
