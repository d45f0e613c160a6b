/* A place in the log of a task's attempt, inside of what points there. */
#ifndef MLTOP_CORE_LOG_PLACE_H
#define MLTOP_CORE_LOG_PLACE_H

#include "core/schema/schema.h"

struct log_place {
	struct record record;
	const char *task;
	int64_t attempt, offset; /* offset: of the begin of a line */
};
extern const struct kind log_place_kind;

#endif
