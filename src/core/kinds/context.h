/* A platform that the person's files name, as the client lists it: no platform knows of this kind. */
#ifndef MLTOP_CORE_CONTEXT_H
#define MLTOP_CORE_CONTEXT_H

#include "core/schema/schema.h"

struct platform_context {
	struct record record;
	const char *name, *endpoint, *origin;
	bool current;
};
extern const struct kind context_kind;

#endif
