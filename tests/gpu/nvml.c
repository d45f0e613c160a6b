/*
 * A stand-in for NVIDIA's libnvidia-ml.so.1: what a text file says, through the functions and structs
 * of the real one, so that the programs find it by the way by which they find that. Also for other
 * programs that use NVML (make bench runs nvitop on it).
 *
 * MLTOP_TEST_NVML names the file; it is read anew when it has changed. A line each:
 *
 *	gpu UUID [key=value ...]    the next GPU. name= util= used= total= (MiB) temp= power= limit= (mW)
 *	                            clock= memclock= (MHz) fan= pci=; "-": not supported; "?": no data.
 *	                            lost=1; stall=SECONDS: its utilisation takes so long, or until the
 *	                            file says otherwise
 *	mig UUID [total= used=]     a device of the GPU above, which is divided then
 *	process PID MIB             on what is above
 *	auto                        as well as processes whose CUDA_VISIBLE_DEVICES names the GPU
 *	init CODE                   nvmlInit_v2 answers that
 *
 * OLD_DRIVER: without the functions that drivers of before 510 do not have.
 */
#include "engine/gpu/nvml_api.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { DEVICES = 320, PROCESSES = 512, NAME = 96 };
enum { NOT_SUPPORTED = -3, NO_DATA = -21 }; /* in place of a value */

struct device {
	char uuid[NAME], name[NAME], pci[32];
	long util, used, total, temp, power, limit, clock, memclock, fan;
	bool lost, mig;
	double stall;
	int parent; /* of a MIG device; -1 */
	struct {
		unsigned pid;
		long mib;
	} processes[PROCESSES];
	unsigned process_count, said_count; /* the second: by the file */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct device devices[DEVICES];
static int device_count;
static bool automatic;
static int init_code;
static struct timespec read_at, looked_at;
static off_t read_size;
static ino_t read_inode;

static long value_of(const char *text)
{
	return *text == '-' ? NOT_SUPPORTED : *text == '?' ? NO_DATA : strtol(text, NULL, 10);
}

static void word(struct device *d, const char *key, const char *value)
{
	static const struct {
		const char *key;
		size_t offset;
	} longs[] = {{"util", offsetof(struct device, util)},
		{"used", offsetof(struct device, used)}, {"total", offsetof(struct device, total)},
		{"temp", offsetof(struct device, temp)}, {"power", offsetof(struct device, power)},
		{"limit", offsetof(struct device, limit)},
		{"clock", offsetof(struct device, clock)},
		{"memclock", offsetof(struct device, memclock)},
		{"fan", offsetof(struct device, fan)}};

	for (size_t i = 0; i < sizeof longs / sizeof *longs; i++)
		if (strcmp(key, longs[i].key) == 0)
			*(long *)((char *)d + longs[i].offset) = value_of(value);
	if (strcmp(key, "name") == 0)
		snprintf(d->name, sizeof d->name, "%s", value);
	else if (strcmp(key, "pci") == 0)
		snprintf(d->pci, sizeof d->pci, "%s", value);
	else if (strcmp(key, "lost") == 0)
		d->lost = *value == '1';
	else if (strcmp(key, "stall") == 0)
		d->stall = strtod(value, NULL);
}

/* name=NVIDIA_H100: underscores stand for blanks. */
static void words(struct device *d, char *rest)
{
	char *one;

	while ((one = strsep(&rest, " \t")) != NULL) {
		char *value = strchr(one, '=');

		if (value == NULL)
			continue;
		*value++ = '\0';
		for (char *c = value; strcmp(one, "name") == 0 && *c; c++)
			*c = *c == '_' ? ' ' : *c;
		word(d, one, value);
	}
}

static struct device *device_new(const char *uuid, int parent)
{
	struct device *d = &devices[device_count < DEVICES ? device_count++ : DEVICES - 1];
	int n = device_count - 1;

