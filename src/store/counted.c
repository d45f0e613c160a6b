/*
 * How far the store had come, in a file outside of it: written after each commit and never synced by
 * itself, so it may be behind the database after a loss of power, and is never ahead of one that is
 * whole.
 */
#include "store/sqlite.h"

#include "base/fsio.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static uint64_t counted_read(int fd)
{
	uint64_t n = 0;

	return pread(fd, &n, sizeof n, 0) == sizeof n ? n : 0;
}

void counted_open(struct store *s)
{
	struct sql *sql = sql_of(s);
	char *path = fsio_join(s->dir, "commits");
	uint64_t told;
	char set[96];

	sql->counted = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	free(path);
	if (sql->counted < 0)
		return;
	told = counted_read(sql->counted);
	s->lost = told > sql->revision ? told - sql->revision : 0;
	if (s->lost == 0)
		return;
	/* Told once; and what was given away is not given again. */
	sql->revision = told;
	snprintf(set, sizeof set, "UPDATE meta SET value = '%llu' WHERE name = 'revision'",
		(unsigned long long)told);
	sql_exec(sql->db, set, NULL);
}

void counted_put(struct store *s)
{
	struct sql *sql = sql_of(s);

	/* A disk that has no room for it says so at the next commit. */
	if (sql->counted >= 0 && pwrite(sql->counted, &sql->revision, sizeof sql->revision, 0) < 0)
		counted_close(s);
}

void counted_close(struct store *s)
{
	struct sql *sql = sql_of(s);

	if (sql->counted >= 0)
		close(sql->counted);
	sql->counted = -1;
}
