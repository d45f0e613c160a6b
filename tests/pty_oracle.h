/*
 * Reads bytes written to a terminal and reports every control function that nobody allowed.
 *
 * Independent of the sanitiser on purpose: it shares no code with src/, so that one mistake does not
 * hide another. Every test program links it; scripts build tests/tools/pty_oracle_main.c.
 *
 * An allow-list is a NULL-ended vector of names as the oracle itself spells them:
 *   "C0 0A"      a C0 control or DEL, in hex      "CSI K"      by final (with intermediates), any
 *   "ESC c"      ESC with intermediates and final              parameters; those of modes and of
 *   "OSC 52"     by its number                                 windows must be equal: "CSI ?25h"
 *   "SGR policy" CSI m, only with the parameters that log text may have
 * Not allowed ever: invalid UTF-8, C1 controls in any encoding, bidi and zero-width characters,
 * tags, private use, noncharacters, and bytes that end inside a sequence.
 */
#ifndef MLTOP_TESTS_PTY_ORACLE_H
#define MLTOP_TESTS_PTY_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pty_state { PTY_GROUND, PTY_ESCAPE, PTY_CSI, PTY_STRING, PTY_STRING_ESCAPE };

struct pty_oracle {
	const char *const *allowed;
	enum pty_state state;
	char seen[96]; /* the sequence being read, or its first bytes */
	size_t seen_len;
	char introducer;   /* of the string being read: ] P _ ^ X */
	uint32_t cp;       /* the character being read */
	int wanted;        /* continuation bytes still to come */
	uint32_t smallest; /* below it the encoding is overlong */
	size_t offset;     /* bytes read */
	size_t faults;
	char first[128]; /* the first fault: "CSI 2J at byte 12" */
};

extern const char *const pty_allow_plain[]; /* LF alone: a pipe, NO_COLOR */
extern const char
	*const pty_allow_text[]; /* LF and SGR of the policy: `mltop logs` on a terminal */
extern const char
	*const pty_allow_live[]; /* and what draws bars there: `mltop logs -f`, `mltop run` */
extern const char
	*const pty_allow_screen[]; /* what ncurses writes for xterm-256color, and our modes */

void pty_oracle_init(struct pty_oracle *o, const char *const *allowed);
void pty_oracle_feed(struct pty_oracle *o, const void *bytes, size_t len);
/* True when nothing that is not allowed was seen and no sequence is left open. */
bool pty_oracle_end(struct pty_oracle *o);

#endif