	memset(d, 0, sizeof *d);
	d->util = d->used = 0;
	d->total = 81559;
	d->temp = 40;
	d->power = 70000;
	d->limit = 700000;
	d->clock = 1980;
	d->memclock = 2619;
	d->fan = NOT_SUPPORTED;
	d->parent = parent;
	snprintf(d->uuid, sizeof d->uuid, "%s", uuid);
	snprintf(d->name, sizeof d->name, "NVIDIA H100 80GB HBM3");
	snprintf(d->pci, sizeof d->pci, "00000000:%02X:00.0", 1 + n);
	return d;
}

static void line_read(char *line)
{
	char *rest = line, *verb = strsep(&rest, " \t"), *name = strsep(&rest, " \t");
	struct device *d = device_count ? &devices[device_count - 1] : NULL;

	if (strcmp(verb, "gpu") == 0 && name) {
		words(device_new(name, -1), rest);
	} else if (strcmp(verb, "mig") == 0 && name && d) {
		int parent = d->parent < 0 ? device_count - 1 : d->parent;

		devices[parent].mig = true;
		words(device_new(name, parent), rest);
	} else if (strcmp(verb, "process") == 0 && name && d && d->process_count < PROCESSES) {
		d->processes[d->process_count].pid = (unsigned)strtoul(name, NULL, 10);
		d->processes[d->process_count++].mib = rest ? value_of(rest) : 1;
		d->said_count = d->process_count;
	} else if (strcmp(verb, "auto") == 0) {
		automatic = true;
	} else if (strcmp(verb, "init") == 0 && name) {
		init_code = (int)strtol(name, NULL, 10);
	}
}

static void file_read(const char *path)
{
	char *line = NULL;
	size_t size = 0;
	FILE *f = fopen(path, "re");

	if (f == NULL)
		return;
	device_count = 0;
	automatic = false;
	init_code = 0;
	while (getline(&line, &size, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (*line && *line != '#')
			line_read(line);
	}
	free(line);
	fclose(f);
}

static double since(const struct timespec *then)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - then->tv_sec) + (double)(now.tv_nsec - then->tv_nsec) / 1e9;
}

/* Under the lock. Looks at the file 100 times a second at most: its calls cost little, as the real. */
static void refresh(void)
{
	const char *path = getenv("MLTOP_TEST_NVML");
	struct stat st;

	if (path == NULL || (looked_at.tv_sec && since(&looked_at) < 0.01))
		return;
	clock_gettime(CLOCK_MONOTONIC, &looked_at);
	if (stat(path, &st) < 0 ||
		(st.st_mtim.tv_sec == read_at.tv_sec && st.st_mtim.tv_nsec == read_at.tv_nsec &&
			st.st_size == read_size && st.st_ino == read_inode))
		return;
	read_inode = st.st_ino;
	read_at = st.st_mtim;
	read_size = st.st_size;
	file_read(path);
}

/* The device as it is now, held; NULL: there is none of that handle. Handles are index + 1. */
static struct device *hold(nvml_device handle)
{
	uintptr_t n = (uintptr_t)handle;

	pthread_mutex_lock(&lock);
	refresh();
	if (n >= 1 && n <= (uintptr_t)device_count)
		return &devices[n - 1];
	pthread_mutex_unlock(&lock);
	return NULL;
}

static int let_go(int code)
{
	pthread_mutex_unlock(&lock);
	return code;
}

static int number(nvml_device handle, size_t offset, unsigned *out)
{
	struct device *d = hold(handle);
	long n;

	if (d == NULL)
		return NVML_NOT_FOUND;
	n = *(long *)((char *)d + offset);
	if (d->lost)
		return let_go(NVML_GPU_IS_LOST);
	if (n < 0)
		return let_go((int)-n);
	*out = (unsigned)n;
	return let_go(NVML_SUCCESS);
}

static int text(nvml_device handle, size_t offset, char *out, unsigned size)
{
	struct device *d = hold(handle);
	const char *s;

	if (d == NULL)
		return NVML_NOT_FOUND;
	s = (char *)d + offset;
	if (d->lost)
		return let_go(NVML_GPU_IS_LOST);
	if (strlen(s) + 1 > size)
		return let_go(NVML_INSUFFICIENT_SIZE);
	memcpy(out, s, strlen(s) + 1);
	return let_go(NVML_SUCCESS);
}

