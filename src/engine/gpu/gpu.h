/*
 * What the drivers of this machine's GPUs say, and how the machine does beside them. Drivers are asked
 * by a thread of its own (watch.c), because a call of theirs may take half a minute or never come back:
 * the loop gets finished readings, and is told when there has been none for too long.
 *
 * What a driver does not say is unknown: NAN, -1 or "". It is never 0.
 */
#ifndef MLTOP_ENGINE_GPU_H
#define MLTOP_ENGINE_GPU_H

#include "base/vec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

enum {
	GPU_COUNT_MAX = 256,     /* of a machine, MIG devices among them */
	GPU_PROCESSES_MAX = 256, /* on one GPU; more are not told one by one */
	GPU_ANCESTORS = 24,
	GPU_TEXT = 96, /* bytes of a UUID: NVML_DEVICE_UUID_V2_BUFFER_SIZE */
};

enum gpu_vendor { GPU_NVIDIA, GPU_AMD };

/* A process that has memory on a GPU. */
struct gpu_process {
	int pid;
	int64_t memory; /* bytes; -1 unknown */
	bool there; /* a process of that number is in our /proc: else another container's, or gone */
	char name[16];            /* comm: outside bytes */
	int above[GPU_ANCESTORS]; /* its parent, that one's parent, ...; 0 ends it */
};

/* Begins what stands for the UUID of one that was lost before it ever told it. */
#define GPU_NAMELESS "lost-"

struct gpu_seen {
	char uuid[GPU_TEXT], name[GPU_TEXT];
	char parent[GPU_TEXT]; /* a MIG device: UUID of the GPU that it is a part of; else "" */
	char pci[32];          /* "0000:65:00.0" */
	char place[64];        /* NUMA node and PCI root; alike: close together. "" unknown */
	enum gpu_vendor vendor;
	int index; /* as the driver counts; a MIG device: that of its GPU */
	bool lost;
	bool mig; /* it is divided into MIG devices: nothing may run on the whole */
	double util, temperature, power, power_limit, fan; /* percent, Celsius, watts, percent */
	int64_t memory_used, memory_total;                 /* bytes */
	int64_t clock, memory_clock;                       /* MHz */
	bool processes_known;
	size_t process_at, process_count; /* in the reading's processes */
};

/* How the whole machine does. */
struct machine_seen {
	double cpu;                   /* percent of all its CPUs; NAN unknown */
	int64_t memory;               /* bytes in use; -1 unknown */
	int64_t received, sent;       /* bytes a second, loopback apart; -1 unknown */
	uint64_t cpu_busy, cpu_total; /* counters that the next look starts from */
	uint64_t bytes_in, bytes_out;
	int64_t at; /* monotonic ms */
};

struct gpu_reading {
	VEC(struct gpu_seen) gpus;
	VEC(struct gpu_process) processes;
	struct machine_seen machine;
	bool none;         /* no driver is here: nobody will find a GPU */
	char trouble[200]; /* a driver is here and says why it cannot be asked; "": all is well */
	char driver[96];   /* its version */
	int64_t wall;      /* when it was complete, ms */
};
struct gpu_reading *gpu_reading_new(void);
void gpu_reading_free(struct gpu_reading *r);
/* All unknown. NULL: there are GPU_COUNT_MAX already. */
struct gpu_seen *gpu_reading_add(struct gpu_reading *r);
/* The newest GPU's. */
void gpu_reading_process(struct gpu_reading *r, int pid, int64_t memory);

/* ---- Drivers: the thread's ---- */

/* NVIDIA's, by its library (nvml.c). NULL: there is no such library. `sysfs`: "/sys". */
struct nvml;
struct nvml *nvml_open(const char *library, const char *sysfs);
/* Adds its GPUs, or says in r->trouble why it cannot. */
void nvml_read(struct nvml *n, struct gpu_reading *r);
void nvml_close(struct nvml *n);
/* AMD's, by sysfs (amd.c): adds its GPUs; returns how many. */
size_t amd_read(const char *sysfs, struct gpu_reading *r);
/* Where a PCI device is, into place[]. */
void gpu_place(const char *sysfs, const char *pci, char place[64]);
/* A small file, without its newline; false: there is none. */
bool gpu_file(const char *path, char *out, size_t size);
int64_t gpu_file_number(const char *dir, const char *name); /* -1: none */
/* Rates are since `before`; NULL or zeroed: none are known. */
void machine_look(struct machine_seen *out, const struct machine_seen *before);

/* ---- The watch: loop thread only ---- */

struct gpu_options {
	const char *library; /* "libnvidia-ml.so.1": name or path */
	const char *sysfs;   /* "/sys" */
	int64_t period;      /* ms between two readings */
};
struct gpu_watch;
/* `told`: there is a new reading, or the driver has stalled. Texts are copied. */
struct gpu_watch *gpu_watch_open(uv_loop_t *loop, const struct gpu_options *o,
	void (*told)(void *ctx), void *ctx);
/* `closed` once the loop has let go of it. A thread that is stuck in its driver is left behind. */
void gpu_watch_close(struct gpu_watch *w, void (*closed)(void *ctx));
/* The newest; NULL: none yet. Borrowed until the next `told`. */
const struct gpu_reading *gpu_watch_reading(const struct gpu_watch *w);
/* The driver has not answered for longer than two periods and a second. */
bool gpu_watch_stalled(const struct gpu_watch *w);

#endif
