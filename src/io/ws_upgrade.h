/*
 * The HTTP exchange that opens a websocket, the client's side (RFC 6455 section 4.1). Pure: bytes
 * in, bytes out.
 */
#ifndef MLTOP_IO_WS_UPGRADE_H
#define MLTOP_IO_WS_UPGRADE_H

#include "base/buf.h"

enum {
	WS_KEY_RANDOM = 16,         /* bytes */
	WS_KEY_SIZE = 25,           /* as base64, with its NUL */
	WS_UPGRADE_MAX = 16 * 1024, /* bytes of an answer's header */
	WS_REFUSAL_MAX = 4 * 1024,  /* bytes of its body that are waited for */
};

struct ws_target;

void ws_upgrade_key(char key[WS_KEY_SIZE], const unsigned char random[WS_KEY_RANDOM]);
void ws_upgrade_request(struct buf *out, const struct ws_target *t, const char *protocol,
	const char *key);

enum ws_answer {
	WS_ANSWER_MORE,    /* its header is not whole */
	WS_ANSWER_OPEN,    /* frames follow from `used` on */
	WS_ANSWER_REFUSED, /* `status` is not 101; a body of `length` follows from `used` on */
	WS_ANSWER_WRONG,   /* `wrong` says what is not as the RFC or we want it */
};
struct ws_verdict {
	size_t used, length; /* length: at most WS_REFUSAL_MAX is of interest */
	int status;
	const char *wrong;
};
/* The answer to the request with `key`, as far as it has come. `v` is set as the answer says. */
enum ws_answer ws_upgrade_answer(struct ws_verdict *v, const char *bytes, size_t len,
	const char *protocol, const char *key);

#endif
