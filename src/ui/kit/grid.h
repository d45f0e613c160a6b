/*
 * A frame: cells of text, width and role. The view draws the whole of it each time from the model;
 * mltop/term sends what differs. Nothing here knows a terminal or a colour.
 */
#ifndef MLTOP_UI_GRID_H
#define MLTOP_UI_GRID_H

#include "base/buf.h"
#include "base/sanitize.h"

#include <stdbool.h>
#include <stdint.h>

/* What a cell means; a theme says how that looks. ROLE_WORDS in grid.c and themes name them. */
enum grid_role {
	ROLE_NORMAL,
	ROLE_DIM,
	ROLE_TITLE,
	ROLE_HEADER,
	ROLE_SELECTED,
	ROLE_MARKED,
	ROLE_GOOD,
	ROLE_WARN,
	ROLE_BAD,
	ROLE_ACCENT,
	ROLE_KEY,
	ROLE_MATCH,
	ROLE_PROMPT,
	ROLE_FIELD,
	ROLE_BORDER,
	ROLE_STALE,
	ROLE_BAR,
	ROLE_BAR_REST,
	ROLE_BADGE,
	ROLE_COUNT,
};
extern const char *const grid_role_words[]; /* "normal" "dim" ... NULL-ended */
extern const char grid_role_letters[];      /* one letter each, for golden screens */

enum { GRID_CELL_BYTES = 16, GRID_COLS_MAX = 1000, GRID_ROWS_MAX = 500 };

struct cell {
	char text[GRID_CELL_BYTES]; /* one cluster, NUL-ended; "" is the right half of a wide one */
	uint8_t width;              /* 0 (right half), 1, 2 */
	uint8_t role;
	bool selected;  /* drawn over any role: the cursor's row keeps its colours */
	struct sgr sgr; /* log text's own style; SGR_NONE elsewhere */
};

struct grid {
	int cols, rows;
	struct cell *cells;     /* rows * cols, row by row */
	int cursor_x, cursor_y; /* -1: hidden */
	bool ascii;             /* no UTF-8: an ellipsis is '~' */
	bool braille;           /* the terminal has dots of braille: curves are drawn with them */
};

void grid_init(struct grid *g);
void grid_release(struct grid *g);
void grid_resize(struct grid *g, int cols, int rows); /* clamped; contents are lost */
void grid_erase(struct grid *g);                      /* blanks, ROLE_NORMAL, no cursor */
/*
 * Puts text at (x, y), clipped to `width` cells and the frame; returns cells used. A wide cluster
 * that would be cut shows '>' in its place. Text must be sanitised; other bytes show as U+FFFD.
 */
int grid_text(struct grid *g, int x, int y, int width, enum grid_role role, const char *text);
int grid_textf(struct grid *g, int x, int y, int width, enum grid_role role, const char *format,
	...) __attribute__((format(printf, 6, 7)));
/* The same, aligned right in `width`; too long a text keeps its head and ends in '~' (… in UTF-8).
 */
void grid_right(struct grid *g, int x, int y, int width, enum grid_role role, const char *text);
/* Like grid_text but a text that does not fit ends in an ellipsis. */
int grid_clip(struct grid *g, int x, int y, int width, enum grid_role role, const char *text);
void grid_fill(struct grid *g, int x, int y, int width, int height, enum grid_role role);
void grid_role(struct grid *g, int x, int y, int width, enum grid_role role); /* restyles */
void grid_select(struct grid *g, int x, int y, int width);
bool grid_equal(const struct grid *a, const struct grid *b);
/* Text with roles and the cursor for goldens: {b:text} marks a role by its letter, ^ the cursor. */
void grid_dump(const struct grid *g, struct buf *out);

#endif
