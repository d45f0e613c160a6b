/*
 * What the parts of the sanitiser share; private to src/base/sanitize*.c and fold*.c.
 */
#ifndef MLTOP_BASE_SANITIZE_PARTS_H
#define MLTOP_BASE_SANITIZE_PARTS_H

#include "base/sanitize.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SEQUENCE_MAX = 4096, /* bytes of an escape sequence; what follows is text again */
	SEQUENCE_SHOWN = 64, /* bytes of caret text that show it */
	MARKS_MAX = 3,       /* combining marks on a base */
	SGR_PARAMS_MAX = 16,
	SGR_DIGITS_MAX = 4,
};

/* One character as found: a good one, or a maximal invalid part. */
struct unit {
	uint32_t cp; /* the character; the byte itself for a raw C1; else U+FFFD */
	size_t len;
	bool valid;
};
struct unit unit_read(const char *s, size_t len);

/* Is this ESC or a C1 control, in either encoding? */
bool unit_is_escape(const struct unit *u);
/* Bytes of the escape sequence at `s`, whose introducer is `u`; at least u->len. */
size_t sequence_length(const char *s, size_t len, const struct unit *u);
/* Applies `ESC [ ... m` to *style. False, with *style untouched, when the policy does not allow it. */
bool sgr_apply(struct sgr *style, const char *s, size_t len);
bool sgr_equal(struct sgr a, struct sgr b);
/* Appends the bytes that set a terminal to this style, whatever it was set to before. */
void sgr_write(struct buf *out, struct sgr style);

/* The text being written. */
struct writer {
	struct buf *out;
	struct sanitized_line *line; /* NULL: plain text, no styles, no tab stops */
	struct sgr style;            /* what the bytes ask for; substituted text is reversed */
	size_t cells;                /* since the line's start, for tab stops */
	int marks;  /* on the last base; more than MARKS_MAX: there is none to take one */
	bool emoji; /* the last base is an emoji: selectors and joiners may follow */
};
/* How many of the bytes from `s` on are printable ASCII. */
size_t plain_length(const char *s, size_t len);
/* Sanitises all of `bytes`, LF included, into the writer. */
void write_text(struct writer *w, const char *bytes, size_t len);

#endif
