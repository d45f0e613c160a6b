/* A folder of a test's own. */
#ifndef MLTOP_TESTS_BASE_FSIO_ROOT_H
#define MLTOP_TESTS_BASE_FSIO_ROOT_H

#include "base/fsio.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char root[256];

/* root/NAME; the caller frees. */
static inline char *at(const char *name)
{
	return fsio_join(root, name);
}

static inline int make_root(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	snprintf(root, sizeof root, "%s/mltop-fsio-XXXXXX", tmp ? tmp : "/tmp");
	return mkdtemp(root) == NULL;
}

static inline int remove_root(void **state)
{
	(void)state;
	return !fsio_remove_tree(root, NULL);
}

static inline bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static inline size_t count_entries(const char *path)
{
	DIR *dir = opendir(path);
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

#endif
