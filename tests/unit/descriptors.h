/* Open descriptors of this process: how many there are, and what happens when no more are to be had. */
#ifndef MLTOP_TESTS_DESCRIPTORS_H
#define MLTOP_TESTS_DESCRIPTORS_H

#include <dirent.h>
#include <stdbool.h>
#include <sys/resource.h>

static inline int descriptors(void)
{
	int count = 0;
	DIR *d = opendir("/proc/self/fd");

	while (readdir(d))
		count++;
	closedir(d);
	return count;
}

/* False: every open fails with EMFILE (0 to 2 are in use) until it is called with true. */
static inline void descriptors_allow(bool more)
{
	static struct rlimit before;
	struct rlimit none;

	if (!more)
		getrlimit(RLIMIT_NOFILE, &before);
	none = (struct rlimit){.rlim_cur = 3, .rlim_max = before.rlim_max};
	setrlimit(RLIMIT_NOFILE, more ? &before : &none);
}

#endif
