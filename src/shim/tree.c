#include "shim.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

static struct proctree tree = PROCTREE_INIT;

static void look(void)
{
	if (proctree_scan(&tree))
		proctree_mark_below(&tree, getpid());
	else
		tree.count = 0;
}

void tree_kill(const struct shim *s)
{
	group_kill(s);
	look();
	proctree_signal_marked(&tree, SIGKILL);
}

size_t tree_end(struct shim *s, int signal)
{
	const struct proctree_process *first = NULL;
	size_t count = 0;

	look();
	for (size_t i = 0; i < tree.count; i++)
		if (tree.list[i].marked && count++ == 0)
			first = &tree.list[i];
	if (count > 0)
		shim_note(s, "%zu process%s left behind (the first: %s) %s ended", count,
			count == 1 ? "" : "es", first->name, count == 1 ? "was" : "were");
	proctree_signal_marked(&tree, signal);
	proctree_signal_marked(&tree, SIGCONT);
	return count;
}

static void note_memory(struct shim *s, int64_t memory)
{
	s->memory = memory;
	if (memory > s->memory_peak)
		s->memory_peak = memory;
}

struct proctree_usage tree_usage(struct shim *s)
{
	struct proctree_usage usage;
	struct rusage gone;

	look();
	usage = proctree_usage_marked(&tree);
	note_memory(s, proctree_memory(&s->meter, &tree, &usage));
	if (getrusage(RUSAGE_CHILDREN, &gone) == 0)
		usage.cpu_ms += gone.ru_utime.tv_sec * 1000 + gone.ru_utime.tv_usec / 1000 +
			gone.ru_stime.tv_sec * 1000 + gone.ru_stime.tv_usec / 1000;
	return usage;
}

void tree_memory(struct shim *s)
{
	note_memory(s, proctree_memory_marked(&tree));
}
