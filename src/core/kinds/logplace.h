/* A place in the log of a task's attempt, inside of what points there. */
#ifndef MLTOP_CORE_LOGPLACE_H
#define MLTOP_CORE_LOGPLACE_H

#include "core/schema/schema.h"

struct logplace {
	struct record record;
	const char *task;
	int64_t attempt, offset; /* offset: of the begin of a line */
};
extern const struct kind logplace_kind;

#endif
