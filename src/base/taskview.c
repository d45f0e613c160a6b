#include "base/taskview.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* landlock(7); the numbers are the same on every architecture. Older headers lack the last. */
enum { LANDLOCK_CREATE = 444, LANDLOCK_RESTRICT = 446, ABI_WITH_SCOPES = 6 };
struct ruleset {
	uint64_t fs, net, scoped;
};
static const uint64_t scope_abstract_sockets = 1;
static const uint32_t only_version = 1;

/* Folders on the way to `path` below `top`, which is ours alone by now. */
static bool make_way(const char *top, const char *path)
{
	char way[PATH_MAX];
	size_t at = strlen(top);

	if ((size_t)snprintf(way, sizeof way, "%s", path) >= sizeof way) {
		errno = ENAMETOOLONG;
		return false;
	}
	while (way[at] != '\0') {
		at += 1 + strcspn(way + at + 1, "/");
		way[at] = '\0';
		if (mkdir(way, 0700) < 0 && errno != EEXIST)
			return false;
		if (path[at] == '\0')
			break;
		way[at] = '/';
	}
	return true;
}

static bool is_below(const char *path, const char *top)
{
	size_t len = strlen(top);

	return strncmp(path, top, len) == 0 && path[len] == '/' && path[len + 1] != '\0';
}

/* `kept` is a copy of the mount at `keep`, taken before anything was covered. */
static bool cover(const char *top, const char *tmp, const char *keep, int kept)
{
	/* By descriptor: with the first of them covered the path may lead nowhere. */
	if (mount(tmp, top, NULL, MS_BIND, NULL) < 0)
		return errno == ENOENT; /* there is none to cover */
	if (mount(NULL, top, NULL, MS_BIND | MS_REMOUNT | MS_NOSUID | MS_NODEV, NULL) < 0)
		return false;
	return !is_below(keep, top) ||
		(make_way(top, keep) &&
			syscall(SYS_move_mount, kept, "", AT_FDCWD, keep,
				MOVE_MOUNT_F_EMPTY_PATH) == 0);
}

bool taskview_own(const char *tmp, const char *keep, int uid, int gid)
{
	char by_fd[40];
	int folder, kept;
	bool good;

	if (unshare(CLONE_NEWNS | CLONE_NEWIPC) < 0 ||
		mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return false;
	if (mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777") < 0 &&
		errno != ENOENT)
		return false;
	kept = (int)syscall(SYS_open_tree, AT_FDCWD, keep,
		OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	folder = open(tmp, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	snprintf(by_fd, sizeof by_fd, "/proc/self/fd/%d", folder);
	/* The folder is the task's user's, and he may be in it already: only with his own rights. */
	if (uid >= 0 && gid >= 0) {
		setfsgid((gid_t)gid);
		setfsuid((uid_t)uid);
	}
	good = kept >= 0 && folder >= 0 && cover("/var/tmp", by_fd, keep, kept) &&
		cover("/tmp", by_fd, keep, kept);
	close(folder);
	close(kept);
	return good;
}

bool taskview_close_sockets(void)
{
	const struct ruleset rules = {.scoped = scope_abstract_sockets};
	int fd = (int)syscall(LANDLOCK_CREATE, &rules, sizeof rules, 0);
	bool good = fd >= 0 && syscall(LANDLOCK_RESTRICT, fd, 0) == 0;

	if (fd >= 0)
		close(fd);
	return good;
}

bool taskview_can_close_sockets(void)
{
	return syscall(LANDLOCK_CREATE, NULL, 0, only_version) >= ABI_WITH_SCOPES;
}

bool taskview_can_own(void)
{
	pid_t child = fork();
	int status = -1;

	if (child == 0)
		_exit(!(geteuid() == 0 && taskview_own("/", "/", -1, -1)));
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
