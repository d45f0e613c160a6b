/* Small pictures made of characters: blocks where there is UTF-8, else ASCII. */
#ifndef MLTOP_UI_GLYPHS_H
#define MLTOP_UI_GLYPHS_H

#include "base/buf.h"

#include <stdbool.h>

enum { GLYPH_LEVELS = 8 };
/* One cell, filled to 0 (a line at its bottom) up to GLYPH_LEVELS - 1 (all of it). */
const char *glyph_level(int level, bool ascii);
/* "██░░", `part` of so many cells: full only where nothing is left, empty only where nothing is done. */
void glyph_bar(double part, int cells, bool ascii, struct buf *out);

#endif
