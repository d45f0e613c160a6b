/*
 * What an engine sees of GPUs and of the machines that have them. What it does not know is unknown:
 * NAN, -1, NULL or "".
 */
#ifndef MLTOP_ENGINE_GPUS_H
#define MLTOP_ENGINE_GPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whose a process on a GPU is. */
enum engine_whose {
	WHOSE_UNKNOWN, /* it is gone, or of another process namespace */
	WHOSE_TASK,    /* of the task that `uid` names */
	WHOSE_OTHER,   /* of no task of ours */
};

struct engine_gpu_process {
	int64_t pid, memory; /* bytes */
	char name[32];       /* the program's, sanitised */
	enum engine_whose whose;
	const char *uid; /* WHOSE_TASK: of its owner; else NULL */
};

enum engine_gpu_state {
	ENGINE_GPU_WELL,
	ENGINE_GPU_LOST,    /* until it is reset */
	ENGINE_GPU_STALLED, /* its driver does not answer: values are unknown */
	ENGINE_GPU_MIG,     /* divided: nothing can be given the whole */
};

struct engine_gpu {
	const char *uuid, *name, *node;
	const char *parent; /* a MIG device: UUID of the GPU that it is a part of; else NULL */
	const char *pci;
	int64_t index;
	enum engine_gpu_state state;
	int64_t as_of; /* wall ms of the driver's last answer, where that is long ago; else 0 */
	double util, temperature, power, power_limit, fan; /* percent, Celsius, watts, percent */
	int64_t memory_used, memory_total;                 /* bytes */
	int64_t clock, memory_clock;                       /* MHz */
	const struct engine_gpu_process *processes;
	size_t process_count;
	bool processes_known;
	bool others; /* a process uses it that is of none of our tasks */
};

/* How a node does, whatever was asked for. */
struct engine_load {
	const char *node;
	double cpu;                     /* percent of all its CPUs */
	int64_t memory, received, sent; /* bytes in use; bytes a second */
};

/* Borrowed until the engine tells of the next: machine_sampled, machine_changed. */
struct engine_sight {
	const struct engine_gpu *gpus;
	size_t gpu_count;
	const struct engine_load *loads;
	size_t load_count;
	const char *driver; /* its version; NULL: unknown */
	const char
		*none; /* why there is no GPU, or none can be seen: a sentence; NULL: there are */
};

#endif
