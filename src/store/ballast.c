/*
 * Room that is held for the day when the disk is full: a file that is given up for what makes room
 * (deletions, cancels, ends of tasks) and for the start, and made again when there is room. And
 * whether the database that is open is the one that others would find there.
 */
#include "store/sqlite.h"

#include "base/fsio.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { BALLAST_MOST = 4 << 20, BALLAST_SHARE = 32, START_NEEDS = 256 << 10 };

/* Bytes that are left for us; -1: nobody knows. *ballast: what is to be held of such a disk. */
static int64_t room(const struct store *s, int64_t *ballast)
{
	struct statvfs fs;
	int64_t all;

	if (statvfs(s->dir, &fs) != 0)
		return -1;
	all = (int64_t)(fs.f_blocks * fs.f_frsize);
	*ballast = all / BALLAST_SHARE < BALLAST_MOST ? all / BALLAST_SHARE : BALLAST_MOST;
	return (int64_t)(fs.f_bavail * fs.f_frsize);
}

/* Two of them: what changes have used up, the next start must not miss. */
static const char changes[] = "ballast", start[] = "ballast.start";

static void hold(const struct store *s, const char *name, int64_t size)
{
	char *path = fsio_join(s->dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	/* Where it cannot be had (a file system that cannot), it is done without. */
	if (fd >= 0 && posix_fallocate(fd, 0, size) != 0)
		unlink(path);
	if (fd >= 0)
		close(fd);
	free(path);
}

static bool give(const struct store *s, const char *name)
{
	char *path = fsio_join(s->dir, name);
	bool good = unlink(path) == 0;

	free(path);
	return good;
}

bool ballast_make(struct store *s)
{
	int64_t size = 0, left = room(s, &size);

	if (left <= 3 * size)
		return false;
	hold(s, changes, size);
	hold(s, start, size / 2);
	sql_of(s)->given = false;
	return true;
}

bool ballast_give(struct store *s)
{
	bool good = give(s, changes);

	sql_of(s)->given = sql_of(s)->given || good;
	return good;
}

/* Before anything is written. */
void ballast_start(struct store *s)
{
	int64_t size = 0, left = room(s, &size);

	if (left < 0 || left >= START_NEEDS)
		return;
	give(s, start);
	sql_of(s)->given = true;
}

bool sql_tight(const struct store *s, struct err *e)
{
	int64_t size = 0, left = room(s, &size);

	return left < 0 || left >= size ||
		err_set(e, ERR_UNAVAILABLE,
			"the disk of the state folder is all but full (%lld KiB are left): make room in "
			"%s, or delete jobs",
			(long long)(left >> 10), s->dir);
}

static bool database_stat(const struct store *s, struct stat *st)
{
	char *path = fsio_join(s->dir, "store.db");
	bool there = stat(path, st) == 0;

	free(path);
	return there;
}

void sql_place(struct store *s)
{
	struct stat st;

	if (!database_stat(s, &st))
		return;
	sql_of(s)->dev = st.st_dev;
	sql_of(s)->ino = st.st_ino;
}

bool sql_there(const struct store *s, struct err *e)
{
	const struct sql *sql = s->back;
	struct stat st;

	if (database_stat(s, &st) && st.st_dev == sql->dev && st.st_ino == sql->ino)
		return true;
	return err_set(e, ERR_UNAVAILABLE,
		"the state folder %s was removed or replaced while mltopd runs: changes are refused; "
		"put it back, or restart mltopd",
		s->dir);
}
