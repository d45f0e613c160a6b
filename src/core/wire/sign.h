/*
 * Request signing and verification: AWS Signature Version 4 with the provider "mltop"
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html; what
 * `curl --aws-sigv4 mltop:mltop:local:cloudml` sends). Pure: bytes in, bytes out; OpenSSL's HMAC
 * and SHA-256 underneath. The one signer of the project: HTTP and websocket, client and server.
 *
 * Key chain "MLTOP4" + secret -> date -> "local" -> "cloudml" -> "mltop4_request"; algorithm word
 * MLTOP4-HMAC-SHA256; headers x-mltop-date, x-mltop-nonce. Needed in SignedHeaders: host,
 * x-mltop-date and, for whatever changes state, x-mltop-nonce.
 */
#ifndef MLTOP_CORE_SIGN_H
#define MLTOP_CORE_SIGN_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SIGN_WINDOW_MS = 300 * 1000,
	SIGN_GALAXY_WINDOW_MS = 60 * 1000,
	SIGN_HEX_SIZE = 65,
	SIGN_MD5_SIZE = 33,
	SIGN_HEADERS_MAX = 32,
	SIGN_PAIRS_MAX = 64
};

/*
 * What is known of a nonce, the idempotency key of a request that changes state. NONCE_SAME: an
 * identical request was answered, NONCE_STORED: long ago, so that the answer is in the store only.
 * NONCE_PENDING: it is being answered.
 */
enum nonce_state { NONCE_NEW, NONCE_SAME, NONCE_STORED, NONCE_OTHER, NONCE_PENDING, NONCE_FULL };
/* The stored answer, borrowed; NULL with `e`: it cannot be read, or is gone by now. */
typedef void (
	*nonce_read)(void *ctx, int status, const char *body, size_t len, const struct err *e);

struct sign_pair {
	const char *name, *value;
}; /* headers: lower-case names; query: decoded */

struct sign_request {
	const char *method;
	const char *path;              /* decoded, as routed */
	const char *path_text;         /* as it was received; NULL: not known */
	const struct sign_pair *query; /* in the order received */
	size_t query_count;
	const char *query_text; /* the same as it was received; NULL: not known */
	const struct sign_pair *headers;
	size_t header_count;
	const void *body;
	size_t body_len;
	char body_sha256
		[SIGN_HEX_SIZE]; /* "" : computed from body; set for bodies hashed while they stream */
	char body_md5[SIGN_MD5_SIZE]; /* "": not known, a scheme that wants it is not verified */
};

/*
 * Makes the value of Authorization. The headers to be signed are all of r->headers. Without an
 * x-mltop-date among them, the one of now_ms (timefmt_sigv4) is signed: the caller sends it.
 */
bool sign_request(const struct sign_request *r, const char *access_key, const char *secret,
	int64_t now_ms, struct buf *authorization, struct err *e);

/* What an Authorization header says, before anything is trusted. Points into its own storage. */
struct sign_claim {
	char access_key[128];
	char date[17]; /* from x-mltop-date */
	char scope[128];
	char signed_headers[1024];
	char signature[SIGN_HEX_SIZE];
	int64_t time_ms;
	char nonce[129];                  /* "" when none is signed */
	const struct sign_scheme *scheme; /* whose it is; set by who asked `parse` */
};

/*
 * A scheme: how a request proves who sent it. `parse` false with ERR_NONE: not this scheme, try the
 * next.
 */
struct sign_scheme {
	const char *name;
	/* Lower-case names of headers that it reads besides Authorization; NULL: the SignedHeaders. */
	bool (*wants)(const char *name);
	bool (*parse)(const struct sign_request *r, struct sign_claim *claim, struct err *e);
	/* Constant time over all variants of path and query that a real client may have signed. */
	bool (*verify)(const struct sign_request *r, const struct sign_claim *claim,
		const char *secret);
	int64_t window_ms;
	/*
	 * Does it leave out what makes a request what it is (method, query, host, body), and has no
	 * nonce? Then whoever can read one can make another: it is good only where nobody can, and
	 * claim.nonce is made of the signature, which may come only once.
	 */
	bool weak;
	bool objects; /* only for the routes of packages as objects in buckets, which take no other */
};
extern const struct sign_scheme sign_sigv4;
/* What the public client sends: "Galaxy V3 BASE64", HMAC-SHA1 over path, time and MD5 of the body. */
extern const struct sign_scheme sign_galaxy_v3;
/*
 * What its library for the object store (FDS) sends: "Galaxy-V2 KEY:BASE64", HMAC-SHA1 over method,
 * Content-MD5, Content-Type, Date, the headers x-xiaomi-*, path and some parameters.
 */
extern const struct sign_scheme sign_galaxy_v2;

/*
 * Name `index` (from 0) in an Authorization header's SignedHeaders, for a server that must look up
 * its headers by name. False at the end, on a name over 63 bytes, and where there is no such list.
 */
bool sign_signed_header(const char *authorization, size_t index, char name[64]);

/* Appends the query sorted and encoded, as it is signed and as it should be sent. */
void sign_query(const struct sign_request *r, struct buf *out);

/* The SHA-256 of no byte, which most requests have for their body. */
#define SIGN_EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
/* Lower-case hex of SHA-256, HMAC-SHA256; constant-time equality; wiping. */
void sign_sha256_hex(const void *data, size_t len, char out[SIGN_HEX_SIZE]);
bool sign_equal(const void *a, const void *b, size_t len);
void sign_wipe(void *data, size_t len);

#endif
