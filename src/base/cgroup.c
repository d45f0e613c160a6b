#include "base/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
	CPU_PERIOD_US = 100000, /* the kernel's own standard */
	FREEZE_TRIES = 100,     /* of a millisecond */
	TEXT_MAX = 8192,        /* memory.stat has about 3 KB */
};

/* A file of a group; with a key the number behind that word, else the number that it is. */
struct name {
	const char *file, *key;
	int64_t unit; /* what its numbers are multiplied by */
};

static const struct {
	struct name v2, v1;
} facts[] = {
	[CGROUP_CPU_USED] = {{"cpu.stat", "usage_usec", 1000}, {"cpuacct.usage", NULL, 1}},
	[CGROUP_MEMORY_USED] = {{"memory.current", NULL, 1}, {"memory.usage_in_bytes", NULL, 1}},
	[CGROUP_MEMORY_CACHE] = {{"memory.stat", "inactive_file", 1},
		{"memory.stat", "total_inactive_file", 1}},
	[CGROUP_MEMORY_PEAK] = {{"memory.peak", NULL, 1}, {"memory.max_usage_in_bytes", NULL, 1}},
	[CGROUP_OOM_KILLS] = {{"memory.events", "oom_kill", 1},
		{"memory.oom_control", "oom_kill", 1}},
	[CGROUP_PIDS_REFUSED] = {{"pids.events", "max", 1}, {"pids.events", "max", 1}},
	[CGROUP_MEMORY_LIMIT] = {{"memory.max", NULL, 1}, {"memory.limit_in_bytes", NULL, 1}},
	[CGROUP_PIDS_LIMIT] = {{"pids.max", NULL, 1}, {"pids.max", NULL, 1}},
	[CGROUP_OOM_WHOLE] = {{"memory.oom.group", NULL, 1}, {NULL, NULL, 1}},
};

/*
 * What is written for a limit; the first file of a row that a folder has. memory.high is the limit
 * itself: below it a task that has no swap would be slowed to a stand instead of being ended. The
 * order of rows is that of writing: memory.memsw must not be below memory.limit.
 */
enum limit { LIMIT_CPU_PERIOD, LIMIT_CPU, LIMIT_MEMORY, LIMIT_MEMORY_MORE, LIMIT_PIDS };
static const struct {
	enum limit of;
	bool needed; /* where there is none of that name the limit is not held */
	const char *v2, *v2_format, *v1, *v1_format;
} limits_rows[] = {
	{LIMIT_CPU_PERIOD, false, NULL, NULL, "cpu.cfs_period_us", "%lld"},
	{LIMIT_CPU, true, "cpu.max", "%lld 100000", "cpu.cfs_quota_us", "%lld"},
	{LIMIT_MEMORY, true, "memory.max", "%lld", "memory.limit_in_bytes", "%lld"},
	{LIMIT_MEMORY_MORE, false, "memory.high", "%lld", "memory.memsw.limit_in_bytes", "%lld"},
	{LIMIT_MEMORY_MORE, false, "memory.swap.max", "0", NULL, NULL},
	{LIMIT_MEMORY_MORE, false, "memory.oom.group", "1", NULL, NULL},
	{LIMIT_PIDS, true, "pids.max", "%lld", "pids.max", "%lld"},
};

static const struct {
	const char *file, *on, *off,
		*done;    /* done: what it reads when all is frozen; NULL: as `on` */
	const char *told; /* the file that tells */
} freezers[] = {
	{"freezer.state", "FROZEN", "THAWED", "FROZEN", "freezer.state"},
	{"cgroup.freeze", "1", "0", "frozen 1", "cgroup.events"},
};

/* The path of `file` beside a group's cgroup.procs; false when it is too long. */
static bool path_of(char path[CGROUP_PATH_MAX], const char *procs, const char *file)
{
	const char *slash = strrchr(procs, '/');
	int folder = slash ? (int)(slash - procs) : 0;

	return slash &&
		snprintf(path, CGROUP_PATH_MAX, "%.*s/%s", folder, procs, file) < CGROUP_PATH_MAX;
}

static bool file_read(const char *procs, const char *file, char *text, size_t size)
{
	char path[CGROUP_PATH_MAX];
	size_t len = 0;
	ssize_t n;
	int fd = path_of(path, procs, file) ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;

	if (fd < 0)
		return false;
	while (len < size - 1 && (n = read(fd, text + len, size - 1 - len)) > 0)
		len += (size_t)n;
	close(fd);
	text[len] = '\0';
	return len > 0;
}

