#include "base/fsio.h"

#include "base/mem.h"
#include "base/ulid.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_STEP = 32 * 1024 };

static bool fail(struct err *e, int number, const char *what, const char *path)
{
	err_errno(e, number, what, path);
	if (e && number == ENOENT)
		e->code = ERR_NOT_FOUND;
	else if (e && (number == EACCES || number == EPERM))
		e->code = ERR_FORBIDDEN;
	return false;
}

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Makes one folder; one that is there already is success. */
static bool make_folder(const char *path, mode_t mode, struct err *e)
{
	int number;

	if (mkdir(path, mode) == 0)
		return true;
	number = errno;
	/* A parent on a read-only file system says EROFS although it exists. */
	if (is_folder(path))
		return true;
	if (number == EEXIST)
		return err_set(e, ERR_CONFLICT,
			"cannot make the folder %s: a file of that name is in the way; move it",
			path);
	return fail(e, number, "cannot make the folder", path);
}

/* Goes up only where something is missing: mostly all but the last folder are there. */
static bool make_path(char *path, mode_t mode, struct err *e)
{
	char *slash = strrchr(path, '/');

	if (mkdir(path, mode) == 0)
		return true;
	if ((errno == ENOENT || errno == ENOTDIR) && slash && slash != path) {
		*slash = '\0';
		bool ok = make_path(path, mode, e);

		*slash = '/';
		if (!ok)
			return false;
	}
	return make_folder(path, mode, e);
}

bool fsio_mkdirs(const char *path, mode_t mode, struct err *e)
{
	char *copy = mem_strdup(path);
	bool ok = make_path(copy, mode, e);

	free(copy);
	return ok;
}

/* Reads to the end of `fd`; at most `limit` bytes may come, and no more than the buffer takes. */
static bool read_all(int fd, const char *path, struct buf *out, size_t limit, struct err *e)
{
	char part[READ_STEP];
	size_t total = 0;

	for (;;) {
		ssize_t n = read(fd, part, sizeof part);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail(e, errno, "cannot read", path);
		if (n == 0)
			return true;
		if ((size_t)n > limit - total || !buf_add(out, part, (size_t)n))
			return err_set(e, ERR_TOO_LARGE, "%s is too large: more than %zu bytes",
				path, limit < out->limit || out->limit == 0 ? limit : out->limit);
		total += (size_t)n;
	}
}

bool fsio_read_at(int dirfd, const char *path, struct buf *out, size_t limit, struct err *e)
{
	size_t start = out->len;
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	bool ok;

	if (fd < 0)
		return fail(e, errno, "cannot open", path);
	ok = read_all(fd, path, out, limit, e);
	close(fd);
	if (!ok)
		buf_cut(out, start);
	return ok;
}

bool fsio_read(const char *path, struct buf *out, size_t limit, struct err *e)
{
	return fsio_read_at(AT_FDCWD, path, out, limit, e);
}

int fsio_aside(const char *path, char **name)
{
	int fd = -1;

	*name = NULL;
	/* A name that is taken is another's: it is not touched. mkostemp(3) would not heed the umask. */
	for (int tries = 0; fd < 0 && tries < 100 && (tries == 0 || errno == EEXIST); tries++) {
		struct buf text = BUF_INIT;
		char ulid[ULID_SIZE];

		ulid_new(ulid, 0);
		buf_addf(&text, "%s.part-%s", path, ulid + ULID_SIZE - 1 - 8);
		free(*name);
		*name = buf_detach(&text);
		fd = open(*name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	}
	return fd;
}

bool fsio_write_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

/* A rename is durable once the folder that holds the name is. */
bool fsio_sync_folder(const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return fail(e, errno, "cannot open the folder", path);
	/* Some file systems cannot fsync a folder and say EINVAL: there is nothing more to do. */
	ok = fsync(fd) == 0 || errno == EINVAL;
	if (!ok)
		fail(e, errno, "cannot make durable", path);
	close(fd);
	return ok;
}

static char *parent_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *parent;

	if (slash == NULL)
		return mem_strdup(".");
	if (slash == path)
		return mem_strdup("/");
	parent = mem_dup(path, (size_t)(slash - path) + 1);
	parent[slash - path] = '\0';
	return parent;
}

/* Fills and syncs the file aside; `fd` is closed in any case. */
static bool fill_aside(int fd, const char *aside, const void *data, size_t len, mode_t mode,
	struct err *e)
{
	bool ok = fchmod(fd, mode) == 0 && fsio_write_all(fd, data, len) && fsync(fd) == 0;
	int number = errno;

	/* NFS reports a full disk only here. */
	if (close(fd) < 0 && ok) {
		ok = false;
		number = errno;
	}
	return ok || fail(e, number, "cannot write", aside);
}

bool fsio_write(const char *path, const void *data, size_t len, mode_t mode, struct err *e)
{
	char *folder = parent_of(path);
	char *aside = fsio_join(folder, ".aside-XXXXXX");
	int fd = mkostemp(aside, O_CLOEXEC);
	bool ok;

	if (fd < 0) {
		ok = fail(e, errno, "cannot write to the folder", folder);
		goto out;
	}
	ok = fill_aside(fd, aside, data, len, mode, e);
	if (ok && rename(aside, path) < 0)
		ok = fail(e, errno, "cannot write", path);
	if (!ok)
		unlink(aside);
	else
		ok = fsio_sync_folder(folder, e);
out:
	free(aside);
	free(folder);
	return ok;
}

char *fsio_join(const char *dir, const char *name)
{
	size_t len = strlen(dir);
	struct buf path = BUF_INIT;

	buf_add(&path, dir, len);
	if (len > 0 && dir[len - 1] != '/' && *name != '/')
		buf_addc(&path, '/');
	while (len > 0 && dir[len - 1] == '/' && *name == '/')
		name++;
	buf_adds(&path, name);
	return buf_detach(&path);
}

char *fsio_program_dir(void)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
	char *slash;

	if (n <= 0 || (size_t)n == sizeof path - 1)
		return mem_strdup("");
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (slash == NULL)
		return mem_strdup("");
	slash[slash == path] = '\0';
	return mem_strdup(path);
}
