#include "base/procview.h"

#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

bool procview_hide(void)
{
	/* A slave: what is mounted on the machine later is seen, and nothing of ours goes out. */
	return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) == 0 &&
		mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, "hidepid=2") == 0;
}

/* Process 1 is root's. */
static bool sees_others(void)
{
	return access("/proc/1/stat", F_OK) == 0 || errno != ENOENT;
}

/* Does that user see none but his own? In a child, which becomes him. */
static bool is_hidden_from(unsigned uid, bool hide)
{
	pid_t child = fork();
	int status = -1;

	if (child == 0)
		_exit(!((!hide || procview_hide()) && setresgid(uid, uid, uid) == 0 &&
			setresuid(uid, uid, uid) == 0 && !sees_others() &&
			access("/proc/self/stat", R_OK) == 0));
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

enum procview procview_probe(unsigned uid)
{
	if (is_hidden_from(uid, false))
		return PROCVIEW_HIDDEN;
	return is_hidden_from(uid, true) ? PROCVIEW_OURS : PROCVIEW_ALL;
}
