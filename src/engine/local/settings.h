/* What can be set of the local engine, and the rows of it (core/schema/schema.h). */
#ifndef MLTOP_ENGINE_LOCAL_SETTINGS_H
#define MLTOP_ENGINE_LOCAL_SETTINGS_H

#include "core/schema/schema.h"

/* How limits are to be held; LOCAL_LIMITS_AUTO: by control groups where that can be, else polled. */
enum local_limits { LOCAL_LIMITS_AUTO, LOCAL_LIMITS_CGROUP, LOCAL_LIMITS_POLL, LOCAL_LIMITS_NONE };
extern const char *const local_limits_words[];

struct local_settings {
	int64_t max_tasks;         /* 0: as many as CPUs */
	struct labels labels;      /* of the machine */
	int64_t processes_per_org; /* threads counted; 0: no limit */
	unsigned limits;           /* enum local_limits */
	const char *cgroup_root;   /* NULL, "": the daemon's own place */
	bool open_loopback;
	const char *path;         /* of tasks that run as another user; NULL, "": the system's */
	struct bytes log_limit;   /* of an attempt; 0: none */
	struct bytes log_reserve; /* a fiftieth of the disk at most; 0: none */
	struct ms sample;
	struct {
		struct strings allow, podman, options;
		struct ms pull_limit;
	} images;
	const char *gpu_library; /* NULL, "": NVIDIA's by its own name */
	const char *gpu_sysfs;   /* NULL, "": /sys */
	bool gpu_share;          /* those that others use are given out as well */
};

/* In a struct S that has it as member `local`. */
/* clang-format off */
#define LOCAL_SETTINGS(S)                                                                         \
	ROW(S, local.max_tasks, int, .flags = F_NEW, .standard = "0", .max = 1000000,             \
		.doc = "Tasks that run at once; 0: as many as CPUs."),                            \
	ROW(S, local.labels, labels, .flags = F_NEW, .max = 16384,                                \
		.doc = "Labels of the machine, which node_selector_key and node_selector_value "  \
		       "of a job may name: zone=a, rack=7."),                                     \
	ROW(S, local.processes_per_org, int, .flags = F_NEW, .standard = "8192", .max = 1000000,  \
		.doc = "Processes and threads of an org's tasks together, where each org has a "  \
		       "Unix user; a quarter of the machine's at most; 0: no limit."),            \
	ROW(S, local.limits, enum, .flags = F_NEW, .standard = "auto",                            \
		.names = local_limits_words,                                                      \
		.doc = "How limits of CPU, memory and processes are held: cgroup (mltopd does "   \
		       "not start where that cannot be), poll (processors by affinity, memory "   \
		       "looked at), none, or auto: cgroup where it can be, else poll."),          \
	ROW(S, local.cgroup_root, text, .flags = F_NEW, .standard = "", .max = 512,               \
		.doc = "Folder of control groups below which tasks get theirs: a group of cgroup "\
		       "v2, or the folder with the trees of v1; empty: where mltopd itself is."), \
	ROW(S, local.open_loopback, flag, .flags = F_NEW, .standard = "false",                    \
		.doc = "Services, TensorBoards and distributed jobs of several orgs also where "  \
		       "tasks of one can connect to ports of another's (mltop doctor says)."),    \
	ROW(S, local.path, text, .flags = F_NEW, .standard = "/usr/local/bin:/usr/bin:/bin",      \
		.max = 4096,                                                                      \
		.doc = "PATH of tasks, where each org has a Unix user; a job may set its own."),  \
	ROW(S, local.log_limit, bytes, .flags = F_NEW, .standard = "1G", .max = (int64_t)1 << 50, \
		.doc = "Log kept of an attempt, the newest part; 0: all."),                       \
	ROW(S, local.log_reserve, bytes, .flags = F_NEW, .standard = "256M",                      \
		.max = (int64_t)1 << 50,                                                          \
		.doc = "Free space that logs leave on the disk, a fiftieth of it at most: what "  \
		       "a task writes then is not kept; 0: none."),                               \
	ROW_AS(S, "images.allow", local.images.allow, strings, .flags = F_NEW, .standard = "*",   \
		.max = 65536,                                                                     \
		.doc = "Images that jobs may run in (docker_image): names, or their beginnings "  \
		       "before a *. On a platform that several people share none runs."),         \
	ROW_AS(S, "images.podman", local.images.podman, strings, .flags = F_NEW,                  \
		.standard = "podman", .max = 4096,                                                \
		.doc = "Podman, and words for it that stand before its command."),                \
	ROW_AS(S, "images.options", local.images.options, strings, .flags = F_NEW,                \
		.standard = "", .max = 4096,                                                      \
		.doc = "Further options of podman run, such as --ulimit=nofile=1024:1024."),      \
	ROW_AS(S, "images.pull_limit", local.images.pull_limit, duration, .flags = F_NEW,         \
		.standard = "30m", .min = 1000, .max = 86400000,                                  \
		.doc = "Time that the pull of an image may take."),                               \
	ROW(S, local.sample, duration, .flags = F_NEW, .standard = "2s", .min = 100,              \
		.max = 3600000, .doc = "Time between two samples of CPU, memory and GPUs."),      \
	ROW(S, local.gpu_library, text, .flags = F_NEW, .standard = "libnvidia-ml.so.1",          \
		.max = 4096,                                                                      \
		.doc = "NVIDIA's management library, by name or path, which tells of their GPUs."), \
	ROW(S, local.gpu_sysfs, text, .flags = F_NEW, .standard = "/sys", .max = 4096,            \
		.doc = "Folder where the kernel shows devices: AMD's GPUs, and which are close."), \
	ROW(S, local.gpu_share, flag, .flags = F_NEW, .standard = "false",                        \
		.doc = "Also give jobs the GPUs that processes outside of the platform use.")
/* clang-format on */

#endif
