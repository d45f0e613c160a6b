/* NVIDIA's GPUs, through libnvidia-ml.so.1. Called by the watch's thread: any call may take long. */
#include "engine/gpu/gpu.h"
#include "engine/gpu/nvml_api.h"

#include "base/mem.h"

#include <ctype.h>
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	LOST_FOR = 5,   /* the same, while one is lost: it may be back */
	FACTS_FOR = 30, /* readings after which UUID, name and place are asked for again */
	MIG_DEVICES_MAX = 16,
	PROCESSES_FIRST = 32,
};

/* What does not change from one reading to the next. */
struct card {
	nvml_device device;
	bool known; /* the device was found; also where it is lost since */
	bool mig;
	char uuid[GPU_TEXT], name[GPU_TEXT], pci[32], place[64];
	double power_limit;
};

struct nvml {
	void *library;
	char sysfs[256];
	struct nvml_api api;
	bool begun;
	char driver[96];
	struct card cards[GPU_COUNT_MAX];
	unsigned count;
	int facts_left; /* readings until the facts are asked for again */
	struct nvml_process *processes;
	unsigned process_room;
};

/* A call of a function that old drivers do not have. */
#define CALL(n, name, ...) ((n)->api.name ? (n)->api.name(__VA_ARGS__) : NVML_FUNCTION_NOT_FOUND)

static void api_find(struct nvml *n)
{
	/* ISO C knows no way from void * to a function; POSIX does: dlsym(3). */
#define X(name, symbol, arguments) *(void **)&n->api.name = dlsym(n->library, symbol);
	NVML_FUNCTIONS(X)
#undef X
}

struct nvml *nvml_open(const char *library, const char *sysfs)
{
	void *found = dlopen(library, RTLD_NOW | RTLD_LOCAL);
	struct nvml *n;

	if (found == NULL)
		return NULL;
	n = mem_alloc(sizeof *n);
	n->library = found;
	snprintf(n->sysfs, sizeof n->sysfs, "%s", sysfs);
	api_find(n);
	return n;
}

void nvml_close(struct nvml *n)
{
	if (n == NULL)
		return;
	if (n->begun)
		CALL(n, shutdown);
	dlclose(n->library);
	free(n->processes);
	free(n);
}

static void trouble(struct gpu_reading *r, int code)
{
	switch (code) {
	case NVML_DRIVER_NOT_LOADED:
		snprintf(r->trouble, sizeof r->trouble,
			"the NVIDIA driver is not loaded: look at nvidia-smi and dmesg");
		break;
	case NVML_LIB_RM_VERSION_MISMATCH:
		snprintf(r->trouble, sizeof r->trouble,
			"the NVIDIA driver and its library are of different versions: restart the "
			"machine, or load the new driver");
		break;
	case NVML_NO_PERMISSION:
		snprintf(r->trouble, sizeof r->trouble,
			"mltopd may not use the NVIDIA driver: see who may open /dev/nvidiactl");
		break;
	default:
		snprintf(r->trouble, sizeof r->trouble,
			"the NVIDIA driver does not work (NVML error %d): look at nvidia-smi",
			code);
	}
}

static bool begin(struct nvml *n, struct gpu_reading *r)
{
	int code = n->begun ? NVML_SUCCESS : CALL(n, init);

	if (code != NVML_SUCCESS) {
		trouble(r, code);
		return false;
	}
	if (!n->begun)
		n->facts_left = 0;
	n->begun = true;
	return true;
}

/* "00000000:65:00.0", as sysfs has it: "0000:65:00.0". */
static void pci_name(char out[32], const struct nvml_pci *pci)
{
	size_t len = strnlen(pci->bus_id, sizeof pci->bus_id);
	size_t skip = len > 12 ? len - 12 : 0;

	for (size_t i = 0; i < len - skip && i < 31; i++)
		out[i] = (char)tolower((unsigned char)pci->bus_id[skip + i]);
	out[len - skip < 31 ? len - skip : 31] = '\0';
}

