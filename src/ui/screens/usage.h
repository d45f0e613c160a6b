/* What the files of the usage screens share. */
#ifndef MLTOP_UI_USAGE_H
#define MLTOP_UI_USAGE_H

#include "core/kinds/usage.h"
#include "ui/kit/stack.h"
#include "ui/screens/screens.h"

struct usage_view {
	struct table table;  /* first: what all screens of rows have */
	enum usage_by by;    /* the rows are told apart by that */
	int64_t first, last; /* days that were asked for */
};

/* Lines that the chart takes of a body of that size; 0: there is no room for one. */
int usage_chart_height(struct rect body);
/* Sums of all rows, and by day the bars of those who had most. */
void usage_chart_draw(const struct usage_view *s, struct grid *g, struct rect r);

#endif
