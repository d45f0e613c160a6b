#include "client/place.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/ulid.h"
#include "base/timefmt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * A path of plain names: no "", "." or "..", none beginning with '/', no control character. The list
 * is somebody else's: nothing in it may lead out of the folder it goes to.
 */
static bool place_path_good(const char *path, struct err *e)
{
	const char *at = path;

	for (const unsigned char *p = (const unsigned char *)path; *p; p++)
		if (*p < 0x20 || *p == 0x7f)
			return err_set(e, ERR_INVALID,
				"the platform lists an output with a control "
				"character in its name: not downloaded");
	for (;;) {
		size_t len = strcspn(at, "/");

		if (len == 0 || len > 255 || (len == 1 && *at == '.') ||
			(len == 2 && at[0] == '.' && at[1] == '.'))
			return err_set(e, ERR_INVALID,
				"the platform lists an output '%.200s', which is no "
				"path below its folder: not downloaded",
				path);
		if (at[len] == '\0')
			return true;
		at += len + 1;
	}
}

/* The folder `name` of `parent`, made where it is not there; takes `parent`. */
static int step(int parent, const char *name, bool own, struct err *e, const char *path)
{
	int fd = -1;

	if (mkdirat(parent, name, 0777) == 0 || errno == EEXIST)
		fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
		err_set(e, ERR_CONFLICT,
			"%s: a link or a file stands in the place of the folder %s: not written "
			"through; move it away, or give another folder with -o",
			path, name);
	else if (fd < 0)
		err_errno(e, errno, "cannot write", path);
	if (own)
		close(parent);
	return fd;
}

bool place_open(struct place *p, int top, const char *path, struct err *e)
{
	const char *at = path;
	int fd = top;
	size_t len;

	*p = (struct place){.folder = -1, .path = path};
	if (!place_path_good(path, e))
		return false;
	for (; at[len = strcspn(at, "/")] != '\0'; at += len + 1) {
		snprintf(p->name, sizeof p->name, "%.*s", (int)len, at);
		fd = step(fd, p->name, fd != top, e, path);
		if (fd < 0)
			return false;
	}
	snprintf(p->name, sizeof p->name, "%s", at);
	p->folder = fd == top ? fcntl(top, F_DUPFD_CLOEXEC, 3) : fd;
	return p->folder >= 0 || err_errno(e, errno, "cannot write", path);
}

bool place_taken(const struct place *p)
{
	struct stat st;

	return fstatat(p->folder, p->name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* A name that nobody has: it is made with O_EXCL, a taken one is an error. */
static void choose_aside(struct place *p)
{
	char ulid[ULID_SIZE];

	ulid_new(ulid, time_now_ms());
	snprintf(p->aside, sizeof p->aside, ".part-%.16s", ulid + 10);
}

int place_begin(struct place *p, struct err *e)
{
	int fd;

	choose_aside(p);
	fd = openat(p->folder, p->aside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		0666);
	if (fd < 0) {
		p->aside[0] = '\0';
		err_errno(e, errno, "cannot write", p->path);
	}
	return fd;
}

bool place_keep(struct place *p, struct err *e)
{
	if (renameat(p->folder, p->aside, p->folder, p->name) != 0)
		return err_errno(e, errno, "cannot keep", p->path);
	p->aside[0] = '\0';
	return true;
}

bool place_link(struct place *p, const char *target, struct err *e)
{
	choose_aside(p);
	if (symlinkat(target, p->folder, p->aside) != 0) {
		p->aside[0] = '\0';
		return err_errno(e, errno, "cannot make the link", p->path);
	}
	return place_keep(p, e);
}

void place_close(struct place *p)
{
	if (p->aside[0])
		unlinkat(p->folder, p->aside, 0);
	if (p->folder >= 0)
		close(p->folder);
	p->folder = -1;
}

/* ---- Links ---- */

/* Takes the last name away; false: there is none. */
static bool go_up(struct buf *path)
{
	const char *slash = path->len ? strrchr(path->data, '/') : NULL;

	if (path->len == 0)
		return false;
	buf_cut(path, slash ? (size_t)(slash - path->data) : 0);
	return true;
}

char *place_resolve(const char *path, const char *target)
{
	struct buf out = BUF_INIT;
	const char *at = target;
	bool inside = *target != '/' && *target != '\0';

	buf_adds(&out, path);
	go_up(&out);
	while (inside && *at) {
		size_t len = strcspn(at, "/");

		if (len == 2 && at[0] == '.' && at[1] == '.')
			inside = go_up(&out);
		else if (len > 0 && !(len == 1 && *at == '.'))
			buf_addf(&out, "%s%.*s", out.len ? "/" : "", (int)len, at);
		at += len + (at[len] == '/');
	}
	if (inside && out.len && place_path_good(out.data, NULL))
		return buf_detach(&out);
	buf_release(&out);
	return NULL;
}
