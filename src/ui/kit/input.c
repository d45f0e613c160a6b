#include "ui/kit/input.h"

#include "base/mem.h"
#include "base/utf8.h"

#include <string.h>

enum { CTRL_C = 3 };

void input_init(struct input *in)
{
	*in = (struct input){0};
	buf_init(&in->held, 0);
	buf_init(&in->paste, INPUT_PASTE_MAX);
}

void input_release(struct input *in)
{
	buf_release(&in->held);
	buf_release(&in->paste);
}

static void found_key(input_found found, void *ctx, uint32_t key)
{
	struct msg m = {.type = MSG_KEY, .key = key};

	found(ctx, &m);
}

/* ---- Escape sequences ---- */

/* xterm's modifier parameter is 1 + bits: shift 1, alt 2, control 4. */
static uint32_t modifiers(int parameter)
{
	int bits = parameter > 0 ? parameter - 1 : 0;

	return (bits & 1 ? K_SHIFT : 0) | (bits & 2 ? K_ALT : 0) | (bits & 4 ? K_CTRL : 0);
}

/* ESC [ ... letter, and ESC O letter. */
static uint32_t letter_key(char letter)
{
	switch (letter) {
	case 'A': return K_UP;
	case 'B': return K_DOWN;
	case 'C': return K_RIGHT;
	case 'D': return K_LEFT;
	case 'H': return K_HOME;
	case 'F': return K_END;
	case 'P': return K_F1;
	case 'Q': return K_F2;
	case 'R': return K_F3;
	case 'S': return K_F4;
	case 'Z': return K_BACKTAB;
	case 'M': return K_ENTER; /* keypad, after ESC O only */
	default: return 0;
	}
}

/* ESC [ number ~ */
static uint32_t number_key(int number)
{
	static const uint32_t keys[] = {
		[1] = K_HOME,
		[2] = K_INSERT,
		[3] = K_DELETE,
		[4] = K_END,
		[5] = K_PGUP,
		[6] = K_PGDN,
		[7] = K_HOME,
		[8] = K_END,
		[11] = K_F1,
		[12] = K_F2,
		[13] = K_F3,
		[14] = K_F4,
		[15] = K_F5,
		[17] = K_F6,
		[18] = K_F7,
		[19] = K_F8,
		[20] = K_F9,
		[21] = K_F10,
		[23] = K_F11,
		[24] = K_F12,
	};

	return number >= 0 && (size_t)number < ARRAY_SIZE(keys) ? keys[number] : 0;
}

struct csi {
	char prefix; /* '<', '?', '>', '=' or 0 */
	int params[4];
	int count;
	char final;
};

/* `text` is what stands between ESC [ and the final byte, that one included. */
static bool csi_parse(const char *text, size_t len, struct csi *out)
{
	size_t i = 0;

	*out = (struct csi){.final = text[len - 1]};
	if (len > 1 && strchr("<?>=", text[0]))
		out->prefix = text[i++];
	for (; i + 1 < len; i++) {
		if (text[i] == ';') {
			out->count++;
		} else if (text[i] >= '0' && text[i] <= '9') {
			if (out->count < 4 && out->params[out->count] < 100000)
				out->params[out->count] = out->params[out->count] * 10 +
					(text[i] - '0');
		} else {
			return false;
		}
	}
	out->count++;
	return out->count <= 4;
}

static void found_mouse(const struct csi *c, input_found found, void *ctx)
{
	int button = c->params[0] & ~(4 | 8 | 16); /* without shift, meta, control */
	struct msg m = {.type = MSG_MOUSE, .x = c->params[1] - 1, .y = c->params[2] - 1};

	if (c->count != 3 || m.x < 0 || m.y < 0)
		return;
	if (button == 64)
		m.mouse = MOUSE_WHEEL_UP;
	else if (button == 65)
		m.mouse = MOUSE_WHEEL_DOWN;
	else if (button == 0)
		m.mouse = c->final == 'M' ? MOUSE_PRESS : MOUSE_RELEASE;
	else
		return;
	found(ctx, &m);
}

static void found_csi(struct input *in, const char *text, size_t len, input_found found, void *ctx)
{
	struct csi c;
	uint32_t key;

	if (!csi_parse(text, len, &c))
		return;
	if (c.prefix == '<' && (c.final == 'M' || c.final == 'm')) {
		found_mouse(&c, found, ctx);
		return;
	}
	if (c.prefix)
		return; /* a report that nobody asked for */
	if (c.final == '~' && c.params[0] == 200) {
		in->pasting = true;
		return;
	}
	key = c.final == '~' ? number_key(c.params[0]) : c.final == 'M' ? 0 : letter_key(c.final);
	if (key)
		found_key(found, ctx, key | modifiers(c.count > 1 ? c.params[1] : 0));
}

/*
 * How long the sequence at the start of `s` (s[0] is ESC) is; 0: not complete yet. CSI ends at
 * 0x40..0x7E, with the Linux console's ESC [ [ A as the exception; OSC, DCS, APC, PM and SOS at
 * BEL or ST.
 */
static size_t sequence_length(const char *s, size_t len)
{
	if (len < 2)
		return 0;
	if (s[1] == '[') {
		if (len > 2 && s[2] == '[')
			return len > 3 ? 4 : 0;
		for (size_t i = 2; i < len; i++)
			if ((s[i] >= 0x40 && s[i] <= 0x7e) || s[i] < 0x20)
				return i + 1;
		return 0;
	}
	if (s[1] == 'O')
		return len > 2 ? 3 : 0;
	if (strchr("]P_^X", s[1])) {
		for (size_t i = 2; i < len; i++)
			if (s[i] == '\a' || (s[i] == '\\' && s[i - 1] == '\033'))
				return i + 1;
		return 0;
	}
	if (s[1] == '\033')
		return 1; /* the first one was the key */
	return 2;
}

