/* Apart from proctree.c, because it allocates: the shim links that one and not this. */
#include "base/proctree.h"

#include "base/mem.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

int proctree_kill_task(const struct task_pid *pid, const char *marker)
{
	struct proctree tree = {.max = PROCTREE_MAX};
	char boot[40];
	int found = -1;

	if (!taskfile_boot_id(boot))
		return -1;
	if (strcmp(boot, pid->boot_id) != 0)
		return 0;
	tree.list = mem_alloc(tree.max * sizeof *tree.list);
	if (proctree_scan(&tree)) {
		found = (int)proctree_mark_task(&tree, pid, marker);
		proctree_signal_marked(&tree, SIGKILL);
	}
	free(tree.list);
	return found;
}
