/* A machine that work runs on, as the engine tells of it. */
#ifndef MLTOP_CORE_NODE_H
#define MLTOP_CORE_NODE_H

#include "core/schema/schema.h"

enum node_state { NODE_READY, NODE_FULL };

struct node {
	struct record record;
	const char *name;
	struct labels labels;
	unsigned state;
	struct mcpu cpu_total, cpu_used;
	struct bytes memory_total, memory_used;
	int64_t gpu_total, gpu_used, tasks;
	struct records gpus; /* struct device */
	const char *gpu_note;
	struct percent gpu_util, cpu_load;
	struct bytes memory_load, network_in, network_out; /* in use; a second */
};
extern const struct kind node_kind;

#endif