int nvmlInit_v2(void);
int nvmlInit_v2(void)
{
	pthread_mutex_lock(&lock);
	refresh();
	return let_go(init_code);
}

int nvmlInitWithFlags(unsigned flags);
int nvmlInitWithFlags(unsigned flags)
{
	(void)flags;
	return nvmlInit_v2();
}

int nvmlShutdown(void);
int nvmlShutdown(void)
{
	return NVML_SUCCESS;
}

const char *nvmlErrorString(int code);
const char *nvmlErrorString(int code)
{
	return code == NVML_NOT_SUPPORTED ? "Not Supported" : "stand-in";
}

int nvmlSystemGetDriverVersion(char *out, unsigned size);
int nvmlSystemGetDriverVersion(char *out, unsigned size)
{
	snprintf(out, size, "570.86.15");
	return NVML_SUCCESS;
}

int nvmlSystemGetCudaDriverVersion_v2(int *out);
int nvmlSystemGetCudaDriverVersion_v2(int *out)
{
	*out = 12080;
	return NVML_SUCCESS;
}

/* The index among whole GPUs, which the file may have MIG devices between. */
static int whole(unsigned index)
{
	for (int i = 0; i < device_count; i++)
		if (devices[i].parent < 0 && index-- == 0)
			return i;
	return -1;
}

int nvmlDeviceGetCount_v2(unsigned *out);
int nvmlDeviceGetCount_v2(unsigned *out)
{
	pthread_mutex_lock(&lock);
	refresh();
	for (*out = 0; whole(*out) >= 0;)
		++*out;
	return let_go(NVML_SUCCESS);
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, nvml_device *out);
int nvmlDeviceGetHandleByIndex_v2(unsigned index, nvml_device *out)
{
	int at;

	pthread_mutex_lock(&lock);
	refresh();
	at = whole(index);
	if (at < 0)
		return let_go(NVML_NOT_FOUND);
	*out = (nvml_device)(uintptr_t)(at + 1);
	return let_go(NVML_SUCCESS);
}

int nvmlDeviceGetHandleByUUID(const char *uuid, nvml_device *out);
int nvmlDeviceGetHandleByUUID(const char *uuid, nvml_device *out)
{
	int code = NVML_NOT_FOUND;

	pthread_mutex_lock(&lock);
	refresh();
	for (int i = 0; i < device_count; i++) {
		if (strcmp(devices[i].uuid, uuid) != 0)
			continue;
		*out = (nvml_device)(uintptr_t)(i + 1);
		code = NVML_SUCCESS;
	}
	return let_go(code);
}

int nvmlDeviceGetIndex(nvml_device handle, unsigned *out);
int nvmlDeviceGetIndex(nvml_device handle, unsigned *out)
{
	int at = (int)(uintptr_t)handle - 1;

	pthread_mutex_lock(&lock);
	for (*out = 0; whole(*out) >= 0 && whole(*out) != at;)
		++*out;
	return let_go(NVML_SUCCESS);
}

#define TEXT(symbol, member)                                                \
	int symbol(nvml_device d, char *out, unsigned size);                \
	int symbol(nvml_device d, char *out, unsigned size)                 \
	{                                                                   \
		return text(d, offsetof(struct device, member), out, size); \
	}
#define NUMBER(symbol, member)                                          \
	int symbol(nvml_device d, unsigned *out);                       \
	int symbol(nvml_device d, unsigned *out)                        \
	{                                                               \
		return number(d, offsetof(struct device, member), out); \
	}
TEXT(nvmlDeviceGetUUID, uuid)
TEXT(nvmlDeviceGetName, name)
NUMBER(nvmlDeviceGetPowerUsage, power)
NUMBER(nvmlDeviceGetEnforcedPowerLimit, limit)
NUMBER(nvmlDeviceGetPowerManagementLimit, limit)
NUMBER(nvmlDeviceGetFanSpeed, fan)

int nvmlDeviceGetTemperature(nvml_device d, int sensor, unsigned *out);
int nvmlDeviceGetTemperature(nvml_device d, int sensor, unsigned *out)
{
	(void)sensor;
	return number(d, offsetof(struct device, temp), out);
}

