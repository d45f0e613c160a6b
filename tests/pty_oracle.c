#include "pty_oracle.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *const pty_allow_plain[] = {"C0 0A", NULL};
const char *const pty_allow_live[] = {"C0 0A", "C0 0D", "CSI A", "CSI K", "CSI J", "SGR policy",
	NULL};
const char *const pty_allow_text[] = {"C0 0A", "SGR policy", NULL};
/*
 * What curses 6.4 has of infocmp xterm-256color to move, clear, shift, scroll and repeat with, and to
 * come and go; then our own modes: mouse 1000 and 1006, paste 2004.
 */
const char *const pty_allow_screen[] = {"SGR policy", "C0 08", "C0 09", "C0 0A", "C0 0D", "CSI A",
	"CSI B", "CSI C", "CSI D", "CSI G", "CSI H", "CSI d", "CSI Z", "CSI J", "CSI K", "CSI X",
	"CSI @", "CSI P", "CSI L", "CSI M", "CSI S", "CSI T", "CSI r", "CSI b", "ESC 7", "ESC 8",
	"ESC M", "ESC (B", "ESC >", "CSI 4h", "CSI 4l", "CSI ?1l", "CSI ?7h", "CSI ?7l", "CSI ?12l",
	"CSI ?12;25h", "CSI ?25h", "CSI ?25l", "CSI ?1049h", "CSI 22;0;0t", "CSI ?1049l",
	"CSI 23;0;0t", "CSI ?1000h", "CSI ?1000l", "CSI ?1006h", "CSI ?1006l", "CSI ?2004h",
	"CSI ?2004l", NULL};

void pty_oracle_init(struct pty_oracle *o, const char *const *allowed)
{
	*o = (struct pty_oracle){.allowed = allowed};
}

static void __attribute__((format(printf, 2, 3)))
fault(struct pty_oracle *o, const char *format, ...)
{
	va_list ap;
	size_t n;

	if (o->faults++ > 0)
		return;
	va_start(ap, format);
	vsnprintf(o->first, sizeof o->first, format, ap);
	va_end(ap);
	n = strlen(o->first);
	snprintf(o->first + n, sizeof o->first - n, " at byte %zu", o->offset);
}

static bool allows(const struct pty_oracle *o, const char *name)
{
	for (const char *const *a = o->allowed; *a; a++)
		if (strcmp(*a, name) == 0)
			return true;
	return false;
}

static void check(struct pty_oracle *o, const char *name)
{
	if (!allows(o, name))
		fault(o, "%s", name);
}

/* Reads a number at *at; -1 where none stands. */
static int number(const char **at)
{
	int value = -1;

	for (; **at >= '0' && **at <= '9'; (*at)++)
		value = (value < 0 ? 0 : value > 9999 ? 9999 : value) * 10 + (**at - '0');
	return value;
}

/* The numbers of log text: terminal colours and looks, no blink, no conceal. */
static bool sgr_in_policy(const char *params)
{
	static const char *const plain = " 0 1 2 3 4 7 9 22 23 24 25 27 29 39 49 ";
	const char *at = params;

	for (;;) {
		int value = number(&at), index = 0;
		char word[16];

		snprintf(word, sizeof word, " %d ", value);
		if (value == 38 || value == 48) {
			if (strncmp(at, ";5;", 3) != 0)
				return false;
			at += 3;
			index = number(&at);
			if (index < 0 || index > 255)
				return false;
		} else if (value >= 0 && !strstr(plain, word) && !(value >= 30 && value <= 37) &&
			!(value >= 40 && value <= 47) && !(value >= 90 && value <= 97) &&
			!(value >= 100 && value <= 107)) {
			return false;
		}
		if (*at == 'm')
			return true;
		if (*at++ != ';')
			return false;
	}
}

/* seen holds "[", parameters, intermediates and the final byte. */
static void check_csi(struct pty_oracle *o)
{
	char name[128];
	const char *params = o->seen + 1, *behind = params + strspn(params, "0123456789;:<=>?");

	if (o->seen_len >= sizeof o->seen - 1) {
		fault(o, "CSI of more than %zu bytes", sizeof o->seen - 2);
		return;
	}
	if (strcmp(behind, "m") == 0 && strspn(params, "<=>?") == 0 && sgr_in_policy(params) &&
		allows(o, "SGR policy"))
		return;
	if ((params[0] >= '<' && params[0] <= '?') || strchr("hlt", *behind))
		behind = params;
	snprintf(name, sizeof name, "CSI %s", behind);
	check(o, name);
}

static void check_string(struct pty_oracle *o)
{
	static const char introducers[] = "]P_^X";
	static const char *const names[] = {"OSC", "DCS", "APC", "PM", "SOS"};
	const char *at = o->seen;
	char name[32];

	if (o->introducer == ']')
		snprintf(name, sizeof name, "OSC %d", number(&at));
	else
		snprintf(name, sizeof name, "%s",
			names[strchr(introducers, o->introducer) - introducers]);
	check(o, name);
}

