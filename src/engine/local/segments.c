/* The files of a log: what is there, and what can only not be looked at now. */
#include "engine/local/log.h"

#include "base/num.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SEGMENT_NAME = 20 };

/* Whatever keeps us from looking says nothing about the bytes: they are not lost for that. */
bool local_segments_unreadable(struct err *e, int number)
{
	return err_set(e, ERR_UNAVAILABLE, "the log cannot be read now (%s): ask again in a moment",
		strerror(number));
}

/* Not there, or a link in its place (opened with O_NOFOLLOW), which a task may have planted. */
bool local_segments_missing(int number)
{
	return number == ENOENT || number == ENOTDIR || number == ELOOP;
}

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

bool local_segments_list(int dir, uint64_t **items, size_t *count, struct err *e)
{
	VEC(uint64_t) found = {0};
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	uint64_t first;

	if (d == NULL) {
		local_segments_unreadable(e, errno);
		if (fd >= 0)
			close(fd);
		return false;
	}
	for (struct dirent *entry; (entry = readdir(d)) != NULL;)
		if (strlen(entry->d_name) == SEGMENT_NAME &&
			num_u64(entry->d_name, UINT64_MAX, &first))
			vec_push(&found, first);
	closedir(d);
	if (found.len > 1)
		qsort(found.items, found.len, sizeof *found.items, compare_u64);
	*items = found.items;
	*count = found.len;
	return true;
}

int local_segments_open(int dir, uint64_t first)
{
	char name[32];

	snprintf(name, sizeof name, "%020llu", (unsigned long long)first);
	return openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
}

static bool segment_size(int dir, uint64_t first, uint64_t *size, struct err *e)
{
	struct stat st;
	int fd = local_segments_open(dir, first);

	*size = 0;
	if (fd < 0 && local_segments_missing(errno))
		return true;
	if (fd < 0 || fstat(fd, &st) < 0) {
		local_segments_unreadable(e, errno);
		if (fd >= 0)
			close(fd);
		return false;
	}
	*size = (uint64_t)st.st_size;
	close(fd);
	return true;
}

bool local_segments_end(int dir, uint64_t *end, struct err *e)
{
	uint64_t *items = NULL, size = 0;
	size_t count = 0;
	bool good = local_segments_list(dir, &items, &count, e) &&
		(count == 0 || segment_size(dir, items[count - 1], &size, e));

	if (good)
		*end = count ? items[count - 1] + size : 0;
	free(items);
	return good;
}
