/* What the processes of a task take. */
#include "base/proctree.h"

#include "base/timefmt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	METER_REST =
		99, /* times what an exact look took, before the next: a hundredth of a processor */
	METER_LEAST = 1000, /* ms between two */
};

struct proctree_usage proctree_usage_marked(const struct proctree *tree)
{
	struct proctree_usage usage = {0};
	int64_t ticks = 0;

	for (size_t i = 0; i < tree->count; i++) {
		if (!tree->list[i].marked)
			continue;
		usage.count++;
		usage.rss += tree->list[i].rss;
		ticks += (int64_t)tree->list[i].ticks;
	}
	usage.cpu_ms = ticks * 1000 / sysconf(_SC_CLK_TCK);
	return usage;
}

/* "Pss" is a process's part: each page divided by how many map it (proc(5)). */
static int64_t proportional(const struct proctree_process *p)
{
	char path[40], text[2048];
	const char *line;
	int64_t kib = 0;

	snprintf(path, sizeof path, "/proc/%d/smaps_rollup", p->pid);
	errno = 0;
	if (proctree_read_file(path, text, sizeof text) == 0)
		return errno == ENOENT || errno == ESRCH ? 0
							 : p->rss; /* gone, or not ours to read */
	line = strstr(text, "\nPss:");
	if (line == NULL)
		return p->rss;
	line += strlen("\nPss:");
	line += strspn(line, " ");
	for (; *line >= '0' && *line <= '9'; line++)
		kib = kib * 10 + (*line - '0');
	return kib * 1024;
}

int64_t proctree_memory_marked(const struct proctree *tree)
{
	int64_t sum = 0;

	for (size_t i = 0; i < tree->count; i++)
		if (tree->list[i].marked)
			sum += proportional(&tree->list[i]);
	return sum;
}

int64_t proctree_memory(struct proctree_meter *m, const struct proctree *tree,
	const struct proctree_usage *usage)
{
	int64_t now = time_mono_ms(), exact, took;

	if (usage->count < 2 || usage->rss == 0) {
		*m = (struct proctree_meter)PROCTREE_METER_INIT;
		return usage->rss;
	}
	if (m->share > 0 && now < m->next)
		return (int64_t)((double)usage->rss * m->share);
	exact = proctree_memory_marked(tree);
	took = time_mono_ms() - now;
	m->next = now + took + (took * METER_REST > METER_LEAST ? took * METER_REST : METER_LEAST);
	m->share = (double)exact / (double)usage->rss;
	return exact;
}
