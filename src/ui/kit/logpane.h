/*
 * A log on the screen. The pane holds only a window of lines, sanitised as they come in; it asks
 * for the window it needs and never for more than one at a time. Lines are counted from 0 as the
 * log store counts them: as one sees them, or (raw) one for each LF; a place in a folded line is
 * (line, row within it).
 */
#ifndef MLTOP_UI_LOGPANE_H
#define MLTOP_UI_LOGPANE_H

#include "ui/kit/grid.h"
#include "ui/kit/keymap.h"
#include "ui/kit/layout.h"
#include "ui/kit/msg.h"

struct logrow {
	struct sanitized_line line;
	uint64_t offset, lost; /* lost: bytes of a gap; 0: nobody knows how many */
	size_t raw_len;
	bool gap, partial, drawn, raw;
};

enum { LOG_WINDOW_MAX = 600 };

struct logpane {
	uint32_t sub;
	int64_t lines, bytes;
	bool open, final;    /* the first state came; the log is whole */
	char *end, *error;   /* how it ended; why there is none; clean */
	struct logrow *rows; /* lines first .. first + len - 1 */
	size_t len;
	int64_t first;
	bool asking, tail_stale; /* a window is on its way; the last lines may be others since */
	bool seeking;            /* the line of a byte is looked for, no window is asked for */
	bool jumping;            /* to mark it; asked for again while it is not there */
	uint64_t jump;           /* its offset */
	int64_t asked_from, asked_count; /* the newest window asked for */
	bool follow, wrap, raw;
	int64_t top;
	int top_row, left;
	int64_t paused_at;     /* lines there were when following stopped */
	char *pattern;         /* NULL: none */
	int64_t hit;           /* line of the newest hit, -1: none */
	bool finding, wrapped; /* a search is on its way; it went on from the other end */
	bool backwards;
	int width, height; /* of the last layout */
};

void logpane_init(struct logpane *p);
void logpane_release(struct logpane *p);
/* Forgets the log, keeps how it is looked at. */
void logpane_reset(struct logpane *p);
void logpane_size(struct logpane *p, int width, int height);
/* True when the message was for this pane. Asks for what it shows by commands. */
bool logpane_message(struct logpane *p, const struct msg *m, struct cmds *out);
bool logpane_action(struct logpane *p, enum action act, struct cmds *out);
void logpane_scroll(struct logpane *p, int64_t rows, struct cmds *out);
void logpane_find(struct logpane *p, const char *pattern, bool backwards, struct cmds *out);
/* To the line with the byte at that stream offset, as soon as it is there, and marks it. */
void logpane_jump(struct logpane *p, uint64_t offset, struct cmds *out);
/* The cached row of a line; NULL: not here. */
const struct logrow *logpane_row(const struct logpane *p, int64_t line);
/* Screen rows that a line takes. */
int logpane_rows(const struct logpane *p, int64_t line);
int64_t logpane_new_lines(const struct logpane *p);
/* Puts top and top_row where the end is seen, when following or scrolled too far. */
void logpane_place(struct logpane *p);
void logpane_draw(struct logpane *p, struct grid *g, struct rect r);
/* The lines on the screen as text. */
void logpane_text(const struct logpane *p, struct buf *out);

#endif
