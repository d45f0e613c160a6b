/*
 * Curves of a job's event files: which tags there are, and the runs of one of them in one picture,
 * each in a colour of its own (and by a mark where there are no colours). Names are clean.
 */
#ifndef MLTOP_UI_CURVES_H
#define MLTOP_UI_CURVES_H

#include "base/vec.h"
#include "ui/kit/grid.h"
#include "ui/kit/layout.h"

#include <jansson.h>

enum { CURVES_RUNS_MAX = 64, CURVES_TAGS_MAX = 4000, CURVES_POINTS = 480 };

struct curve_point {
	double step, value; /* value may be nan or infinite */
};

struct curve_run {
	char *name;
	VEC(struct curve_point) points; /* by step */
};

struct curve_tag {
	char *name;  /* as the platform has it */
	char *shown; /* clean */
};

/* Zeroed: nothing is known. */
struct curves {
	VEC(struct curve_tag) tags; /* by name, each once */
	size_t chosen;              /* of them */
	VEC(struct curve_run) runs; /* of the tag that was asked for last */
};

void curves_release(struct curves *c);
/*
 * The answer of GET .../scalars says which tags there are, and keeps the choice by its name. False: none
 * of event files.
 */
bool curves_names(struct curves *c, const json_t *answer);
/* The same says the points of one tag, in each of its runs. */
void curves_points(struct curves *c, const json_t *answer);
/* The next tag, or the one before, round. False: there is no other. */
bool curves_choose(struct curves *c, bool before);
/* The next whose name has that text in it. False: none has. */
bool curves_find(struct curves *c, const char *text);
void curves_draw(const struct curves *c, struct grid *g, struct rect r);

#endif
