/*
 * Bars beside each other, each of parts on top of each other: what several had of something, by day.
 * Parts are told apart by their marks as well as by colours; ASCII where there is nothing else.
 */
#ifndef MLTOP_UI_STACK_H
#define MLTOP_UI_STACK_H

#include "ui/kit/grid.h"
#include "ui/kit/layout.h"

enum { STACK_PARTS = 5 };
struct stack_bar {
	double parts[STACK_PARTS]; /* the first at the bottom; none below 0 */
};

/* The mark of a cell of that part, and how it looks: for the legend. */
const char *stack_mark(size_t part, bool ascii);
enum grid_role stack_role(size_t part);
/* Cells from one bar to the next, its gap included, where so many are to be in that width; 0: too many. */
int stack_pitch(size_t count, int width);
/* The highest bar fills the height. */
void stack_draw(const struct stack_bar *bars, size_t count, struct grid *g, struct rect r);

#endif
