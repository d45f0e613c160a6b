#include "engine/local/local.h"

#include "base/fsio.h"
#include "base/num.h"

#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

int64_t local_cpus(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof set, &set) < 0 || CPU_COUNT(&set) == 0)
		return 1;
	return CPU_COUNT(&set);
}

/* A file that holds one number of bytes; "max" and absent files are no limit. */
static int64_t limit_file(const char *dir, const char *name)
{
	struct buf text = BUF_INIT;
	char *path = fsio_join(dir, name);
	int64_t n = INT64_MAX;

	if (fsio_read(path, &text, 64, NULL)) {
		char *end = strpbrk(text.data, "\r\n ");

		if (end)
			*end = '\0';
		num_i64(text.data, 0, INT64_MAX, &n);
	}
	free(path);
	buf_release(&text);
	return n;
}

/* The lowest limit of a cgroup and of all above it, down from `root`. */
static int64_t limit_of(const char *root, const char *cgroup, const char *name)
{
	struct buf path = BUF_INIT;
	int64_t least = INT64_MAX;

	buf_addf(&path, "%s%s", root, cgroup);
	while (path.len > strlen(root)) {
		int64_t n = limit_file(path.data, name);

		least = n < least ? n : least;
		buf_cut(&path, (size_t)(strrchr(path.data, '/') - path.data));
	}
	int64_t n = limit_file(root, name);

	buf_release(&path);
	return n < least ? n : least;
}

/* Lines of /proc/self/cgroup are "0::/path" (v2) or "4:memory:/path" (v1); cgroups(7). */
static int64_t limit_of_ours(void)
{
	struct buf text = BUF_INIT;
	int64_t least = INT64_MAX;
	char *rest, *line;

	fsio_read("/proc/self/cgroup", &text, 65536, NULL);
	for (rest = text.data; (line = strsep(&rest, "\n")) != NULL;) {
		char *path = strrchr(line, ':');
		int64_t n = INT64_MAX;

		if (strncmp(line, "0::", 3) == 0)
			n = limit_of("/sys/fs/cgroup", path + 1, "memory.max");
		else if (strstr(line, ":memory:"))
			n = limit_of("/sys/fs/cgroup/memory", path + 1, "memory.limit_in_bytes");
		least = n < least ? n : least;
	}
	buf_release(&text);
	return least;
}

/* MemTotal of /proc/meminfo, in KiB there. */
static int64_t memory_total(void)
{
	struct buf text = BUF_INIT;
	int64_t kib = 0;

	if (fsio_read("/proc/meminfo", &text, 65536, NULL)) {
		char *at = strstr(text.data, "MemTotal:");

		if (at) {
			at += strlen("MemTotal:");
			at += strspn(at, " \t");
			at[strspn(at, "0123456789")] = '\0';
			num_i64(at, 0, INT64_MAX / 1024, &kib);
		}
	}
	buf_release(&text);
	return kib * 1024;
}

int64_t local_memory(void)
{
	int64_t total = memory_total(), limit = limit_of_ours();

	return limit < total ? limit : total;
}

/* The number in a file of /proc, INT_MAX when there is none. */
static int64_t proc_number(const char *path)
{
	struct buf text = BUF_INIT;
	int64_t n = INT_MAX;

	if (fsio_read(path, &text, 64, NULL)) {
		text.data[strcspn(text.data, "\n")] = '\0';
		if (!num_i64(text.data, 1, INT_MAX, &n))
			n = INT_MAX;
	}
	buf_release(&text);
	return n;
}

int local_processes(int64_t wanted)
{
	int64_t pids = proc_number("/proc/sys/kernel/pid_max");
	int64_t threads = proc_number("/proc/sys/kernel/threads-max");
	int64_t most = (pids < threads ? pids : threads) / 4;

	return (int)(wanted < most ? wanted : most);
}

int64_t local_reserve(const char *dir, int64_t wanted)
{
	struct statvfs disk;
	int64_t most;

	if (statvfs(dir, &disk) < 0)
		return 0;
	most = (int64_t)(disk.f_blocks * disk.f_frsize) / 50;
	return wanted < most ? wanted : most;
}

void local_notice(struct local *l, const char *what, const char *why)
{
	size_t len = strlen(l->notice);

	snprintf(l->notice + len, sizeof l->notice - len, "%s%s%s", len ? "; " : "", what, why);
	l->base.notice = l->notice;
}
