/*
 * Curves of a series (core/schema/series.h): a line with name, newest value and scale, and below it the
 * whole life from left to right, in braille where the terminal has it, in blocks, or in ASCII. What is
 * not known is left out; nan and infinities are marks of their own, and stretch no scale.
 */
#ifndef MLTOP_UI_CHART_H
#define MLTOP_UI_CHART_H

#include "core/schema/series.h"
#include "ui/kit/grid.h"
#include "ui/kit/layout.h"

enum { CHART_HEIGHT_MIN = 4, CHART_WIDTH_MIN = 24 };

/* `label` NULL: the field's name. */
void chart_draw(const struct series *s, size_t field, const char *label, struct grid *g,
	struct rect r);
/* What is said in place of a field's name: "val_acc" for metric_value. */
struct chart_label {
	const char *field, *label; /* label NULL: its name after all */
	bool used_only;            /* how the training goes is drawn elsewhere */
};
/* As many as fit, loss and metric first; at most three beside each other. */
void charts_draw(const struct series *s, struct chart_label label, struct grid *g, struct rect r);
/* Fields in that order of which something is known; returns how many. */
size_t charts_fields(const struct series *s, bool used_only, size_t out[SERIES_FIELDS_MAX]);
/* The newest `width` parts of the last `rows` rows in a line of that many cells: "▇▆▄▃▂▂▁". */
void chart_spark(const struct series *s, size_t field, int width, bool ascii, struct buf *out);

#endif
