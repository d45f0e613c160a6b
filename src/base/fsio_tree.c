#include "base/fsio.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLDER_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, COUNTED_DEPTH = 256 };

/*
 * Removing a tree that a task made, of any depth, with two descriptors and no recursion: what a
 * subfolder holds and cannot be unlinked at once (a folder that is not empty) is moved up beside
 * it under a fresh name, so every folder is emptied where its parent is the root of the removal.
 */
struct tree_removal {
	int root;                /* the folder being emptied */
	unsigned serial;         /* for names given to what is moved up */
	bool progress;           /* something was removed or moved since last asked */
	int error;               /* errno of the first thing that could not be */
	char name[NAME_MAX + 1]; /* its name */
	atomic_bool *stop;       /* NULL: never */
};

static void note(struct tree_removal *r, int number, const char *name)
{
	if (r->error)
		return;
	r->error = number;
	snprintf(r->name, sizeof r->name, "%s", name);
}

static bool stopped(atomic_bool *stop)
{
	return stop && atomic_load(stop);
}

static bool is_dot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/*
 * Gives ourselves all permissions on a folder. chmod(2) by name would follow a link that took its
 * place, and fchmod(2) wants a folder that may be opened: so by a descriptor that is only a place
 * (O_PATH), through /proc, where its link leads to what was opened and nowhere else (proc(5)).
 */
static bool permit(int parent, const char *name)
{
	int fd = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char place[40];
	bool good;

	if (fd < 0)
		return false;
	snprintf(place, sizeof place, "/proc/self/fd/%d", fd);
	good = chmod(place, 0700) == 0;
	close(fd);
	return good;
}

/* Opens a folder without following links, giving ourselves the permission when it lacks. */
static int open_folder(int parent, const char *name)
{
	int fd = openat(parent, name, FOLDER_FLAGS);

	if (fd < 0 && errno == EACCES && permit(parent, name))
		fd = openat(parent, name, FOLDER_FLAGS);
	return fd;
}

/* 0 when it is gone, else errno; ENOTEMPTY asks for the folder to be emptied first. */
static int remove_one(int parent, const char *name)
{
	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return 0;
	/* Linux says EISDIR for a folder, POSIX EPERM. */
	if (errno != EISDIR && errno != EPERM)
		return errno;
	if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	return errno == EEXIST ? ENOTEMPTY : errno;
}

/*
 * Moves the folder `name` out of `folder` up to the root, under a name that is free there, or that
 * of an empty folder, which is no loss. (RENAME_NOREPLACE would say it plainer, but not every file
 * system has it.)
 */
static void move_up(struct tree_removal *r, int folder, const char *name)
{
	char fresh[32];
	int rc;

	/* Its entry ".." changes, so moving a folder takes the permission to write to it. */
	permit(folder, name);
	do {
		snprintf(fresh, sizeof fresh, ".removed-%u", r->serial++);
		rc = renameat(folder, name, r->root, fresh);
	} while (rc < 0 && (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR));
	if (rc == 0)
		r->progress = true;
	else
		note(r, errno, name);
}

static void empty_subfolder(struct tree_removal *r, const char *name)
{
	int fd = open_folder(r->root, name);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	if (dir == NULL) {
		note(r, errno, name);
		if (fd >= 0)
			close(fd);
		return;
	}
	if (faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) < 0)
		fchmod(fd, 0700);
	while (!stopped(r->stop) && (entry = readdir(dir)) != NULL) {
		int number = is_dot(entry->d_name) ? -1 : remove_one(fd, entry->d_name);

		if (number == 0)
			r->progress = true;
		else if (number == ENOTEMPTY)
			move_up(r, fd, entry->d_name);
		else if (number > 0)
			note(r, number, entry->d_name);
	}
	closedir(dir);
}

/* One walk over the root; true when it is found empty. */
static bool empty_root(struct tree_removal *r, DIR *dir)
{
	struct dirent *entry;
	bool empty = true;

	rewinddir(dir);
	while (!stopped(r->stop) && (entry = readdir(dir)) != NULL) {
		int number;

		if (is_dot(entry->d_name))
			continue;
		empty = false;
		number = remove_one(r->root, entry->d_name);
		if (number == ENOTEMPTY) {
			empty_subfolder(r, entry->d_name);
			number = remove_one(r->root, entry->d_name);
		}
		if (number == 0)
			r->progress = true;
		else if (number != ENOTEMPTY)
			note(r, number, entry->d_name);
	}
	return empty;
}

/* Walks until nothing is left, or nothing changes any more. */
static void empty_tree(struct tree_removal *r, DIR *dir)
{
	do {
		r->progress = false;
		r->error = 0;
		if (empty_root(r, dir))
			return;
	} while (r->progress && !stopped(r->stop));
	note(r, ENOTEMPTY, "");
}

bool fsio_remove_tree_until(const char *path, atomic_bool *stop, struct err *e)
{
	struct tree_removal r = {.stop = stop};
	int number = remove_one(AT_FDCWD, path);
	DIR *dir;

	if (number == 0)
		return true;
	if (number != ENOTEMPTY)
		return err_errno(e, number, "cannot remove", path);
	r.root = open_folder(AT_FDCWD, path);
	dir = r.root >= 0 ? fdopendir(r.root) : NULL;
	if (dir == NULL) {
		err_errno(e, errno, "cannot open the folder to remove", path);
		if (r.root >= 0)
			close(r.root);
		return false;
	}
	if (faccessat(r.root, ".", W_OK | X_OK, AT_EACCESS) < 0)
		fchmod(r.root, 0700);
	empty_tree(&r, dir);
	closedir(dir);
	if (stopped(stop))
		return err_set(e, ERR_UNAVAILABLE, "%s is not removed yet: we are stopping", path);
	if (r.error)
		return err_set(e, ERR_INTERNAL, "cannot remove %s from %s: %s", r.name, path,
			strerror(r.error));
	number = remove_one(AT_FDCWD, path);
	return number == 0 || err_errno(e, number, "cannot remove", path);
}

bool fsio_remove_tree(const char *path, struct err *e)
{
	return fsio_remove_tree_until(path, NULL, e);
}

static int64_t bytes_of(int parent, const char *name, int depth, atomic_bool *stop);

/* Bytes below an open folder, which it closes. */
static int64_t bytes_below(int fd, int depth, atomic_bool *stop)
{
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	int64_t bytes = 0;

	for (struct dirent *entry; dir && !stopped(stop) && (entry = readdir(dir)) != NULL;)
		if (!is_dot(entry->d_name))
			bytes += bytes_of(dirfd(dir), entry->d_name, depth, stop);
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
	return bytes;
}

/* What lies deeper than any task needs is not counted: a descriptor is held for each level. */
static int64_t bytes_of(int parent, const char *name, int depth, atomic_bool *stop)
{
	struct stat st;

	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (S_ISREG(st.st_mode))
		return st.st_blocks * 512;
	if (!S_ISDIR(st.st_mode) || depth == COUNTED_DEPTH)
		return 0;
	return bytes_below(openat(parent, name, FOLDER_FLAGS), depth + 1, stop);
}

int64_t fsio_tree_bytes_until(int parent, const char *name, atomic_bool *stop)
{
	return bytes_of(parent, name, 0, stop);
}

int64_t fsio_tree_bytes(int parent, const char *name)
{
	return fsio_tree_bytes_until(parent, name, NULL);
}
