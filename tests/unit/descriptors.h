/* Open descriptors of this process: how many there are, and what happens when no more are to be had. */
#ifndef MLTOP_TESTS_DESCRIPTORS_H
#define MLTOP_TESTS_DESCRIPTORS_H

#include <dirent.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <unistd.h>

static inline int descriptors(void)
{
	int count = 0;
	DIR *d = opendir("/proc/self/fd");

	while (readdir(d))
		count++;
	closedir(d);
	return count;
}

/* A limit below 0 puts back what was there before. */
static inline void descriptors_limit(int limit)
{
	static struct rlimit before;
	struct rlimit low;

	if (limit >= 0)
		getrlimit(RLIMIT_NOFILE, &before);
	low = (struct rlimit){.rlim_cur = (rlim_t)limit, .rlim_max = before.rlim_max};
	setrlimit(RLIMIT_NOFILE, limit < 0 ? &before : &low);
}

/* False: every open fails with EMFILE (0 to 2 are in use) until it is called with true. */
static inline void descriptors_allow(bool more)
{
	descriptors_limit(more ? -1 : 3);
}

/* One can still be opened, a second beside it cannot, until descriptors_allow(true). */
static inline void descriptors_allow_one(void)
{
	int lowest_free = dup(0);

	close(lowest_free);
	descriptors_limit(lowest_free + 1);
}

#endif
