/* A GPU of a node, inside the node. What an engine does not know of it is unknown. */
#ifndef MLTOP_CORE_GPU_H
#define MLTOP_CORE_GPU_H

#include "core/schema/schema.h"

enum gpu_state { GPU_FREE, GPU_USED, GPU_LOST };

struct gpu {
	struct record record;
	const char *uuid;
	int64_t index;
	struct percent util;
	struct bytes mem_used, mem_total;
	double temperature, power, power_limit; /* degrees Celsius; watts */
	unsigned state;
};
extern const struct kind gpu_kind;

#endif
