/* A reading of all GPUs, and who the processes on them are below. */
#include "engine/gpu/gpu.h"

#include "base/mem.h"
#include "base/num.h"
#include "base/proctree.h"

#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct gpu_reading *gpu_reading_new(void)
{
	return mem_alloc(sizeof(struct gpu_reading));
}

void gpu_reading_free(struct gpu_reading *r)
{
	if (r == NULL)
		return;
	vec_release(&r->gpus);
	vec_release(&r->processes);
	free(r);
}

struct gpu_seen *gpu_reading_add(struct gpu_reading *r)
{
	struct gpu_seen one = {.util = NAN,
		.temperature = NAN,
		.power = NAN,
		.power_limit = NAN,
		.fan = NAN,
		.memory_used = -1,
		.memory_total = -1,
		.clock = -1,
		.memory_clock = -1,
		.process_at = r->processes.len};

	if (r->gpus.len == GPU_COUNT_MAX)
		return NULL;
	vec_push(&r->gpus, one);
	return &r->gpus.items[r->gpus.len - 1];
}

/* Up to init: a shim is there for whoever knows its number. */
static void process_ancestors(struct gpu_process *p)
{
	struct proctree_process at;
	int pid = p->pid;

	for (size_t i = 0; i + 1 < GPU_ANCESTORS && pid > 1; i++) {
		if (!proctree_read(&at, pid))
			return;
		if (i == 0) {
			p->there = at.state != 'Z' && at.state != 'X';
			memcpy(p->name, at.name, sizeof p->name);
		}
		pid = p->above[i] = at.parent;
	}
}

void gpu_reading_process(struct gpu_reading *r, int pid, int64_t memory)
{
	struct gpu_seen *g = &r->gpus.items[r->gpus.len - 1];
	struct gpu_process p = {.pid = pid, .memory = memory};

	if (g->process_count == GPU_PROCESSES_MAX)
		return;
	process_ancestors(&p);
	vec_push(&r->processes, p);
	g->process_count++;
}

bool gpu_file(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, size - 1);

	if (fd >= 0)
		close(fd);
	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	return n >= 0;
}

int64_t gpu_file_number(const char *dir, const char *name)
{
	char path[PATH_MAX], text[32];
	int64_t n;

	if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path ||
		!gpu_file(path, text, sizeof text) || !num_i64(text, 0, INT64_MAX, &n))
		return -1;
	return n;
}

/* A device is a link to /sys/devices/pci0000:80/...: what hangs on one root is closest. */
void gpu_place(const char *sysfs, const char *pci, char place[64])
{
	char dir[PATH_MAX], target[PATH_MAX];
	const char *root;

	place[0] = '\0';
	if (snprintf(dir, sizeof dir, "%s/bus/pci/devices/%s", sysfs, pci) >= (int)sizeof dir ||
		realpath(dir, target) == NULL)
		return;
	root = strstr(target, "/pci");
	snprintf(place, 64, "%lld %.*s", (long long)gpu_file_number(dir, "numa_node"),
		root ? (int)strcspn(root + 1, "/") : 0, root ? root + 1 : "");
}
