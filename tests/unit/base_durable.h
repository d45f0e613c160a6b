/*
 * What reaches the disk, and in which order: fsync, rename and renameat of the program under test
 * come here first (its archive finds ours before libc's), are noted and done. One thread.
 */
#ifndef MLTOP_TESTS_UNIT_BASE_DURABLE_H
#define MLTOP_TESTS_UNIT_BASE_DURABLE_H

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char
	durable_steps[64]; /* f: a file synced; d: a folder synced; r: a name moved into place */

static void durable_note(char step)
{
	size_t n = strlen(durable_steps);

	if (n + 1 < sizeof durable_steps)
		durable_steps[n] = step;
}

/* What happened since the last call. */
static inline const char *durable_take(void)
{
	static char taken[sizeof durable_steps];

	memcpy(taken, durable_steps, sizeof taken);
	memset(durable_steps, 0, sizeof durable_steps);
	return taken;
}

int fsync(int fd)
{
	struct stat st;

	durable_note(fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) ? 'd' : 'f');
	return (int)syscall(SYS_fsync, fd);
}

int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	durable_note('r');
	return (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, 0);
}

int rename(const char *from, const char *to)
{
	return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

#endif