/* errno is kept. */
static bool path_write(const char *path, const char *text)
{
	int failed, fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	bool ok;

	if (fd < 0)
		return false;
	ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	failed = errno;
	close(fd);
	errno = failed;
	return ok;
}

static bool file_write(const char *procs, const char *file, const char *text)
{
	char path[CGROUP_PATH_MAX];

	return path_of(path, procs, file) && path_write(path, text);
}

/* At a number; "max" is no limit. */
static bool number_of(const char *text, int64_t unit, int64_t *value)
{
	uint64_t n = 0;

	if (strncmp(text, "max", 3) == 0) {
		*value = INT64_MAX;
		return true;
	}
	if (*text < '0' || *text > '9')
		return false;
	for (; *text >= '0' && *text <= '9'; text++) {
		if (n > (uint64_t)INT64_MAX / 10 - 1)
			return *value = INT64_MAX, true;
		n = n * 10 + (uint64_t)(*text - '0');
	}
	*value = n > (uint64_t)(INT64_MAX / unit) ? INT64_MAX : (int64_t)n * unit;
	return true;
}

/* Lines are "key number". */
static const char *behind(const char *text, const char *key)
{
	size_t len = strlen(key);

	for (; text != NULL && *text != '\0'; text = strchr(text, '\n'), text += text != NULL)
		if (strncmp(text, key, len) == 0 && text[len] == ' ')
			return text + len + 1;
	return NULL;
}

static bool name_read(const char *const *group, const struct name *name, int64_t *value)
{
	char text[TEXT_MAX];

	for (; *group != NULL; group++) {
		const char *at = text;

		if (!file_read(*group, name->file, text, sizeof text))
			continue;
		if (name->key != NULL)
			at = behind(text, name->key);
		if (at != NULL && number_of(at, name->unit, value))
			return true;
	}
	return false;
}

/* v1 first: its memory.stat has a word of v2 that leaves out the groups below. */
bool cgroup_read(const char *const *group, enum cgroup_fact fact, int64_t *value)
{
	const struct name *v1 = &facts[fact].v1, *v2 = &facts[fact].v2;

	return (v1->file != NULL && name_read(group, v1, value)) || name_read(group, v2, value);
}

/* Into the first folder that has the file; false with errno ENOENT when none has. */
static bool limit_write(const char *const *group, const char *file, const char *format,
	int64_t value)
{
	char text[64];

	errno = ENOENT;
	if (file == NULL)
		return false;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* one of those above */
	snprintf(text, sizeof text, format, (long long)value);
#pragma GCC diagnostic pop
	for (; *group != NULL; group++) {
		if (file_write(*group, file, text))
			return true;
		if (errno != ENOENT)
			return false;
	}
	return false;
}

static int64_t limit_value(const struct cgroup_limits *l, enum limit of)
{
	switch (of) {
	case LIMIT_CPU_PERIOD: return l->cpu > 0 ? CPU_PERIOD_US : 0;
	case LIMIT_CPU: return l->cpu * (CPU_PERIOD_US / 1000);
	case LIMIT_MEMORY:
	case LIMIT_MEMORY_MORE: return l->memory;
	case LIMIT_PIDS: return l->pids;
	}
	return 0;
}

bool cgroup_limit(const char *const *group, const struct cgroup_limits *limits, struct err *e)
{
	for (size_t i = 0; i < sizeof limits_rows / sizeof limits_rows[0]; i++) {
		int64_t value = limit_value(limits, limits_rows[i].of);
		const char *name;

		if (value <= 0)
			continue;
		if (limit_write(group, limits_rows[i].v2, limits_rows[i].v2_format, value))
			continue;
		name = limits_rows[i].v2;
		if (errno == ENOENT && limits_rows[i].v1 != NULL) {
			if (limit_write(group, limits_rows[i].v1, limits_rows[i].v1_format, value))
				continue;
			name = errno == ENOENT && name != NULL ? name : limits_rows[i].v1;
		}
		/* Without swap the kernel has no file for it. */
		if (errno == ENOENT && !limits_rows[i].needed)
			continue;
		return err_set(e, ERR_UNAVAILABLE,
			"cannot write %lld into %s of the control group of %s: %s",
			(long long)value, name, group[0], strerror(errno));
	}
	return true;
}

