#include "store/folder.h"

#include "base/fsio.h"
#include "base/home.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* Homes are shared between machines (NFS): each machine has a folder of its own. */
static void machine_id(char out[65])
{
	struct buf text = BUF_INIT;

	if (!fsio_read("/etc/machine-id", &text, 128, NULL) || text.len < 8) {
		buf_reset(&text);
		buf_reserve(&text, 64);
		if (gethostname(text.data, 64) != 0)
			buf_adds(&text, "this-machine");
		else
			text.len = strnlen(text.data, 63);
	}
	snprintf(out, 65, "%.*s", (int)strcspn(text.data, "\n/"), text.data);
	buf_release(&text);
}

static char *ours_or_none(char *path, struct err *e)
{
	if (home_ours(path, e))
		return path;
	free(path);
	return NULL;
}

char *folder_default(struct err *e)
{
	const char *given = getenv("MLTOP_STATE_DIR");
	const char *state = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");
	char machine[65];
	char *path = NULL;

	if (given && *given)
		return mem_strdup(given);
	machine_id(machine);
	if (state && *state == '/') {
		if (asprintf(&path, "%s/mltop/%s", state, machine) > 0)
			return ours_or_none(path, e);
	} else if (home && *home == '/') {
		if (asprintf(&path, "%s/.local/state/mltop/%s", home, machine) > 0)
			return ours_or_none(path, e);
	}
	err_set(e, ERR_INVALID,
		"no state folder: neither XDG_STATE_HOME nor HOME is set; give --state-dir DIR");
	return NULL;
}

bool folder_prepare(const char *dir, struct err *e)
{
	struct stat st;

	if (!fsio_mkdirs(dir, 0700, e))
		return false;
	if (stat(dir, &st) != 0)
		return err_errno(e, errno, "cannot look at the state folder", dir);
	if (st.st_uid != geteuid())
		return err_set(e, ERR_FORBIDDEN,
			"state folder %s belongs to user %d, not to us (%d): give another --state-dir",
			dir, (int)st.st_uid, (int)geteuid());
	/* 0711 is a shared platform's: its tasks pass through to their own folders and see nothing. */
	if ((st.st_mode & 066) != 0)
		return err_set(e, ERR_FORBIDDEN,
			"state folder %s is open to others (mode %o): it holds secrets; chmod 700 it",
			dir, (unsigned)st.st_mode & 0777);
	if (fsio_is_network(dir))
		return err_set(e, ERR_INVALID,
			"state folder %s is on a network file system, where locks and the database "
			"are not safe: put it on a local disk with --state-dir DIR or MLTOP_STATE_DIR",
			dir);
	return true;
}

bool folder_lock(const char *dir, int *fd, struct err *e)
{
	char *path = fsio_join(dir, "lock");
	int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool good = false;

	if (lock < 0) {
		err_errno(e, errno, "cannot open the lock", path);
	} else if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
		if (errno == EWOULDBLOCK)
			err_set(e, ERR_CONFLICT, "state folder %s is in use by another mltopd",
				dir);
		else
			err_errno(e, errno, "cannot lock", path);
	} else {
		good = true;
	}
	if (good)
		*fd = lock;
	else if (lock >= 0)
		close(lock);
	free(path);
	return good;
}

static bool secret_read(int fd, const char *path, void *secret, int size, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return err_errno(e, errno, "cannot look at", path);
	if ((st.st_mode & 077) != 0 || st.st_uid != geteuid())
		return err_set(e, ERR_FORBIDDEN,
			"%s is open to others (mode %o): it holds a secret; chmod 600 it, or if others "
			"may have read it, rotate all keys",
			path, (unsigned)st.st_mode & 0777);
	if (st.st_size != size || read(fd, secret, (size_t)size) != size)
		return err_set(e, ERR_INTERNAL,
			"%s has %lld bytes in place of %d: restore it from a backup", path,
			(long long)st.st_size, size);
	return true;
}

bool folder_secret(const char *dir, const char *name, void *secret, int size, struct err *e)
{
	char *path = fsio_join(dir, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	bool good;

	if (fd >= 0) {
		good = secret_read(fd, path, secret, size, e);
		close(fd);
	} else if (errno != ENOENT) {
		good = err_errno(e, errno, "cannot open", path);
	} else if (getrandom(secret, (size_t)size, 0) != size) {
		good = err_errno(e, errno, "cannot get random bytes for", path);
	} else {
		good = fsio_write(path, secret, (size_t)size, 0600, e);
	}
	free(path);
	return good;
}
