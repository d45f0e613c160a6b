/* One curve as points along the cells that it is drawn in. Private to charts and curves. */
#ifndef MLTOP_UI_CHART_PARTS_H
#define MLTOP_UI_CHART_PARTS_H

#include "core/schema/series.h"
#include "ui/kit/grid.h"
#include "ui/kit/layout.h"

#include <math.h>

enum { CURVE_POINTS_MAX = 2 * GRID_COLS_MAX };

/* What stands at a point: a number, nan, an infinity, or nothing (SERIES_UNKNOWN). */
struct curve {
	float points[CURVE_POINTS_MAX];
	int count;
	double low, high;    /* of the scale */
	float least, most;   /* of the numbers; least > most: there are none */
	enum grid_role role; /* its colour */
	const char *mark;    /* where colours and dots cannot tell lines apart */
};

bool chart_number(float v);
/* Points that a curve has in that many cells: two in a cell of braille. */
int curve_points(const struct grid *g, struct rect plot);
/* How high of `steps`, 0 at the bottom; -1: nothing stands there. */
int curve_height(const struct curve *c, int i, int steps);
/* nan or infinite. */
bool curve_odd(const struct curve *c, int i);
/* `several`: others are drawn in the same cells, so nothing is filled below the line. */
void curve_draw(const struct curve *c, bool several, struct grid *g, struct rect plot);

#endif
