/*
 * Lines of our own text to scroll and search in: help, describe, a job's overview. Log text has a
 * pane of its own (logpane.h).
 */
#ifndef MLTOP_UI_TEXTPANE_H
#define MLTOP_UI_TEXTPANE_H

#include "core/schema/schema.h"
#include "ui/kit/grid.h"
#include "ui/kit/keymap.h"
#include "ui/kit/layout.h"

struct textline {
	char *text; /* clean; "label\tvalue" is drawn in two columns */
	enum grid_role role;
};

struct textpane {
	struct textline *lines;
	size_t len, cap;
	size_t top;
	int left;  /* cells scrolled to the right; while it is not 0 lines are cut, not folded */
	int width; /* when last drawn: how lines are folded; 0: not drawn yet */
	char *pattern; /* NULL: none */
};

void textpane_init(struct textpane *p);
void textpane_release(struct textpane *p);
void textpane_clear(struct textpane *p); /* keeps the place and the pattern */
/* `text` must be clean (record cells, our own words); newlines in it become lines. */
void textpane_add(struct textpane *p, enum grid_role role, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Adds the known fields of a record by section: all, or those whose bit is set in `sections`. */
void textpane_record(struct textpane *p, const struct kind *k, const void *rec, int64_t now,
	unsigned sections);
/* As record_cell; a time is the wall's with its offset, for people read it here. */
void textpane_cell(const struct kind *k, const void *rec, const struct field *f, int64_t now,
	struct buf *out);
bool textpane_action(struct textpane *p, enum action act, int page);
void textpane_scroll(struct textpane *p, int by, int page);
/* Looks for the pattern from the line after the top one; false: nowhere. */
bool textpane_search(struct textpane *p, const char *pattern);
bool textpane_next(struct textpane *p, bool backwards);
void textpane_draw(struct textpane *p, struct grid *g, struct rect r);
void textpane_text(const struct textpane *p, struct buf *out);

/* Bytes of `text` that fit into `width` cells, up to a blank where there is one; 0 only for "". */
size_t fold_text(const char *text, int width);
/* The piece of so many bytes, without blanks at its end; the caller frees. */
char *fold_piece(const char *text, size_t bytes);
/* Restyles what matches `pattern` in the drawn row y: no capitals in the pattern, no case. */
void highlight(struct grid *g, int x, int y, int width, const char *pattern);
/* Where `pattern` begins in `text`; NULL: nowhere. The same rule of case. */
const char *find_text(const char *text, const char *pattern);

#endif
