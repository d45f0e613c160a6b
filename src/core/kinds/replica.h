/* A replica of a model service: a task that serves at a port of its own. */
#ifndef MLTOP_CORE_REPLICA_H
#define MLTOP_CORE_REPLICA_H

#include "core/kinds/workload.h"

struct replica {
	struct workload;
	const char *replica_name;
	const char *parent, *parent_kind; /* uid of the service */
	int64_t index, generation, port;
	bool ready;
	struct strings command;
	struct labels env;
	const char *work_dir;
	struct mcpu cpu_limit;
	struct bytes memory_limit;
	int64_t gpu_limit;
	struct ms stop_grace;
};
extern const struct kind replica_kind;

#endif