static void card_facts(struct nvml *n, struct card *c)
{
	struct nvml_pci pci = {.bus_id = ""};
	unsigned mode = 0, pending = 0, limit = 0;
	char uuid[GPU_TEXT] = "";

	if (CALL(n, uuid, c->device, uuid, sizeof uuid) != NVML_SUCCESS)
		return; /* lost: what was known of it stays */
	memcpy(c->uuid, uuid, sizeof uuid);
	c->uuid[sizeof uuid - 1] = '\0';
	c->known = true;
	if (CALL(n, name, c->device, c->name, sizeof c->name) != NVML_SUCCESS)
		c->name[0] = '\0';
	c->name[sizeof c->name - 1] = '\0';
	if (CALL(n, pci, c->device, &pci) == NVML_SUCCESS) {
		pci_name(c->pci, &pci);
		gpu_place(n->sysfs, c->pci, c->place);
	}
	c->mig = CALL(n, mig_mode, c->device, &mode, &pending) == NVML_SUCCESS &&
		mode == NVML_MIG_ENABLED;
	c->power_limit = CALL(n, power_limit, c->device, &limit) == NVML_SUCCESS ? limit / 1000.0
										 : (double)NAN;
}

/* How many there are, and what they are: all of them again now and then, for a reset changes it. */
static int facts(struct nvml *n)
{
	unsigned count = 0;
	int code;

	if (n->facts_left-- > 0)
		return NVML_SUCCESS;
	code = CALL(n, count, &count);
	if (code != NVML_SUCCESS)
		return code;
	n->facts_left = FACTS_FOR;
	n->count = count < GPU_COUNT_MAX ? count : GPU_COUNT_MAX;
	if (CALL(n, driver_version, n->driver, sizeof n->driver) != NVML_SUCCESS)
		n->driver[0] = '\0';
	n->driver[sizeof n->driver - 1] = '\0';
	for (unsigned i = 0; i < n->count; i++) {
		struct card *c = &n->cards[i];

		if (CALL(n, by_index, i, &c->device) == NVML_SUCCESS)
			card_facts(n, c);
		if (!c->known) /* lost before we ever saw it */
			snprintf(c->uuid, sizeof c->uuid, GPU_NAMELESS "%u", i);
	}
	return NVML_SUCCESS;
}

/* Is this the answer of a GPU that nothing can be done with until it is reset? */
static bool is_lost(int code)
{
	return code == NVML_GPU_IS_LOST || code == NVML_RESET_REQUIRED;
}

static int64_t bytes_known(unsigned long long n)
{
	return n == NVML_NOT_AVAILABLE || n > INT64_MAX ? -1 : (int64_t)n;
}

/* The second version leaves out what the driver keeps for itself. */
static int read_memory(struct nvml *n, nvml_device d, struct gpu_seen *g)
{
	struct nvml_memory_v2 two = {.version = NVML_MEMORY_V2};
	struct nvml_memory one = {0};
	int code = CALL(n, memory_v2, d, &two);

	if (code == NVML_SUCCESS) {
		g->memory_total = bytes_known(two.total);
		g->memory_used = bytes_known(two.used);
		return code;
	}
	if (is_lost(code))
		return code;
	code = CALL(n, memory, d, &one);
	if (code == NVML_SUCCESS) {
		g->memory_total = bytes_known(one.total);
		g->memory_used = bytes_known(one.used);
	}
	return code;
}

#define READ(n, name, scale, member, ...)                                \
	do {                                                             \
		unsigned value_ = 0;                                     \
		if (CALL(n, name, __VA_ARGS__, &value_) == NVML_SUCCESS) \
			(member) = value_ / (scale);                     \
	} while (0)

/* False: it is lost. */
static bool read_values(struct nvml *n, const struct card *c, struct gpu_seen *g)
{
	struct nvml_utilization use = {0};
	int code = CALL(n, utilization, c->device, &use);

	if (is_lost(code) || is_lost(read_memory(n, c->device, g)))
		return false;
	/* Of a GPU that is divided the driver knows none: NOT_SUPPORTED. */
	if (code == NVML_SUCCESS && use.gpu <= 100)
		g->util = use.gpu;
	READ(n, temperature, 1.0, g->temperature, c->device, NVML_TEMPERATURE_GPU);
	READ(n, power, 1000.0, g->power, c->device);
	READ(n, clock, 1, g->clock, c->device, NVML_CLOCK_SM);
	READ(n, clock, 1, g->memory_clock, c->device, NVML_CLOCK_MEM);
	READ(n, fan, 1.0, g->fan, c->device);
	return true;
}

/* ---- Processes ---- */

/* The struct of the oldest drivers is shorter: it is asked for apart. */
static int ask_v1(struct nvml *n, nvml_device d, unsigned *count)
{
	struct nvml_process_v1 *old = mem_alloc((n->process_room + 1) * sizeof *old);
	int code = n->api.processes(d, count, old);

	for (unsigned i = 0; code == NVML_SUCCESS && i < *count && i < n->process_room; i++)
		n->processes[i] = (struct nvml_process){.pid = old[i].pid, .memory = old[i].memory};
	free(old);
	return code;
}

