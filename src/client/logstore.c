#include "client/logstore_inside.h"

#include "base/fsio.h"
#include "base/home.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Life ---- */

/* A file without a name: it goes with the process, however that ends. */
int store_open_spool(const char *dir, struct err *e)
{
	struct err why = ERR_INIT;
	char *path = NULL;
	int fd = -1;

	/* It has no name and needs no place of its own: a home that is not ours is no reason to fail. */
	if (!home_mkdirs(dir, 0700, &why) && why.code != ERR_FORBIDDEN)
		return err_set(e, why.code, "%s", why.text), -1;
	if (why.code == ERR_FORBIDDEN)
		dir = "/tmp";
	fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	path = fsio_join(dir, "log-XXXXXX"); /* file systems without O_TMPFILE */
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	else
		err_errno(e, errno, "cannot make a file for the log in", dir);
	free(path);
	return fd;
}

struct logstore *logstore_new(const char *dir, struct err *e)
{
	struct logstore *s;
	int fd = store_open_spool(dir, e);

	if (fd < 0)
		return NULL;
	s = mem_alloc(sizeof *s);
	s->fd = fd;
	s->drawn_fd = -1;
	s->dir = mem_strdup(dir);
	buf_init(&s->lines, 0);
	vec_push(&s->marks, 0);
	return s;
}

void logstore_free(struct logstore *s)
{
	if (s == NULL)
		return;
	close(s->fd);
	vec_release(&s->marks);
	vec_release(&s->gaps);
	vec_release(&s->longs);
	store_fold_release(s);
	buf_release(&s->lines);
	free(s->block);
	free(s);
}

/* ---- Storing ---- */

bool store_write(int fd, uint64_t pos, const char *bytes, size_t len, struct err *e)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pwrite(fd, bytes + done, len - done, (off_t)(pos + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_set(e, ERR_INTERNAL,
				"the log cannot be kept: writing to the cache folder failed: %s; "
				"make room there and open the log again",
				strerror(n < 0 ? errno : ENOSPC));
		done += (size_t)n;
	}
	return true;
}

/* The row at hand is whole; the next one begins at `next`. */
static void end_row(struct logstore *s, uint64_t next)
{
	s->rows++;
	if (s->rows % ROWS_PER_MARK == 0)
		vec_push(&s->marks, next);
}

static void end_line(struct logstore *s, uint64_t end, uint64_t next)
{
	if (end - s->line_start > LINE_SHOWN)
		vec_push(&s->longs, ((struct store_long){s->rows, end}));
	s->line_start = next;
	end_row(s, next);
}

static void index_bytes(struct logstore *s, const char *bytes, size_t len)
{
	const char *at = bytes, *end = bytes + len, *lf;

	while (at < end && (lf = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		uint64_t pos = s->size + (uint64_t)(lf - bytes);

		end_line(s, pos, pos + 1);
		at = lf + 1;
	}
}

static bool joins(struct logstore *s, uint64_t offset, struct err *e)
{
	if (!s->begun) {
		s->begun = true;
		s->first = s->next = offset;
	}
	return offset == s->next ||
		err_set(e, ERR_INTERNAL,
			"the log does not join: offset %llu came where %llu was due",
			(unsigned long long)offset, (unsigned long long)s->next);
}

bool logstore_append(struct logstore *s, uint64_t offset, const void *bytes, size_t len,
	struct err *e)
{
	if (!joins(s, offset, e) || !store_write(s->fd, s->size, bytes, len, e))
		return false;
	index_bytes(s, bytes, len);
	s->size += len;
	s->next += len;
	return store_fold_bytes(s, bytes, len, e);
}

/* Is the newest row a gap that ends there? */
static bool last_gap_at(const struct logstore *s, uint64_t offset)
{
	const struct store_gap *last = s->gaps.len ? &s->gaps.items[s->gaps.len - 1] : NULL;

	return last && last->row + 1 == s->rows && last->pos == s->size &&
		last->offset + last->lost == offset;
}

bool logstore_gap(struct logstore *s, uint64_t offset, uint64_t lost, struct err *e)
{
	if (!joins(s, offset, e))
		return false;
	/* It moves no offset: who asks again from there is told of it again. */
	if (lost == 0 && last_gap_at(s, offset))
		return true;
	if (s->line_start < s->size)
		end_line(s, s->size, s->size);
	if (!store_fold_gap(s, e))
		return false;
	vec_push(&s->gaps, ((struct store_gap){s->rows, s->size, offset, lost}));
	end_row(s, s->size);
	s->next += lost;
	return true;
}

uint64_t logstore_next(const struct logstore *s)
{
	return s->next;
}

uint64_t logstore_first(const struct logstore *s)
{
	return s->first;
}

int64_t store_raw(const struct logstore *s)
{
	return s->rows + (s->line_start < s->size);
}

void logstore_set_raw(struct logstore *s, bool raw)
{
	s->raw = raw;
}

int64_t logstore_lines(const struct logstore *s)
{
	return s->raw ? store_raw(s) : store_shown(s);
}

/* ---- Saving ---- */

static bool copy_spool(struct logstore *s, int fd, struct err *e, const char *path)
{
	char *part = mem_alloc(FIND_STEP);
	uint64_t pos = 0;
	bool ok = true;

	while (ok && pos < s->size) {
		size_t len = s->size - pos < FIND_STEP ? (size_t)(s->size - pos) : FIND_STEP;

		ok = store_read(s, pos, part, len, e);
		if (ok && !fsio_write_all(fd, part, len))
			ok = err_errno(e, errno, "cannot save the log to", path);
		pos += len;
	}
	free(part);
	return ok;
}

bool logstore_save(struct logstore *s, const char *path, struct err *e)
{
	struct stat st;
	char *aside = NULL;
	int fd = -1;
	bool ok;

	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return err_set(e, ERR_CONFLICT,
			"cannot save the log to %s: that is no plain file; choose another name",
			path);
	fd = fsio_aside(path, &aside);
	if (fd < 0) {
		ok = err_errno(e, errno, "cannot save the log to", path);
		goto out;
	}
	ok = copy_spool(s, fd, e, path);
	if (close(fd) < 0 && ok)
		ok = err_errno(e, errno, "cannot save the log to", path);
	if (ok && rename(aside, path) < 0)
		ok = err_errno(e, errno, "cannot save the log to", path);
	if (!ok)
		unlink(aside);
out:
	free(aside);
	return ok;
}
