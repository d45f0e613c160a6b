/* What a change would cost: counted over the rows that it is about, and said before it is asked for. */
#ifndef MLTOP_UI_STAKES_H
#define MLTOP_UI_STAKES_H

#include "core/schema/schema.h"

struct app;

struct stakes {
	const struct kind *kind;
	size_t objects, live, others;
	int64_t gpus, longest, total;
	const void *first;
};

void stakes_add(struct stakes *s, const struct app *a, const void *row);
/* Appends lines, each ended by LF. */
void stakes_write(const struct stakes *s, const struct app *a, const struct kind_action *ka,
	struct buf *out);

#endif