static int ask_processes(struct nvml *n, nvml_device d, unsigned *count)
{
	*count = n->process_room;
	if (n->api.processes_v3)
		return n->api.processes_v3(d, count, n->processes);
	if (n->api.processes_v2)
		return n->api.processes_v2(d, count, n->processes);
	if (n->api.processes)
		return ask_v1(n, d, count);
	return NVML_FUNCTION_NOT_FOUND;
}

static void processes_room(struct nvml *n, unsigned room)
{
	n->process_room = room;
	n->processes = mem_realloc(n->processes, room * sizeof *n->processes);
}

static void read_processes(struct nvml *n, nvml_device d, struct gpu_reading *r)
{
	unsigned count = 0;
	int code;

	if (n->process_room == 0)
		processes_room(n, PROCESSES_FIRST);
	code = ask_processes(n, d, &count);
	/* It says how many there are; more come while we ask again. */
	for (int again = 0; code == NVML_INSUFFICIENT_SIZE && again < 4; again++) {
		unsigned wanted = count > n->process_room ? count : n->process_room;

		processes_room(n, wanted > 65536 ? 65536 : wanted * 2);
		code = ask_processes(n, d, &count);
	}
	if (code != NVML_SUCCESS)
		return;
	r->gpus.items[r->gpus.len - 1].processes_known = true;
	for (unsigned i = 0; i < count && i < n->process_room; i++)
		if (n->processes[i].pid > 0 && n->processes[i].pid <= INT32_MAX)
			gpu_reading_process(r, (int)n->processes[i].pid,
				bytes_known(n->processes[i].memory));
}

/* ---- All of it ---- */

/* The parts of one that is divided: of those there is memory and who uses it, no utilisation. */
static void read_mig(struct nvml *n, const struct card *c, int index, struct gpu_reading *r)
{
	unsigned most = 0;

	if (CALL(n, mig_count, c->device, &most) != NVML_SUCCESS)
		return;
	for (unsigned i = 0; i < most && i < MIG_DEVICES_MAX; i++) {
		nvml_device part;
		struct gpu_seen *g;
		char uuid[GPU_TEXT] = "";

		if (CALL(n, mig_by_index, c->device, i, &part) != NVML_SUCCESS ||
			CALL(n, uuid, part, uuid, sizeof uuid) != NVML_SUCCESS ||
			(g = gpu_reading_add(r)) == NULL)
			continue;
		uuid[sizeof uuid - 1] = '\0';
		memcpy(g->uuid, uuid, sizeof g->uuid);
		memcpy(g->parent, c->uuid, sizeof g->parent);
		memcpy(g->pci, c->pci, sizeof g->pci);
		if (CALL(n, name, part, g->name, sizeof g->name) != NVML_SUCCESS)
			g->name[0] = '\0';
		g->name[sizeof g->name - 1] = '\0';
		g->index = index;
		read_memory(n, part, g);
		read_processes(n, part, r);
	}
}

static void read_card(struct nvml *n, const struct card *c, int index, struct gpu_reading *r)
{
	struct gpu_seen *g = gpu_reading_add(r);

	if (g == NULL)
		return;
	memcpy(g->uuid, c->uuid, sizeof g->uuid);
	memcpy(g->name, c->name, sizeof g->name);
	memcpy(g->pci, c->pci, sizeof g->pci);
	memcpy(g->place, c->place, sizeof g->place);
	g->index = index;
	g->power_limit = c->power_limit;
	g->mig = c->mig;
	g->lost = !c->known || !read_values(n, c, g);
	if (g->lost) {
		n->facts_left = n->facts_left < LOST_FOR ? n->facts_left : LOST_FOR;
		return;
	}
	read_processes(n, c->device, r);
	if (c->mig)
		read_mig(n, c, index, r);
}

void nvml_read(struct nvml *n, struct gpu_reading *r)
{
	int code;

	if (!begin(n, r))
		return;
	code = facts(n);
	if (code != NVML_SUCCESS) {
		trouble(r, code);
		n->begun = false;
		CALL(n, shutdown);
		return;
	}
	memcpy(r->driver, n->driver, sizeof r->driver);
	for (unsigned i = 0; i < n->count; i++)
		read_card(n, &n->cards[i], (int)i, r);
}
