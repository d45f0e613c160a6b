/* What may be said of a hold of an org's queue. */
#ifndef MLTOP_CORE_HOLD_H
#define MLTOP_CORE_HOLD_H

#include "core/schema/schema.h"

struct hold {
	struct record record;
	const char *note;
};
extern const struct kind hold_kind;

#endif
