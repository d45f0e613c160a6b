#include "base/proctree.h"

#include <signal.h>
#include <string.h>

int proctree_kill_task(const struct task_pid *pid, const char *marker)
{
	struct proctree tree = PROCTREE_INIT;
	char boot[40];
	int found = -1;

	if (!taskfile_boot_id(boot))
		return -1;
	if (strcmp(boot, pid->boot_id) != 0)
		return 0;
	/* Nobody twice: a process that forks behind the reader of /proc and ends is missed by one look. */
	for (int i = 0; i < 2 && (i == 0 || found == 0); i++) {
		found = proctree_scan(&tree) ? (int)proctree_mark_task(&tree, pid, marker) : -1;
		if (found > 0)
			proctree_signal_marked(&tree, SIGKILL);
	}
	/* None among those that could be looked at is not none. */
	if (found == 0 && tree.partial)
		found = -1;
	proctree_release(&tree);
	return found;
}
