#include "base/fsio.h"

#include "base/mem.h"
#include "base/vec.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Root gives a tree of its own away. Whoever gets it may be at work in it before all is given, and
 * swap a folder for a link or a file for a hard link to one of root's, so nothing is done by a path:
 * each thing is opened without following links, looked at, and given by that descriptor; what holds
 * others goes after them, the top last.
 */
struct giving {
	uid_t uid;
	gid_t gid;
	int depth;
};

typedef VEC(char *) names;

static void names_release(names *list)
{
	for (size_t i = 0; i < list->len; i++)
		free(list->items[i]);
	vec_release(list);
}

/* The names in a folder, so that it need not be read while what it holds is being given. */
static bool names_read(int folder, names *list)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

	if (dir == NULL) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			vec_push(list, mem_strdup(entry->d_name));
	closedir(dir);
	return true;
}

static bool give(const struct giving *g, int parent, const char *name, struct err *e);

static bool give_below(const struct giving *g, int folder, const char *name, struct err *e)
{
	const struct giving below = {g->uid, g->gid, g->depth + 1};
	names list = {0};
	bool good = true;

	if (g->depth == FSIO_LEVELS_MAX)
		return err_set(e, ERR_UNPROCESSABLE,
			"cannot give %s to the task's user: folders are nested deeper than %d",
			name, FSIO_LEVELS_MAX);
	if (!names_read(folder, &list))
		good = err_errno(e, errno, "cannot read the folder", name);
	for (size_t i = 0; good && i < list.len; i++)
		good = give(&below, folder, list.items[i], e);
	names_release(&list);
	return good;
}

/* Ours alone: a plain file that has one name, or a folder. */
static bool is_ours(const struct stat *st)
{
	return st->st_uid == geteuid() &&
		(S_ISDIR(st->st_mode) || (S_ISREG(st->st_mode) && st->st_nlink == 1));
}

static bool give(const struct giving *g, int parent, const char *name, struct err *e)
{
	struct stat st;
	int fd = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	bool good = true;

	if (fd < 0 || fstat(fd, &st) < 0)
		good = err_errno(e, errno, "cannot give to the task's user", name);
	else if (!is_ours(&st))
		good = err_set(e, ERR_FORBIDDEN,
			"cannot give %s to the task's user: it is no file or folder of ours alone",
			name);
	else if (S_ISDIR(st.st_mode))
		good = give_below(g, fd, name, e);
	if (good && fchownat(fd, "", g->uid, g->gid, AT_EMPTY_PATH) < 0)
		good = err_errno(e, errno, "cannot give to the task's user", name);
	if (fd >= 0)
		close(fd);
	return good;
}

bool fsio_give_tree(int parent, const char *name, uid_t uid, gid_t gid, struct err *e)
{
	const struct giving g = {uid, gid, 0};

	return give(&g, parent, name, e);
}
