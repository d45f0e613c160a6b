#include "base/sanitize_parts.h"

#include "base/utf8.h"

/*
 * Where an escape sequence ends: ECMA-48 5.4 (control sequences), 5.6 (control strings), ECMA-35
 * 13.2 (escape sequences), read as xterm does. Where terminals differ we end early: what is left
 * is then shown as text, and nothing is hidden.
 */

enum { BEL = 0x07, LF = 0x0A, CAN = 0x18, SUB = 0x1A, ESC = 0x1B, CSI = 0x9B, ST = 0x9C };

struct unit unit_read(const char *s, size_t len)
{
	struct unit u;

	u.len = utf8_decode(s, len, &u.cp, &u.valid, NULL);
	if (!u.valid && u.len == 1 && (unsigned char)s[0] < 0xA0)
		u.cp = (unsigned char)s[0];
	return u;
}

bool unit_is_escape(const struct unit *u)
{
	return u->cp == ESC || (u->cp >= 0x80 && u->cp < 0xA0);
}

/* From `at` behind the introducer to behind the final byte, or to what cannot belong to it. */
static size_t control_length(const char *s, size_t len, size_t at)
{
	while (at < len && s[at] >= 0x30 && s[at] <= 0x3F)
		at++;
	while (at < len && s[at] >= 0x20 && s[at] <= 0x2F)
		at++;
	return at + (at < len && s[at] >= 0x40 && s[at] <= 0x7E);
}

/* To behind the ST, BEL, CAN or SUB, else to before a newline or another escape. */
static size_t string_length(const char *s, size_t len, size_t at)
{
	while (at < len) {
		struct unit u = unit_read(s + at, len - at);

		if (u.cp == LF)
			return at;
		if (u.cp == ESC && at + 1 < len && s[at + 1] == '\\')
			return at + 2;
		if (u.cp == ESC)
			return at;
		at += u.len;
		if (u.cp == BEL || u.cp == CAN || u.cp == SUB || u.cp == ST)
			return at;
	}
	return at;
}

/* ESC, intermediates (as in ESC ( 0), a final byte. */
static size_t escape_length(const char *s, size_t len)
{
	size_t at = 1;

	while (at < len && s[at] >= 0x20 && s[at] <= 0x2F)
		at++;
	return at + (at < len && s[at] >= 0x30 && s[at] <= 0x7E);
}

static bool opens_string(uint32_t c1)
{
	return c1 == 0x90 || c1 == 0x98 || c1 == 0x9D || c1 == 0x9E || c1 == 0x9F;
}

/* `len` cut to SEQUENCE_MAX, back to where a character begins. */
static size_t bounded(const char *s, size_t len)
{
	size_t cut = SEQUENCE_MAX;

	if (len <= SEQUENCE_MAX)
		return len;
	while (cut > SEQUENCE_MAX - 3 && ((unsigned char)s[cut] & 0xC0) == 0x80)
		cut--;
	return cut;
}

size_t sequence_length(const char *s, size_t len, const struct unit *u)
{
	uint32_t c1 = u->cp;
	size_t at = u->len;

	len = bounded(s, len);
	if (c1 == ESC && len > 1 && s[1] >= 0x40 && s[1] <= 0x5F) {
		/* In seven bits a C1 control is ESC and the byte 0x40 below it. */
		c1 = (uint32_t)s[1] + 0x40;
		at = 2;
	}
	if (c1 == CSI)
		return control_length(s, len, at);
	if (opens_string(c1))
		return string_length(s, len, at);
	return c1 == ESC ? escape_length(s, len) : at;
}
