/* A framework that jobs may name. The public form is {"tensorflow": ["1.0.0", ...]}. */
#ifndef MLTOP_CORE_FRAMEWORK_H
#define MLTOP_CORE_FRAMEWORK_H

#include "core/schema/schema.h"

struct framework {
	struct record record;
	const char *name;
	struct strings versions;
	const char *description;
};
extern const struct kind framework_kind;

#endif
