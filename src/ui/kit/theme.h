/*
 * What the roles of a frame look like. A theme is a table (themes/README.md says how it is
 * written); this turns it into numbers that a terminal layer can use as they are.
 */
#ifndef MLTOP_UI_THEME_H
#define MLTOP_UI_THEME_H

#include "base/err.h"
#include "ui/kit/grid.h"

#include <jansson.h>

/* A style for a terminal with so many colours. Colours: -1 the terminal's own, else 0 to 255. */
struct theme_style {
	int16_t fg, bg;
	uint16_t attrs; /* SGR_BOLD ... of base/sanitize.h */
};

/* Those that a theme has looks for; THEME_8 shows those of 16 as eight colours can. */
enum theme_depth { THEME_MONO, THEME_16, THEME_256, THEME_LOOKS, THEME_8 = THEME_LOOKS };

struct theme {
	char name[32];
	struct theme_style roles[THEME_LOOKS][ROLE_COUNT];
};

/*
 * Reads a theme; roles that it does not name keep the built-in look. On failure (a role or colour
 * that is not known, with its name in the sentence) `t` is untouched.
 */
bool theme_load(struct theme *t, const json_t *in, struct err *e);
void theme_builtin(struct theme *t); /* what holds without any file: readable on dark and light */
/*
 * Which depth to use: `colours` as the terminal says (0, 8, 16, 88, 256, more); `no_color` when
 * NO_COLOR is set and not empty.
 */
enum theme_depth theme_depth(int colours, bool no_color);
/* A cell's look: its role, the selection drawn over it, and a log's own style. */
struct theme_style theme_cell(const struct theme *t, enum theme_depth depth, const struct cell *c);

#endif
