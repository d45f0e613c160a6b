/* The server's side of a websocket (RFC 6455), on io_server.h: just enough to say right and wrong things. */
#ifndef MLTOP_TESTS_UNIT_IO_WS_SERVER_H
#define MLTOP_TESTS_UNIT_IO_WS_SERVER_H

#include "io_server.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <strings.h>

enum { WS_TEXT = 1, WS_BINARY = 2, WS_CLOSE = 8, WS_PING = 9, WS_PONG = 10 };

/* A header's value, or "". */
static inline const char *head_value(const struct buf *head, const char *name, char *out,
	size_t size)
{
	for (const char *at = head->data; (at = strstr(at, "\r\n")) != NULL;) {
		at += 2;
		if (strncasecmp(at, name, strlen(name)) == 0 && at[strlen(name)] == ':') {
			at += strlen(name) + 1 + (at[strlen(name) + 1] == ' ');
			snprintf(out, size, "%.*s", (int)strcspn(at, "\r\n"), at);
			return out;
		}
	}
	return "";
}

/* The answer to the upgrade that `head` asks for. */
static inline void ws_answer(struct buf *answer, const struct buf *head)
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	char key[128], both[200], protocol[64];
	unsigned char hash[SHA_DIGEST_LENGTH];
	char accept[64];

	snprintf(both, sizeof both, "%s%s", head_value(head, "sec-websocket-key", key, sizeof key),
		guid);
	SHA1((const unsigned char *)both, strlen(both), hash);
	EVP_EncodeBlock((unsigned char *)accept, hash, sizeof hash);
	buf_addf(answer,
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: %s\r\n\r\n",
		accept, head_value(head, "sec-websocket-protocol", protocol, sizeof protocol));
}

static inline void ws_accept(struct peer *p, const struct buf *head)
{
	struct buf answer = BUF_INIT;

	ws_answer(&answer, head);
	peer_send(p, answer.data, answer.len);
	buf_release(&answer);
}

/* One frame; `last` false: more of the message follows (opcode 0 then). */
static inline void ws_frame(struct peer *p, int opcode, bool last, const void *bytes, size_t len)
{
	struct buf out = BUF_INIT;

	buf_addc(&out, (char)((last ? 0x80 : 0) | opcode));
	if (len < 126) {
		buf_addc(&out, (char)len);
	} else if (len < 65536) {
		buf_addc(&out, 126);
		buf_addc(&out, (char)(len >> 8));
		buf_addc(&out, (char)len);
	} else {
		buf_addc(&out, 127);
		for (int i = 7; i >= 0; i--)
			buf_addc(&out, (char)(len >> (8 * i)));
	}
	buf_add(&out, bytes, len);
	peer_send(p, out.data, out.len);
	buf_release(&out);
}

static inline void ws_text(struct peer *p, const char *text)
{
	ws_frame(p, WS_TEXT, true, text, strlen(text));
}

/* Takes one (short or medium) frame of the client's off p->in; false: not whole yet. Returns its opcode. */
static inline bool ws_take(struct peer *p, int *opcode, struct buf *message)
{
	const unsigned char *in = (const unsigned char *)p->in.data;
	size_t len, at = 2;

	if (p->in.len < 6)
		return false;
	len = in[1] & 127;
	if (len == 126) {
		len = (size_t)in[2] << 8 | in[3];
		at = 4;
	}
	if (p->in.len < at + 4 + len)
		return false;
	*opcode = in[0] & 15;
	buf_reset(message);
	for (size_t i = 0; i < len; i++)
		buf_addc(message, (char)(in[at + 4 + i] ^ in[at + i % 4]));
	buf_drop(&p->in, at + 4 + len);
	return true;
}

#endif
