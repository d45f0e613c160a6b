/*
 * AMD's GPUs, from what the amdgpu driver shows in sysfs (Documentation/gpu/amdgpu of the kernel):
 * class/drm/cardN/device/. Who has memory on them is not told there.
 */
#include "engine/gpu/gpu.h"

#include "base/num.h"

#include <dirent.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "card0", not "card0-DP-1". */
static bool card_number(const char *name, int *out)
{
	int64_t n;

	if (strncmp(name, "card", 4) != 0 || !num_i64(name + 4, 0, 4096, &n))
		return false;
	*out = (int)n;
	return true;
}

/* device/hwmon/hwmonN: the number is anybody's guess. */
static bool hwmon_find(const char *device, char *out, size_t size)
{
	char path[PATH_MAX];
	bool found = false;
	DIR *d;

	if (snprintf(path, sizeof path, "%s/hwmon", device) >= (int)sizeof path ||
		(d = opendir(path)) == NULL)
		return false;
	for (struct dirent *e; !found && (e = readdir(d)) != NULL;)
		found = strncmp(e->d_name, "hwmon", 5) == 0 &&
			snprintf(out, size, "%s/%s", path, e->d_name) < (int)size;
	closedir(d);
	return found;
}

static double scaled(int64_t n, double by)
{
	return n < 0 ? (double)NAN : (double)n / by;
}

static void card_sensors(const char *device, struct gpu_seen *g)
{
	char hwmon[PATH_MAX];
	int64_t power;

	if (!hwmon_find(device, hwmon, sizeof hwmon))
		return;
	g->temperature = scaled(gpu_file_number(hwmon, "temp1_input"), 1000);
	power = gpu_file_number(hwmon, "power1_average");
	if (power < 0) /* what newer cards have in its place */
		power = gpu_file_number(hwmon, "power1_input");
	g->power = scaled(power, 1e6);
	g->power_limit = scaled(gpu_file_number(hwmon, "power1_cap"), 1e6);
	g->clock = gpu_file_number(hwmon, "freq1_input");
	g->memory_clock = gpu_file_number(hwmon, "freq2_input");
	g->clock = g->clock < 0 ? -1 : g->clock / 1000000;
	g->memory_clock = g->memory_clock < 0 ? -1 : g->memory_clock / 1000000;
}

/* ROCm names a GPU by "GPU-" and unique_id, 16 hex digits; older cards have none. */
static void card_names(const char *device, int number, struct gpu_seen *g)
{
	char path[PATH_MAX], id[64] = "", target[PATH_MAX];

	if (snprintf(path, sizeof path, "%s/unique_id", device) < (int)sizeof path)
		gpu_file(path, id, sizeof id);
	if (*id)
		snprintf(g->uuid, sizeof g->uuid, "GPU-%s", id);
	else
		snprintf(g->uuid, sizeof g->uuid, "amd-card%d", number);
	if (snprintf(path, sizeof path, "%s/product_name", device) >= (int)sizeof path ||
		!gpu_file(path, g->name, sizeof g->name) || !*g->name)
		snprintf(g->name, sizeof g->name, "AMD GPU");
	if (realpath(device, target))
		snprintf(g->pci, sizeof g->pci, "%.31s", strrchr(target, '/') + 1);
}

static bool card_read(const char *sysfs, const char *device, int number, struct gpu_reading *r)
{
	int64_t busy = gpu_file_number(device, "gpu_busy_percent");
	int64_t total = gpu_file_number(device, "mem_info_vram_total");
	struct gpu_seen *g;

	if (busy < 0 && total < 0) /* another vendor's, or no GPU */
		return false;
	g = gpu_reading_add(r);
	if (g == NULL)
		return false;
	g->vendor = GPU_AMD;
	g->index = number;
	g->util = busy > 100 ? (double)NAN : scaled(busy, 1);
	g->memory_total = total;
	g->memory_used = gpu_file_number(device, "mem_info_vram_used");
	card_names(device, number, g);
	card_sensors(device, g);
	gpu_place(sysfs, g->pci, g->place);
	return true;
}

static int compare(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

size_t amd_read(const char *sysfs, struct gpu_reading *r)
{
	char path[PATH_MAX];
	int numbers[GPU_COUNT_MAX];
	size_t count = 0, found = 0;
	DIR *d;

	if (snprintf(path, sizeof path, "%s/class/drm", sysfs) >= (int)sizeof path ||
		(d = opendir(path)) == NULL)
		return 0;
	for (struct dirent *e; count < GPU_COUNT_MAX && (e = readdir(d)) != NULL;)
		count += card_number(e->d_name, &numbers[count]);
	closedir(d);
	qsort(numbers, count, sizeof *numbers, compare);
	for (size_t i = 0; i < count; i++)
		if (snprintf(path, sizeof path, "%s/class/drm/card%d/device", sysfs, numbers[i]) <
			(int)sizeof path)
			found += card_read(sysfs, path, numbers[i], r);
	return found;
}
