/*
 * A disk that fills, for machines where a test may mount nothing: preloaded into a program, it lets
 * no byte more into files under $FULL_DISK while $FULL_DISK/filler exists. SQLite writes with
 * pwrite64, everybody else with write.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_full(int fd)
{
	const char *folder = getenv("FULL_DISK");
	char link[64], path[4096], filler[4096];
	ssize_t len;

	if (folder == NULL)
		return 0;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof path - 1);
	if (len < 0)
		return 0;
	path[len] = '\0';
	snprintf(filler, sizeof filler, "%s/filler", folder);
	return strncmp(path, folder, strlen(folder)) == 0 && access(filler, F_OK) == 0;
}

ssize_t write(int fd, const void *data, size_t len)
{
	ssize_t (*real)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");

	if (!is_full(fd))
		return real(fd, data, len);
	errno = ENOSPC;
	return -1;
}

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t offset)
{
	ssize_t (*real)(int, const void *, size_t, off64_t) = dlsym(RTLD_NEXT, "pwrite64");

	if (!is_full(fd))
		return real(fd, data, len, offset);
	errno = ENOSPC;
	return -1;
}
