/* A machine that work runs on, as the engine tells of it. */
#ifndef MLTOP_CORE_NODE_H
#define MLTOP_CORE_NODE_H

#include "core/schema/schema.h"

enum node_state {
	NODE_READY,
	NODE_FULL,
	NODE_DRAINING, /* nothing new starts there, and something runs still */
	NODE_DRAINED,
	NODE_AWAY, /* the engine does not have it, and it is to be drained when it comes */
};

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
	bool drained, drain_evict;
	const char *drained_by, *drain_note;
	struct when drained_since;
};
extern const struct kind node_kind;

enum { NODE_ACTIONS = 3 };
extern const struct kind_action node_actions[]; /* node_drain.c */

#endif
