/*
 * Websocket frames, the server's side (RFC 6455 section 5), and the key of the opening handshake.
 * Pure: bytes in, events out. What breaks the protocol is told with the code to close with.
 */
#ifndef MLTOP_SERVE_WS_H
#define MLTOP_SERVE_WS_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	WS_ROOM = 10, /* bytes of a header that we write, at most */
	WS_CONTROL_MAX = 125,
	WS_ACCEPT_SIZE = 29, /* base64 of a SHA-1, with its NUL */
};

enum ws_opcode { WS_TEXT = 1, WS_BINARY = 2, WS_CLOSE = 8, WS_PING = 9, WS_PONG = 10 };

enum ws_event {
	WS_MORE,
	WS_GOT_MESSAGE, /* `message`, a text that is UTF-8; the owner empties it */
	WS_GOT_PING,    /* `control` is to be sent back in a pong */
	WS_GOT_PONG,
	WS_GOT_CLOSE, /* `code`; 1005: none was given */
	WS_FAILED,    /* close with `code` and `why`; nothing more is to be read */
};

struct ws_reader {
	unsigned char head[14]; /* of the frame that comes */
	size_t head_len;
	bool in_payload, fin, fragmented; /* fragmented: a message has begun */
	int opcode;
	uint64_t left; /* of the payload */
	unsigned mask_at;
	struct buf message;
	unsigned char control[WS_CONTROL_MAX];
	size_t control_len;
	int code;
	const char *why;
};

/* Messages of more than `limit` bytes are refused with 1009. */
void ws_init(struct ws_reader *r, size_t limit);
void ws_release(struct ws_reader *r);
/* Takes bytes up to the next event; *used says how many. */
enum ws_event ws_take(struct ws_reader *r, const char *bytes, size_t len, size_t *used);

/* Writes the header of a whole frame into the bytes before `data`; returns its length. */
size_t ws_header(unsigned char *data, size_t len, enum ws_opcode opcode);
/* Is it base64 of 16 bytes? */
bool ws_key_valid(const char *key);
void ws_accept(const char *key, char out[WS_ACCEPT_SIZE]);

#endif