static void keep(struct pty_oracle *o, unsigned char byte)
{
	if (o->seen_len < sizeof o->seen - 1)
		o->seen[o->seen_len++] = (char)byte;
	o->seen[o->seen_len] = '\0';
}

static void open_sequence(struct pty_oracle *o, enum pty_state state)
{
	o->state = state;
	o->seen_len = 0;
	o->seen[0] = '\0';
}

static void read_escape(struct pty_oracle *o, unsigned char byte)
{
	char name[128];

	if (o->seen_len == 0 && strchr("]P_^X", byte) && byte) {
		o->introducer = (char)byte;
		open_sequence(o, PTY_STRING);
		return;
	}
	keep(o, byte);
	if (o->seen_len == 1 && byte == '[') {
		o->state = PTY_CSI;
		return;
	}
	if (byte >= 0x20 && byte <= 0x2F)
		return;
	snprintf(name, sizeof name, "ESC %s", o->seen);
	check(o, name);
	o->state = PTY_GROUND;
}

static void read_csi(struct pty_oracle *o, unsigned char byte)
{
	keep(o, byte);
	if (byte >= 0x20 && byte <= 0x3F)
		return;
	if (byte >= 0x40 && byte <= 0x7E)
		check_csi(o);
	else
		fault(o, "byte %02X inside CSI", byte);
	o->state = PTY_GROUND;
}

static void read_string(struct pty_oracle *o, unsigned char byte)
{
	if (o->state == PTY_STRING_ESCAPE) {
		if (byte != '\\')
			fault(o, "a string ended by ESC %02X", byte);
		check_string(o);
		o->state = PTY_GROUND;
	} else if (byte == 0x1B) {
		o->state = PTY_STRING_ESCAPE;
	} else if (byte == 0x07) {
		check_string(o);
		o->state = PTY_GROUND;
	} else {
		keep(o, byte);
	}
}

static bool in(uint32_t cp, uint32_t first, uint32_t last)
{
	return cp >= first && cp <= last;
}

/* Characters that steer others or hide, however well encoded. */
static void check_character(struct pty_oracle *o, uint32_t cp)
{
	if (in(cp, 0x80, 0x9F))
		fault(o, "C1 %02X in UTF-8", (unsigned)cp);
	else if (in(cp, 0x200B, 0x200F) || in(cp, 0x2028, 0x202E) || in(cp, 0x2060, 0x206F) ||
		cp == 0xFEFF || cp == 0x061C || cp == 0x00AD || cp == 0x034F ||
		in(cp, 0xFE00, 0xFE0F) || in(cp, 0xE000, 0xF8FF) || in(cp, 0xE0000, 0x10FFFF) ||
		in(cp, 0xFDD0, 0xFDEF) || (cp & 0xFFFE) == 0xFFFE || cp == 0x3164 ||
		in(cp, 0x115F, 0x1160) || cp == 0xFFA0)
		fault(o, "U+%04X", (unsigned)cp);
}

/* A byte from 80 on: part of a character, or not UTF-8. */
static void read_high(struct pty_oracle *o, unsigned char byte)
{
	if (o->wanted > 0 && (byte & 0xC0) == 0x80) {
		o->cp = o->cp << 6 | (byte & 0x3Fu);
		if (--o->wanted > 0)
			return;
		if (o->cp < o->smallest || o->cp > 0x10FFFF || in(o->cp, 0xD800, 0xDFFF))
			fault(o, "bad UTF-8 (%X)", (unsigned)o->cp);
		else
			check_character(o, o->cp);
		return;
	}
	if (o->wanted > 0 || byte < 0xC0 || byte >= 0xF8)
		fault(o, "bad UTF-8 byte %02X", byte);
	o->wanted = byte >= 0xF8 || byte < 0xC0 ? 0 : byte >= 0xF0 ? 3 : byte >= 0xE0 ? 2 : 1;
	o->smallest = o->wanted == 3 ? 0x10000 : o->wanted == 2 ? 0x800 : 0x80;
	o->cp = byte & (0x3Fu >> o->wanted);
}

static void read_ground(struct pty_oracle *o, unsigned char byte)
{
	char name[16];

	if (byte >= 0x80) {
		read_high(o, byte);
		return;
	}
	if (o->wanted > 0)
		fault(o, "a character cut before byte %02X", byte);
	o->wanted = 0;
	if (byte == 0x1B) {
		open_sequence(o, PTY_ESCAPE);
	} else if (byte < 0x20 || byte == 0x7F) {
		snprintf(name, sizeof name, "C0 %02X", byte);
		check(o, name);
	}
}

void pty_oracle_feed(struct pty_oracle *o, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;

	for (; len > 0; len--, at++, o->offset++) {
		switch (o->state) {
		case PTY_GROUND: read_ground(o, *at); break;
		case PTY_ESCAPE: read_escape(o, *at); break;
		case PTY_CSI: read_csi(o, *at); break;
		default: read_string(o, *at);
		}
	}
}

bool pty_oracle_end(struct pty_oracle *o)
{
	if (o->state != PTY_GROUND)
		fault(o, "the end inside a control sequence");
	if (o->wanted > 0)
		fault(o, "the end inside a character");
	return o->faults == 0;
}