bool cgroup_make_folder(const char *path)
{
	/* Whatever our umask: a program reads there what it may have. */
	return (mkdir(path, 0755) == 0 && chmod(path, 0755) == 0) || errno == EEXIST;
}

bool cgroup_make(const char *const *group, struct err *e)
{
	char path[CGROUP_PATH_MAX];

	for (; *group != NULL; group++)
		if (!path_of(path, *group, ""))
			return err_set(e, ERR_UNAVAILABLE,
				"cannot make a control group at %s: the path is too long", *group);
		else if (!cgroup_make_folder(path))
			return err_set(e, ERR_UNAVAILABLE, "cannot make the control group %s: %s",
				path, strerror(errno));
	return true;
}

/*
 * By `tasks` of v1, which moves the thread that writes. For its own one the kernel (5.2 on:
 * cgroup_procs_write_start of kernel/cgroup/cgroup.c) takes no lock over all threads of the machine,
 * whose wait is some 10 ms where nobody else has just taken it. v2 has no such way.
 */
static bool join_one(const char *procs)
{
	errno = 0;
	return file_write(procs, "tasks", "0") || (errno == ENOENT && path_write(procs, "0"));
}

bool cgroup_join(const char *const *group)
{
	for (; *group != NULL; group++)
		if (!join_one(*group))
			return false;
	return true;
}

/* Calls `each` for the numbers in the file; returns how many, -1: there is no such file. */
static int each_process(const char *procs, void (*each)(int pid))
{
	char bytes[4096];
	int64_t pid = 0;
	ssize_t n;
	int count = 0, fd = open(procs, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return -1;
	while ((n = read(fd, bytes, sizeof bytes)) > 0)
		for (ssize_t i = 0; i < n; i++) {
			if (bytes[i] >= '0' && bytes[i] <= '9' && pid < INT32_MAX / 10) {
				pid = pid * 10 + (bytes[i] - '0');
				continue;
			}
			if (pid > 0 && each != NULL)
				each((int)pid);
			count += pid > 0;
			pid = 0;
		}
	close(fd);
	return count;
}

static void kill_process(int pid)
{
	kill(pid, SIGKILL);
}

static bool is_frozen(const char *procs, const char *told, const char *done)
{
	const struct timespec moment = {.tv_nsec = 1000000};
	char text[TEXT_MAX];

	for (int i = 0; i < FREEZE_TRIES; i++) {
		if (file_read(procs, told, text, sizeof text) && strstr(text, done) != NULL)
			return true;
		nanosleep(&moment, NULL);
	}
	return false;
}

/*
 * What is frozen forks no more and does not end, so that the numbers are those of its processes and
 * of nobody else while they are signalled. Where it does not freeze (one waits in the kernel), the
 * caller's own way of ending processes goes on.
 */
static bool kill_frozen(const char *procs)
{
	for (size_t i = 0; i < sizeof freezers / sizeof freezers[0]; i++) {
		bool frozen;

		if (!file_write(procs, freezers[i].file, freezers[i].on))
			continue;
		frozen = is_frozen(procs, freezers[i].told, freezers[i].done);
		if (frozen)
			each_process(procs, kill_process);
		file_write(procs, freezers[i].file, freezers[i].off);
		return frozen;
	}
	return false;
}

bool cgroup_kill(const char *const *group)
{
	for (const char *const *at = group; *at != NULL; at++)
		if (file_write(*at, "cgroup.kill", "1"))
			return true;
	for (const char *const *at = group; *at != NULL; at++)
		if (kill_frozen(*at))
			return true;
	return false;
}

int cgroup_count(const char *const *group)
{
	int most = -1;

	for (; *group != NULL; group++) {
		int count = each_process(*group, NULL);

		most = count > most ? count : most;
	}
	return most;
}

bool cgroup_remove(const char *const *group)
{
	char path[CGROUP_PATH_MAX];
	bool gone = true;

	for (; *group != NULL; group++)
		if (path_of(path, *group, "") && rmdir(path) < 0 && errno != ENOENT)
			gone = false;
	return gone;
}

void cgroup_remove_parents(const char *const *group)
{
	char path[CGROUP_PATH_MAX], *slash;

	for (; *group != NULL; group++) {
		if (!path_of(path, *group, ""))
			continue;
		for (int i = 0; i < 2; i++) /* the one behind the name, and that before it */
			if ((slash = strrchr(path, '/')) != NULL)
				*slash = '\0';
		rmdir(path);
	}
}
