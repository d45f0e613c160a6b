/*
 * A GPU, or a MIG device that one was divided into, as the engine sees it now and with the job that
 * holds it. On a platform that several orgs share, one that an org's job holds has two rows: the
 * org's own, which says which job that is, and one for everybody else, which does not.
 */
#ifndef MLTOP_CORE_GPU_H
#define MLTOP_CORE_GPU_H

#include "core/schema/schema.h"

enum gpu_state {
	GPU_FREE,
	GPU_USED,
	GPU_LOST,
	GPU_FOREIGN,
	GPU_STALLED,
	GPU_MIG,
	GPU_DRAINED, /* free, and its node is drained */
};
extern const char *const gpu_state_words[];
extern const struct word_look gpu_state_looks[];

/* Inside its node: what an engine does not know of it is unknown. */
struct device {
	struct record record;
	const char *uuid;
	int64_t index;
	struct percent util;
	struct bytes mem_used, mem_total;
	double temperature, power, power_limit; /* degrees Celsius; watts */
	unsigned state;
};
extern const struct kind device_kind;

struct gpu_process_row {
	struct record record;
	struct bytes memory;
	const char *pid, *name, *job_name; /* no job: it is not the platform's */
};
extern const struct kind gpu_process_row_kind;

struct gpu {
	struct record record;
	const char *uid; /* the uuid; of a row for everybody else with "~" behind it */
	const char *uuid, *name, *node_name, *parent, *pci;
	int64_t index;
	unsigned state; /* enum gpu_state */
	const char *message;
	const char *holder,
		*veils; /* org_id of the job; in a row for all but that org: of that one */
	const char *org_name, *job_name, *job_uid, *owner;
	struct percent util, fan;
	struct bytes mem_used, mem_total;
	double temperature, power, power_limit; /* degrees Celsius; watts */
	int64_t clock, memory_clock;            /* MHz */
	struct when as_of;
	struct records processes; /* struct gpu_process_row */
};
extern const struct kind gpu_kind;

#endif
