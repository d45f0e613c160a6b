/* A request made ready to leave: signed, with the headers that go with it. Shared by api and stream. */
#ifndef MLTOP_CLIENT_CREDENTIALS_H
#define MLTOP_CLIENT_CREDENTIALS_H

#include "base/err.h"
#include "client/context.h"
#include "client/url.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CREDENTIALS_HEADERS = 5 };

/* Owner: whoever holds the struct. */
struct signed_request {
	char *target;                           /* prefix, path and canonical query */
	char *headers[CREDENTIALS_HEADERS + 1]; /* "name: value", NULL-ended, Host among them */
};
void signed_request_release(struct signed_request *r);

/*
 * A key is letters, digits and signs of ASCII. One with a blank, a CR or a newline, as files and
 * variables of other systems give it, is refused with where it came from (`name`): a signature made
 * with it is answered as if the key were wrong, and a CR would end the header that it goes out in.
 */
bool credentials_check(const char *name, const char *key, struct err *e);

/*
 * Signs METHOD `path` ("/cloud_ml/v1/train?limit=10", its query encoded) for the context, at
 * now_ms. `nonce` NULL: none. `content_type` NULL: none is sent. Contexts without keys (platforms
 * that ask for none) get an unsigned request.
 */
bool credentials_sign(struct signed_request *out, const struct context *c, const struct url *u,
	const char *method, const char *path, const char *nonce, const char *content_type,
	const void *body, size_t body_len, int64_t now_ms, struct err *e);

#endif