static uint32_t plain_key(uint32_t cp)
{
	if (cp == '\r' || cp == '\n')
		return K_ENTER;
	if (cp == '\t')
		return K_TAB;
	if (cp == 0x7f || cp == 0x08)
		return K_BACKSPACE;
	if (cp == 0x1b)
		return K_ESC;
	if (cp == 0)
		return K_CTRL | ' ';
	if (cp < 0x1b)
		return K_CTRL | (cp + 0x60);
	if (cp < 0x20)
		return K_CTRL | (cp + 0x40); /* Ctrl-\ ] ^ _ */
	return cp;
}

/* One sequence of known length. */
static void found_sequence(struct input *in, const char *s, size_t len, input_found found,
	void *ctx)
{
	if (len == 1) {
		found_key(found, ctx, K_ESC);
	} else if (s[1] == '[' && len == 4 && s[2] == '[') {
		if (s[3] >= 'A' && s[3] <= 'E')
			found_key(found, ctx, K_F1 + (uint32_t)(s[3] - 'A'));
	} else if (s[1] == '[') {
		found_csi(in, s + 2, len - 2, found, ctx);
	} else if (s[1] == 'O') {
		uint32_t key = letter_key(s[2]);

		if (key)
			found_key(found, ctx, key);
	} else if (len == 2 && (unsigned char)s[1] < 0x80) {
		found_key(found, ctx, K_ALT | plain_key((uint32_t)s[1]));
	}
}

/* ---- Pastes ---- */

/* What was pasted so far, once: at its end, or as soon as the limit is reached. */
static void tell_paste(struct input *in, input_found found, void *ctx)
{
	struct msg m = {.type = MSG_PASTE, .text = in->paste.data, .text_len = in->paste.len};

	if (!in->told)
		found(ctx, &m);
	in->told = true;
}

static void take_text(struct input *in, const char *s, size_t len, input_found found, void *ctx)
{
	size_t room = INPUT_PASTE_MAX - in->paste.len;

	buf_add(&in->paste, s, len < room ? len : room);
	if (len > room)
		tell_paste(in, found, ctx);
}

static void end_paste(struct input *in, input_found found, void *ctx)
{
	tell_paste(in, found, ctx);
	buf_reset(&in->paste);
	in->pasting = in->told = false;
}

/* Takes text up to the closing bracket; returns how many bytes, 0 when more are needed. */
static size_t take_paste(struct input *in, const char *s, size_t len, input_found found, void *ctx)
{
	static const char close[] = "\033[201~";
	size_t whole = sizeof close - 1;
	const char *end = memmem(s, len, close, whole);
	size_t text = end ? (size_t)(end - s) : len > whole ? len - whole : 0;

	take_text(in, s, text, found, ctx);
	if (end == NULL)
		return text;
	end_paste(in, found, ctx);
	return text + whole;
}

/* ---- Bytes ---- */

/* Takes one thing from the start of `s`; returns its length, 0 when it is not complete. */
static size_t take(struct input *in, const char *s, size_t len, input_found found, void *ctx)
{
	bool valid, more = false;
	uint32_t cp;
	size_t n;

	if (in->pasting)
		return take_paste(in, s, len, found, ctx);
	if (*s == '\033') {
		n = sequence_length(s, len);
		if (n)
			found_sequence(in, s, n, found, ctx);
		else if (len > INPUT_SEQUENCE_MAX)
			return len; /* endless: thrown away as it comes */
		return n;
	}
	n = utf8_decode(s, len, &cp, &valid, &more);
	if (more)
		return 0;
	if (valid && !(cp >= 0x80 && cp < 0xa0))
		found_key(found, ctx, plain_key(cp));
	return n;
}

static void take_all(struct input *in, input_found found, void *ctx)
{
	size_t at = 0, n;

	while (at < in->held.len &&
		(n = take(in, in->held.data + at, in->held.len - at, found, ctx)) > 0)
		at += n;
	buf_drop(&in->held, at);
}

void input_add(struct input *in, const char *bytes, size_t len, input_found found, void *ctx)
{
	if (in->pasting && len == 1 && *bytes == CTRL_C) {
		buf_reset(&in->held);
		buf_reset(&in->paste);
		in->pasting = in->told = false;
	}
	buf_add(&in->held, bytes, len);
	take_all(in, found, ctx);
}

int input_holds(const struct input *in)
{
	return in->pasting ? INPUT_PASTE_MS : in->held.len > 0 ? INPUT_HELD_MS : 0;
}

/*
 * What is held is not going to be finished: a paste ends, a lone ESC is the key, anything else is
 * thrown away.
 */
void input_timeout(struct input *in, input_found found, void *ctx)
{
	bool lone = in->held.len == 1 && in->held.data[0] == '\033';

	if (in->pasting) {
		/* What is held is text, but for a bracket that had begun. */
		const char *cut = memchr(in->held.data, '\033', in->held.len);

		take_text(in, in->held.data, cut ? (size_t)(cut - in->held.data) : in->held.len,
			found, ctx);
		end_paste(in, found, ctx);
		lone = false;
	}
	buf_reset(&in->held);
	if (lone)
		found_key(found, ctx, K_ESC);
}
