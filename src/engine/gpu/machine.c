/* How the machine does: proc(5), /proc/stat, /proc/meminfo and /proc/net/dev. */
#include "engine/gpu/gpu.h"

#include "base/proctree.h"
#include "base/timefmt.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PROC_TEXT = 65536 };

/* "cpu  USER NICE SYSTEM IDLE IOWAIT ...", in ticks: idle and iowait are not busy. */
static bool look_cpu(struct machine_seen *m, char *text)
{
	uint64_t n[8] = {0};
	char *at = text + strlen("cpu");

	if (proctree_read_file("/proc/stat", text, PROC_TEXT) == 0 || strncmp(text, "cpu ", 4) != 0)
		return false;
	for (size_t i = 0; i < 8; i++)
		n[i] = strtoull(at, &at, 10);
	for (size_t i = 0; i < 8; i++)
		m->cpu_total += n[i];
	m->cpu_busy = m->cpu_total - n[3] - n[4];
	return true;
}

static int64_t meminfo(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? (int64_t)strtoll(at + strlen(name), NULL, 10) * 1024 : -1;
}

static void look_memory(struct machine_seen *m, char *text)
{
	int64_t total, left;

	if (proctree_read_file("/proc/meminfo", text, PROC_TEXT) == 0)
		return;
	total = meminfo(text, "MemTotal:");
	left = meminfo(text, "MemAvailable:");
	m->memory = total >= 0 && left >= 0 && left <= total ? total - left : -1;
}

/* "eth0: BYTES PACKETS (six more) BYTES ...", after two lines of titles. */
static bool look_network(struct machine_seen *m, char *text)
{
	char *line, *rest = text;

	if (proctree_read_file("/proc/net/dev", text, PROC_TEXT) == 0)
		return false;
	while ((line = strsep(&rest, "\n")) != NULL) {
		char *colon = strchr(line, ':');
		char *at = colon ? colon + 1 : NULL;

		line += strspn(line, " ");
		if (at == NULL || strncmp(line, "lo:", 3) == 0)
			continue;
		m->bytes_in += strtoull(at, &at, 10);
		for (int skip = 0; skip < 7; skip++)
			strtoull(at, &at, 10);
		m->bytes_out += strtoull(at, &at, 10);
	}
	return true;
}

/* A counter that fell back began anew: an interface has gone. */
static int64_t rate(uint64_t now, uint64_t then, int64_t ms)
{
	return now < then ? -1 : (int64_t)((double)(now - then) * 1000 / (double)ms);
}

void machine_look(struct machine_seen *out, const struct machine_seen *before)
{
	char *text = mem_alloc(PROC_TEXT);
	bool cpu, network;

	*out = (struct machine_seen){.cpu = NAN, .memory = -1, .received = -1, .sent = -1};
	cpu = look_cpu(out, text);
	look_memory(out, text);
	network = look_network(out, text);
	out->at = time_mono_ms();
	free(text);
	if (before == NULL || before->at == 0 || out->at <= before->at)
		return;
	if (cpu && out->cpu_total > before->cpu_total && out->cpu_busy >= before->cpu_busy)
		out->cpu = 100.0 * (double)(out->cpu_busy - before->cpu_busy) /
			(double)(out->cpu_total - before->cpu_total);
	if (network) {
		out->received = rate(out->bytes_in, before->bytes_in, out->at - before->at);
		out->sent = rate(out->bytes_out, before->bytes_out, out->at - before->at);
	}
}