int nvmlDeviceGetClockInfo(nvml_device d, int clock, unsigned *out);
int nvmlDeviceGetClockInfo(nvml_device d, int clock, unsigned *out)
{
	return number(d,
		clock == NVML_CLOCK_MEM ? offsetof(struct device, memclock)
					: offsetof(struct device, clock),
		out);
}

int nvmlDeviceGetPciInfo_v3(nvml_device handle, struct nvml_pci *out);
int nvmlDeviceGetPciInfo_v3(nvml_device handle, struct nvml_pci *out)
{
	memset(out, 0, sizeof *out);
	return text(handle, offsetof(struct device, pci), out->bus_id, sizeof out->bus_id);
}

/* Until its time is over, or the file says that it is over. */
static void stall(nvml_device handle)
{
	struct timespec begin, moment = {.tv_nsec = 10000000};
	struct device *d;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	while ((d = hold(handle)) != NULL) {
		bool waits = since(&begin) < d->stall;

		let_go(0);
		if (!waits)
			return;
		nanosleep(&moment, NULL);
	}
}

int nvmlDeviceGetUtilizationRates(nvml_device handle, struct nvml_utilization *out);
int nvmlDeviceGetUtilizationRates(nvml_device handle, struct nvml_utilization *out)
{
	struct device *d;
	bool divided;

	stall(handle);
	d = hold(handle);
	if (d == NULL)
		return NVML_NOT_FOUND;
	divided = d->mig || d->parent >= 0;
	let_go(0);
	out->memory = 0;
	return divided ? NVML_NOT_SUPPORTED
		       : number(handle, offsetof(struct device, util), &out->gpu);
}

static int memory(nvml_device handle, unsigned long long *total, unsigned long long *used)
{
	struct device *d = hold(handle);

	if (d == NULL)
		return NVML_NOT_FOUND;
	if (d->lost)
		return let_go(NVML_GPU_IS_LOST);
	if (d->used == NOT_SUPPORTED)
		return let_go(NVML_NOT_SUPPORTED);
	*total = (unsigned long long)d->total << 20;
	*used = d->used < 0 ? NVML_NOT_AVAILABLE : (unsigned long long)d->used << 20;
	return let_go(NVML_SUCCESS);
}

int nvmlDeviceGetMemoryInfo(nvml_device handle, struct nvml_memory *out);
int nvmlDeviceGetMemoryInfo(nvml_device handle, struct nvml_memory *out)
{
	int code = memory(handle, &out->total, &out->used);

	out->free = out->total - out->used;
	return code;
}

