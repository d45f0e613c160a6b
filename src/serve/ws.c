#include "serve/ws.h"

#include "base/utf8.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

void ws_init(struct ws_reader *r, size_t limit)
{
	*r = (struct ws_reader){0};
	buf_init(&r->message, limit);
}

void ws_release(struct ws_reader *r)
{
	buf_release(&r->message);
}

static enum ws_event fail(struct ws_reader *r, int code, const char *why)
{
	r->code = code;
	r->why = why;
	return WS_FAILED;
}

/* ---- Headers ---- */

/* How long the header is, as far as its first two bytes say: mask included. */
static size_t head_size(const struct ws_reader *r)
{
	unsigned length = r->head[1] & 127;

	return 2 + (length == 126 ? 2 : length == 127 ? 8 : 0) + 4;
}

static uint64_t head_length(const struct ws_reader *r)
{
	unsigned length = r->head[1] & 127, bytes = length == 126 ? 2 : length == 127 ? 8 : 0;
	uint64_t n = 0;

	for (unsigned i = 0; i < bytes; i++)
		n = n << 8 | r->head[2 + i];
	return bytes ? n : length;
}

static bool is_control(int opcode)
{
	return opcode >= WS_CLOSE;
}

/* What the first two bytes already decide. */
static enum ws_event check_start(struct ws_reader *r)
{
	r->fin = (r->head[0] & 0x80) != 0;
	r->opcode = r->head[0] & 15;
	if (r->head[0] & 0x70)
		return fail(r, 1002, "a frame has a reserved bit");
	if ((r->head[1] & 0x80) == 0)
		return fail(r, 1002, "a frame is not masked");
	if ((r->opcode > WS_BINARY && r->opcode < WS_CLOSE) || r->opcode > WS_PONG)
		return fail(r, 1002, "a frame has an opcode that is reserved");
	if (is_control(r->opcode) && (!r->fin || (r->head[1] & 127) > WS_CONTROL_MAX))
		return fail(r, 1002, "a control frame is in pieces or too long");
	if (r->opcode == WS_BINARY)
		return fail(r, 1003, "only text frames are taken");
	if (!is_control(r->opcode) && (r->opcode == 0) != r->fragmented)
		return fail(r, 1002,
			"a message is continued that has not begun, or begins in another");
	return WS_MORE;
}

static enum ws_event check_length(struct ws_reader *r)
{
	unsigned length = r->head[1] & 127;

	r->left = head_length(r);
	if ((length == 126 && r->left < 126) || (length == 127 && r->left <= 0xffff) ||
		r->left >> 63)
		return fail(r, 1002, "a frame's length is not written in its shortest form");
	if (!is_control(r->opcode) && r->left > r->message.limit - r->message.len)
		return fail(r, 1009, "a message may have 262144 bytes");
	return WS_MORE;
}

static enum ws_event take_head(struct ws_reader *r, const char *bytes, size_t len, size_t *used)
{
	enum ws_event event = WS_MORE;

	while (*used < len && event == WS_MORE && !r->in_payload) {
		r->head[r->head_len++] = (unsigned char)bytes[(*used)++];
		if (r->head_len == 2)
			event = check_start(r);
		if (event == WS_MORE && r->head_len >= 2 && r->head_len == head_size(r)) {
			event = check_length(r);
			r->in_payload = true;
			r->mask_at = 0;
			if (is_control(r->opcode))
				r->control_len = 0;
		}
	}
	return event;
}

/* ---- Payloads ---- */

static bool code_valid(int code)
{
	return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
		(code >= 3000 && code <= 4999);
}

static enum ws_event close_came(struct ws_reader *r)
{
	int code = r->control_len >= 2 ? r->control[0] << 8 | r->control[1] : 1005;

	if (r->control_len == 1 || (r->control_len >= 2 && !code_valid(code)))
		return fail(r, 1002, "a close frame has no valid code");
	if (r->control_len > 2 && !utf8_valid((const char *)r->control + 2, r->control_len - 2))
		return fail(r, 1007, "the reason of a close frame is not UTF-8");
	r->code = code;
	return WS_GOT_CLOSE;
}

static enum ws_event frame_over(struct ws_reader *r)
{
	r->in_payload = false;
	r->head_len = 0;
	switch (r->opcode) {
	case WS_CLOSE: return close_came(r);
	case WS_PING: return WS_GOT_PING;
	case WS_PONG: return WS_GOT_PONG;
	default: break;
	}
	r->fragmented = !r->fin;
	if (!r->fin)
		return WS_MORE;
	if (!utf8_valid(r->message.data, r->message.len))
		return fail(r, 1007, "a text is not UTF-8");
	return WS_GOT_MESSAGE;
}

static void unmask(struct ws_reader *r, char *bytes, size_t len)
{
	const unsigned char *mask = r->head + r->head_len - 4;

	for (size_t i = 0; i < len; i++)
		bytes[i] = (char)((unsigned char)bytes[i] ^ mask[(r->mask_at + i) % 4]);
	r->mask_at = (unsigned)((r->mask_at + len) % 4);
}

static void take_payload(struct ws_reader *r, const char *bytes, size_t len, size_t *used)
{
	size_t n = len - *used < r->left ? len - *used : (size_t)r->left;
	char *to;

	if (n == 0)
		return;
	if (is_control(r->opcode)) {
		to = (char *)r->control + r->control_len;
		memcpy(to, bytes + *used, n);
		r->control_len += n;
	} else {
		buf_add(&r->message, bytes + *used, n);
		to = r->message.data + r->message.len - n;
	}
	unmask(r, to, n);
	r->left -= n;
	*used += n;
}

enum ws_event ws_take(struct ws_reader *r, const char *bytes, size_t len, size_t *used)
{
	enum ws_event event = WS_MORE;

	*used = 0;
	while (event == WS_MORE && *used < len) {
		if (!r->in_payload)
			event = take_head(r, bytes, len, used);
		if (event != WS_MORE || !r->in_payload)
			continue;
		take_payload(r, bytes, len, used);
		if (r->left == 0)
			event = frame_over(r);
	}
	return event;
}

/* ---- Writing ---- */

size_t ws_header(unsigned char *data, size_t len, enum ws_opcode opcode)
{
	size_t bytes = len > 0xffff ? 8 : len > 125 ? 2 : 0;
	unsigned char *at = data - 2 - bytes;

	at[0] = (unsigned char)(0x80 | opcode);
	at[1] = (unsigned char)(bytes == 8 ? 127 : bytes == 2 ? 126 : len);
	for (size_t i = 0; i < bytes; i++)
		at[2 + i] = (unsigned char)((uint64_t)len >> 8 * (bytes - 1 - i));
	return 2 + bytes;
}

/* ---- The opening handshake (section 4.2) ---- */

bool ws_key_valid(const char *key)
{
	static const char base64[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	return strlen(key) == 24 && strspn(key, base64) == 22 && strcmp(key + 22, "==") == 0;
}

void ws_accept(const char *key, char out[WS_ACCEPT_SIZE])
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	unsigned char hash[EVP_MAX_MD_SIZE];
	char text[24 + sizeof guid];
	unsigned len = sizeof hash;

	snprintf(text, sizeof text, "%.24s%s", key, guid);
	EVP_Digest(text, strlen(text), hash, &len, EVP_sha1(), NULL);
	EVP_EncodeBlock((unsigned char *)out, hash, (int)len);
}
