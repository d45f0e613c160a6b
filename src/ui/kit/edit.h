/*
 * One line of text being typed: filter, palette, search, form field, prompt. Owner: whoever holds
 * the struct. The text is always valid UTF-8 without control characters.
 */
#ifndef MLTOP_UI_EDIT_H
#define MLTOP_UI_EDIT_H

#include "ui/kit/grid.h"

struct edit {
	struct buf text;
	size_t at;     /* the cursor, in bytes, at the start of a cluster */
	bool selected; /* all of it: the next character, paste or deletion replaces it */
	bool hidden;   /* a secret: drawn as dots, wiped, and taken as it is or not at all */
};

enum { EDIT_MAX = 4096, EDIT_PASTE_MAX = 64 * 1024 };

void edit_init(struct edit *e, size_t max); /* bytes; 0: EDIT_MAX */
/* After edit_init: what is typed is nobody's to see, nor to find in memory later. */
void edit_hide(struct edit *e);
void edit_release(struct edit *e);
void edit_set(struct edit *e, const char *text); /* the cursor goes to the end */
void edit_select(struct edit *e);                /* what there is, if anything */
/*
 * Typed or pasted bytes, sanitised here; newlines become blanks. Nothing of what is hidden may be changed
 * so: false, and nothing is put there, where it has several lines, other control characters or is too
 * long; an end of line at its end is left out.
 */
bool edit_insert(struct edit *e, const char *bytes, size_t len);
/* True when the key was one for the field: a character, a move, a deletion. */
bool edit_key(struct edit *e, uint32_t key);
/* Draws the part around the cursor; puts the frame's cursor there when `focus`. */
void edit_draw(const struct edit *e, struct grid *g, int x, int y, int width, enum grid_role role,
	bool focus);

#endif