/* Beside those of the file: processes that were given the GPU, found as a person would: by their environment. */
static void processes_look(struct device *d)
{
	char path[300], text_[65536];
	DIR *proc = opendir("/proc");

	d->process_count = d->said_count;
	for (struct dirent *e; proc && (e = readdir(proc)) != NULL;) {
		int fd;
		ssize_t n;

		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		snprintf(path, sizeof path, "/proc/%s/environ", e->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		n = fd < 0 ? -1 : read(fd, text_, sizeof text_ - 1);
		if (fd >= 0)
			close(fd);
		for (char *at = text_; n > 0 && at < text_ + n; at += strlen(at) + 1) {
			text_[n] = '\0';
			if (strncmp(at, "CUDA_VISIBLE_DEVICES=", 21) == 0 && strstr(at, d->uuid) &&
				d->process_count < PROCESSES) {
				d->processes[d->process_count].pid = (unsigned)strtoul(e->d_name,
					NULL, 10);
				d->processes[d->process_count++].mib = 512;
			}
		}
	}
	if (proc)
		closedir(proc);
}

/* `stride`: bytes of the struct that the caller has. */
static int processes(nvml_device handle, unsigned *count, char *out, size_t stride)
{
	struct device *d = hold(handle);
	unsigned room = *count;

	if (d == NULL)
		return NVML_NOT_FOUND;
	if (d->lost)
		return let_go(NVML_GPU_IS_LOST);
	if (automatic)
		processes_look(d);
	*count = d->process_count;
	if (room < d->process_count)
		return let_go(NVML_INSUFFICIENT_SIZE);
	for (unsigned i = 0; i < d->process_count; i++) {
		struct nvml_process p = {.pid = d->processes[i].pid,
			.memory = d->processes[i].mib < 0
				? NVML_NOT_AVAILABLE
				: (unsigned long long)d->processes[i].mib << 20,
			.gpu_instance = ~0U,
			.compute_instance = ~0U};

		memcpy(out + i * stride, &p, stride);
	}
	return let_go(NVML_SUCCESS);
}

int nvmlDeviceGetComputeRunningProcesses(nvml_device d, unsigned *n, struct nvml_process_v1 *out);
int nvmlDeviceGetComputeRunningProcesses(nvml_device d, unsigned *n, struct nvml_process_v1 *out)
{
	return processes(d, n, (char *)out, sizeof *out);
}

int nvmlDeviceGetGraphicsRunningProcesses_v3(nvml_device d, unsigned *n, struct nvml_process *out);
int nvmlDeviceGetGraphicsRunningProcesses_v3(nvml_device d, unsigned *n, struct nvml_process *out)
{
	(void)d, (void)out;
	*n = 0;
	return NVML_SUCCESS;
}

#ifndef OLD_DRIVER
int nvmlDeviceGetMemoryInfo_v2(nvml_device handle, struct nvml_memory_v2 *out);
int nvmlDeviceGetMemoryInfo_v2(nvml_device handle, struct nvml_memory_v2 *out)
{
	int code;

	if (out->version != NVML_MEMORY_V2)
		return 25; /* NVML_ERROR_ARGUMENT_VERSION_MISMATCH */
	code = memory(handle, &out->total, &out->used);
	out->reserved = 0;
	out->free = out->total - out->used;
	return code;
}

int nvmlDeviceGetComputeRunningProcesses_v3(nvml_device d, unsigned *n, struct nvml_process *out);
int nvmlDeviceGetComputeRunningProcesses_v3(nvml_device d, unsigned *n, struct nvml_process *out)
{
	return processes(d, n, (char *)out, sizeof *out);
}

int nvmlDeviceGetMigMode(nvml_device handle, unsigned *current, unsigned *pending);
int nvmlDeviceGetMigMode(nvml_device handle, unsigned *current, unsigned *pending)
{
	struct device *d = hold(handle);

	if (d == NULL)
		return NVML_NOT_FOUND;
	*current = *pending = d->mig;
	return let_go(d->lost ? NVML_GPU_IS_LOST : NVML_SUCCESS);
}

int nvmlDeviceIsMigDeviceHandle(nvml_device handle, unsigned *out);
int nvmlDeviceIsMigDeviceHandle(nvml_device handle, unsigned *out)
{
	struct device *d = hold(handle);

	if (d == NULL)
		return NVML_NOT_FOUND;
	*out = d->parent >= 0;
	return let_go(NVML_SUCCESS);
}

int nvmlDeviceGetMaxMigDeviceCount(nvml_device handle, unsigned *out);
int nvmlDeviceGetMaxMigDeviceCount(nvml_device handle, unsigned *out)
{
	struct device *d = hold(handle);

	if (d == NULL)
		return NVML_NOT_FOUND;
	*out = d->mig ? 7 : 0;
	return let_go(NVML_SUCCESS);
}

int nvmlDeviceGetMigDeviceHandleByIndex(nvml_device handle, unsigned index, nvml_device *out);
int nvmlDeviceGetMigDeviceHandleByIndex(nvml_device handle, unsigned index, nvml_device *out)
{
	struct device *d = hold(handle);
	int parent = (int)(uintptr_t)handle - 1;

	if (d == NULL)
		return NVML_NOT_FOUND;
	for (int i = 0; i < device_count; i++) {
		if (devices[i].parent != parent || index-- > 0)
			continue;
		*out = (nvml_device)(uintptr_t)(i + 1);
		return let_go(NVML_SUCCESS);
	}
	return let_go(NVML_NOT_FOUND);
}
#endif
