/* What can be set of the local engine, and the rows of it (core/schema/schema.h). */
#ifndef MLTOP_ENGINE_LOCAL_SETTINGS_H
#define MLTOP_ENGINE_LOCAL_SETTINGS_H

#include "core/schema/schema.h"

struct local_settings {
	int64_t max_tasks;         /* 0: as many as CPUs */
	int64_t processes_per_org; /* threads counted; 0: no limit */
	const char *path;          /* of tasks that run as another user; NULL, "": the system's */
	struct bytes log_limit;    /* of an attempt; 0: none */
	struct bytes log_reserve;  /* a fiftieth of the disk at most; 0: none */
	struct ms sample;
};

/* In a struct S that has it as member `local`. */
/* clang-format off */
#define LOCAL_SETTINGS(S)                                                                         \
	ROW(S, local.max_tasks, int, .flags = F_NEW, .standard = "0", .max = 1000000,             \
		.doc = "Tasks that run at once; 0: as many as CPUs."),                            \
	ROW(S, local.processes_per_org, int, .flags = F_NEW, .standard = "8192", .max = 1000000,  \
		.doc = "Processes and threads of an org's tasks together, where each org has a "  \
		       "Unix user; a quarter of the machine's at most; 0: no limit."),            \
	ROW(S, local.path, text, .flags = F_NEW, .standard = "/usr/local/bin:/usr/bin:/bin",      \
		.max = 4096,                                                                      \
		.doc = "PATH of tasks, where each org has a Unix user; a job may set its own."),  \
	ROW(S, local.log_limit, bytes, .flags = F_NEW, .standard = "1G", .max = (int64_t)1 << 50, \
		.doc = "Log kept of an attempt, the newest part; 0: all."),                       \
	ROW(S, local.log_reserve, bytes, .flags = F_NEW, .standard = "256M",                      \
		.max = (int64_t)1 << 50,                                                          \
		.doc = "Free space that logs leave on the disk, a fiftieth of it at most: what "  \
		       "a task writes then is not kept; 0: none."),                               \
	ROW(S, local.sample, duration, .flags = F_NEW, .standard = "2s", .min = 100,              \
		.max = 3600000, .doc = "Time between two samples of CPU and memory.")
/* clang-format on */

#endif
