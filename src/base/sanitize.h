/*
 * The one place where bytes that are not ours become text that cannot control a terminal.
 *
 * Policy (docs/ARCHITECTURE.md, "Text that is not ours"): strict UTF-8, each maximal invalid part
 * becomes U+FFFD; C0 other than TAB and LF becomes ^X, C1 (raw or as C2 80..9F) \x9b; escape
 * sequences never act: an escape introducer and its sequence become caret text of at most 64
 * bytes, string sequences (OSC, DCS, APC, PM, SOS) end at ST, BEL, newline or 4,096 bytes; bidi
 * controls become <U+202E>; zero-width and format characters are made visible (ZWJ and VS16 only
 * inside emoji, where the joined emoji is reduced to its base); tags, private use and
 * noncharacters become U+FFFD; U+2028, U+2029 and U+0085 become visible markers, not newlines; at
 * most 3 combining marks per base and none without a base.
 * The result is valid UTF-8 without control characters (TAB only where kept).
 */
#ifndef MLTOP_BASE_SANITIZE_H
#define MLTOP_BASE_SANITIZE_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A field, name or error text: one line. TAB and LF become a blank; SGR is removed to caret text
 * like any other sequence. Appends to `out`.
 */
void sanitize_text(struct buf *out, const char *bytes, size_t len);

/* SGR attributes of a run of log text. Colours: -1 default, 0..255 palette (true colour is mapped). */
struct sgr {
	int16_t fg, bg;
	uint16_t attrs; /* SGR_* */
};
enum {
	SGR_BOLD = 1,
	SGR_DIM = 2,
	SGR_ITALIC = 4,
	SGR_UNDERLINE = 8,
	SGR_REVERSE = 16,
	SGR_STRIKE = 32
};
#define SGR_NONE ((struct sgr){-1, -1, 0})

/* `text` from byte `at` on (of the sanitised line) has this style. */
struct sgr_run {
	size_t at;
	struct sgr style;
};

struct sanitized_line {
	struct buf text;      /* sanitised; tabs are expanded to blanks at 8 cells */
	struct sgr_run *runs; /* in order of `at`; none means default throughout */
	size_t run_count, run_cap;
};

void sanitized_line_init(struct sanitized_line *line);
void sanitized_line_release(struct sanitized_line *line);
/* The style of the text that is added next, where it differs from that before. */
void sanitized_line_style(struct sanitized_line *line, struct sgr style);
/* Appends the first `len` bytes of the text, with `colour` and their styles, which end with them. */
void sanitized_line_write(const struct sanitized_line *line, size_t len, bool colour,
	struct buf *out);

/*
 * One log line without its LF (a CR just before the LF is dropped). With `fold` what draws (CR,
 * backspaces and the sequences of base/fold.h, which is for more than one line) has been carried
 * out; without (raw view) all of it is shown, a CR as ^M. SGR within the policy becomes runs; a
 * foreground equal to its background, or too near to be told from it, resets both. No state crosses
 * a line. Replaces what `line` held.
 */
void sanitize_log_line(struct sanitized_line *line, const char *bytes, size_t len, bool fold);

#endif
