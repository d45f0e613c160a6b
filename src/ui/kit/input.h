/*
 * Bytes from a terminal as keys, mouse and pastes. Pure but for the caller's clock: a sequence may
 * be split anywhere across reads; a lone ESC is held until input_timeout says that it was the key.
 * Leftovers of sequences that nobody knows are swallowed whole, never taken for keys.
 *
 * Sources: ECMA-48 5.4 (CSI), xterm's ctlseqs (SGR mouse 1006, bracketed paste 2004, modifiers),
 * console_codes(4) for the Linux console's F1 to F5.
 */
#ifndef MLTOP_UI_INPUT_H
#define MLTOP_UI_INPUT_H

#include "base/buf.h"
#include "ui/kit/msg.h"

enum {
	INPUT_HELD_MS = 25,
	INPUT_PASTE_MS = 1000,
	INPUT_PASTE_MAX = 64 * 1024,
	INPUT_SEQUENCE_MAX = 256,
};

struct input {
	struct buf held;  /* an unfinished sequence or character */
	struct buf paste; /* text between the paste brackets */
	bool pasting;
	bool told; /* the limit was reached and the text given away: the rest is dropped */
};

/* Called for each thing found; msg holds key, mouse or paste fields only. */
typedef void (*input_found)(void *ctx, const struct msg *m);

void input_init(struct input *in);
void input_release(struct input *in);
void input_add(struct input *in, const char *bytes, size_t len, input_found found, void *ctx);
/*
 * How long after the last byte input_timeout is wanted, in ms; 0: nothing is held. A paste whose
 * closing bracket is lost ends so, or by a Ctrl-C that comes alone (in a pasted text it is text).
 */
int input_holds(const struct input *in);
void input_timeout(struct input *in, input_found found, void *ctx);

#endif
