#include "base/base64.h"

#include <stdint.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct buf *out, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t v = (uint32_t)at[i] << 16 | (n > 1 ? (uint32_t)at[i + 1] << 8 : 0) |
			(n > 2 ? at[i + 2] : 0);
		char four[4] = {digits[v >> 18], digits[v >> 12 & 63],
			n > 1 ? digits[v >> 6 & 63] : '=', n > 2 ? digits[v & 63] : '='};

		buf_add(out, four, sizeof four);
	}
}

/* -1: it is none. */
static int digit_of(char c)
{
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Up to three bytes of four characters, of which the last ones may be padding; 0: they are wrong. */
static size_t four_decode(const char *four, bool last, char out[3])
{
	size_t n = 3;
	uint32_t v = 0;

	if (last && four[3] == '=')
		n = four[2] == '=' ? 1 : 2;
	for (size_t i = 0; i < 4; i++) {
		int d = i <= n ? digit_of(four[i]) : 0;

		if (d < 0)
			return 0;
		v = v << 6 | (uint32_t)d;
	}
	if (v & ((1u << 8 * (3 - n)) - 1))
		return 0;
	for (size_t i = 0; i < 3; i++)
		out[i] = (char)(v >> (16 - 8 * i));
	return n;
}

bool base64_decode(struct buf *out, const char *text, size_t len)
{
	size_t start = out->len;
	bool good = len % 4 == 0;
	char three[3];

	for (size_t i = 0; good && i < len; i += 4) {
		size_t n = four_decode(text + i, i + 4 == len, three);

		good = n > 0;
		buf_add(out, three, n);
	}
	if (!good)
		buf_cut(out, start);
	return good;
}
