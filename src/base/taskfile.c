#include "base/taskfile.h"

#include "base/items.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define INT(type, key, member, least, most, needed)                                      \
	{                                                                                \
		key, ITEMS_INT, offsetof(struct type, member), least, most, needed, NULL \
	}
#define I64(type, key, member)                                                           \
	{                                                                                \
		key, ITEMS_I64, offsetof(struct type, member), 0, INT64_MAX, false, NULL \
	}
#define U64(type, key, member)                                                   \
	{                                                                        \
		key, ITEMS_U64, offsetof(struct type, member), 0, 0, false, NULL \
	}
#define TEXT(type, key, member, needed)                                            \
	{                                                                          \
		key, ITEMS_TEXT, offsetof(struct type, member), 0, 0, needed, NULL \
	}

static const char *const end_words[] = {"exit", "signal", "start", "oom", "max-runtime", "stopped",
	NULL};

static const struct items_row spec_rows[] = {
	TEXT(task_spec, "uid", uid, true),
	TEXT(task_spec, "task", task, true),
	INT(task_spec, "attempt", attempt, 0, INT_MAX, true),
	TEXT(task_spec, "work_dir", work_dir, false),
	TEXT(task_spec, "prepare", prepare, false),
	TEXT(task_spec, "finish", finish, false),
	INT(task_spec, "run_uid", run_uid, -1, INT_MAX, false),
	INT(task_spec, "run_gid", run_gid, -1, INT_MAX, false),
	INT(task_spec, "max_processes", max_processes, 0, INT_MAX, false),
	INT(task_spec, "hide_processes", hide_processes, 0, 1, false),
	TEXT(task_spec, "own_tmp", own_tmp, false),
	TEXT(task_spec, "own_place", own_place, false),
	INT(task_spec, "close_sockets", close_sockets, 0, 1, false),
	TEXT(task_spec, "secrets_dir", secrets_dir, false),
	INT(task_spec, "umask", umask, 0, 0777, false),
	I64(task_spec, "stop_grace_ms", stop_grace_ms),
	I64(task_spec, "max_runtime_ms", max_runtime_ms),
	I64(task_spec, "memory_limit", memory_limit),
	TEXT(task_spec, "affinity", affinity, false),
	INT(task_spec, "cpus", cpus, 0, INT_MAX, false),
	I64(task_spec, "log_limit", log_limit),
	I64(task_spec, "segment_size", segment_size),
	I64(task_spec, "log_reserve", log_reserve),
};

static const struct items_row exit_rows[] = {
	{"end", ITEMS_WORD, offsetof(struct task_exit, end), 0, 0, true, end_words},
	INT(task_exit, "code", code, 0, INT_MAX, false),
	INT(task_exit, "signal", signal, 0, 255, false),
	I64(task_exit, "start_ms", start_ms),
	I64(task_exit, "end_ms", end_ms),
	I64(task_exit, "ran_ms", ran_ms),
	I64(task_exit, "user_ms", user_ms),
	I64(task_exit, "system_ms", system_ms),
	I64(task_exit, "peak_rss", peak_rss),
	U64(task_exit, "log_bytes", log_bytes),
	U64(task_exit, "log_lost", log_lost),
	INT(task_exit, "finish_code", finish_code, -1, INT_MAX, false),
	{"message", ITEMS_CHARS, offsetof(struct task_exit, message), 0,
		sizeof(((struct task_exit *)0)->message), false, NULL},
};

static const struct items_row pid_rows[] = {
	INT(task_pid, "shim_pid", shim_pid, 1, INT_MAX, true),
	INT(task_pid, "child_pid", child_pid, 0, INT_MAX, false),
	U64(task_pid, "shim_start", shim_start),
	U64(task_pid, "child_start", child_start),
	{"boot_id", ITEMS_CHARS, offsetof(struct task_pid, boot_id), 0,
		sizeof(((struct task_pid *)0)->boot_id), true, NULL},
};

_Static_assert(sizeof(enum task_end) == sizeof(int), "ITEMS_WORD stores an int");

static struct items_writer begin(char *out, size_t size)
{
	struct items_writer w = {.out = out, .size = size < TASKFILE_MAX ? size : TASKFILE_MAX};

	items_put_i64(&w, "version", TASKFILE_VERSION);
	return w;
}

static size_t put_all(struct items_writer *w, const char *key, const char *const *values,
	size_t max)
{
	size_t count = 0;

	for (; values != NULL && values[count] != NULL; count++)
		items_put(w, key, values[count]);
	if (count > max)
		w->full = true;
	return count;
}

size_t taskfile_encode_spec(char *out, size_t size, const struct task_spec *spec)
{
	struct items_writer w = begin(out, size);

	items_encode(&w, spec_rows, COUNT(spec_rows), spec);
	put_all(&w, "cgroup", spec->cgroups, TASK_CGROUPS_MAX);
	put_all(&w, "env", spec->env, TASK_ARGS_MAX);
	if (put_all(&w, "arg", spec->argv, TASK_ARGS_MAX) == 0)
		return 0;
	return w.full ? 0 : w.len;
}

size_t taskfile_encode_exit(char *out, size_t size, const struct task_exit *end)
{
	struct items_writer w = begin(out, size);

	items_encode(&w, exit_rows, COUNT(exit_rows), end);
	return w.full ? 0 : w.len;
}

size_t taskfile_encode_pid(char *out, size_t size, const struct task_pid *pid)
{
	struct items_writer w = begin(out, size);

	items_encode(&w, pid_rows, COUNT(pid_rows), pid);
	return w.full ? 0 : w.len;
}

/* Puts the values of `key` and a NULL at *used of the vector. */
static bool collect(const char *const **list, const char *key, size_t max, const char *data,
	size_t len, const char **vector, size_t vector_size, size_t *used, struct err *e)
{
	const char *at = data;
	struct items_item item;
	size_t first = *used;

	while (items_next(&at, data + len, &item)) {
		if (!items_is(&item, key))
			continue;
		if (*used - first >= max || *used + 1 >= vector_size)
			return err_set(e, ERR_TOO_LARGE,
				"the task's spec holds more than %zu of \"%s\"", *used - first,
				key);
		vector[(*used)++] = item.value;
	}
	if (*used >= vector_size)
		return err_set(e, ERR_TOO_LARGE, "the task's spec holds too many of \"%s\"", key);
	vector[(*used)++] = NULL;
	*list = vector + first;
	return true;
}

static bool check_spec(const struct task_spec *spec, struct err *e)
{
	if (spec->argv[0] == NULL || spec->argv[0][0] == '\0')
		return err_set(e, ERR_INVALID,
			"the task's spec is damaged: it names no program to run");
	if (spec->segment_size < 4096)
		return err_set(e, ERR_INVALID,
			"the task's spec is damaged: segment_size %lld is below 4096",
			(long long)spec->segment_size);
	for (size_t i = 0; spec->env[i] != NULL; i++)
		if (strchr(spec->env[i], '=') == NULL || spec->env[i][0] == '=')
			return err_set(e, ERR_INVALID,
				"the task's spec is damaged: environment entry %zu is not NAME=VALUE",
				i);
	return true;
}

bool taskfile_decode_spec(struct task_spec *spec, const char *data, size_t len, const char **vector,
	size_t vector_size, struct err *e)
{
	static const char what[] = "the task's spec";
	struct task_spec got = {.work_dir = "",
		.prepare = "",
		.finish = "",
		.affinity = "",
		.own_tmp = "",
		.secrets_dir = "",
		.own_place = "/",
		.run_uid = -1,
		.run_gid = -1,
		.umask = 077,
		.stop_grace_ms = 10000,
		.segment_size = 16 << 20};
	size_t used = 0;

	if (!items_check(data, len, what, TASKFILE_VERSION, e) ||
		!items_decode(&got, spec_rows, COUNT(spec_rows), data, len, what, e) ||
		!collect(&got.argv, "arg", TASK_ARGS_MAX, data, len, vector, vector_size, &used,
			e) ||
		!collect(&got.env, "env", TASK_ARGS_MAX, data, len, vector, vector_size, &used,
			e) ||
		!collect(&got.cgroups, "cgroup", TASK_CGROUPS_MAX, data, len, vector, vector_size,
			&used, e) ||
		!check_spec(&got, e))
		return false;
	*spec = got;
	return true;
}

bool taskfile_decode_exit(struct task_exit *end, const char *data, size_t len, struct err *e)
{
	static const char what[] = "the task's exit record";
	struct task_exit got = {.finish_code = -1};

	if (!items_check(data, len, what, TASKFILE_VERSION, e) ||
		!items_decode(&got, exit_rows, COUNT(exit_rows), data, len, what, e))
		return false;
	*end = got;
	return true;
}

bool taskfile_decode_pid(struct task_pid *pid, const char *data, size_t len, struct err *e)
{
	static const char what[] = "the task's pid record";
	struct task_pid got = {0};

	if (!items_check(data, len, what, TASKFILE_VERSION, e) ||
		!items_decode(&got, pid_rows, COUNT(pid_rows), data, len, what, e))
		return false;
	*pid = got;
	return true;
}

void taskfile_marker(char out[TASK_MARKER_MAX], const char *uid, const char *task, int attempt)
{
	snprintf(out, TASK_MARKER_MAX, "%.100s/%.100s/%d", uid, task, attempt);
}

static bool read_whole(int fd, const char *name, char *data, size_t size, size_t *len,
	struct err *e)
{
	size_t got = 0;

	while (got < size) {
		ssize_t n = read(fd, data + got, size - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, errno, "cannot read the task's file", name);
		if (n == 0)
			break;
		got += (size_t)n;
	}
	*len = got;
	return true;
}

static bool check_file(const struct stat *st, const char *name, size_t size, struct err *e)
{
	if (!S_ISREG(st->st_mode) || (st->st_uid != geteuid() && st->st_uid != 0))
		return err_set(e, ERR_FORBIDDEN,
			"the task's file %s is not a file of ours (owner %u): it is not used", name,
			(unsigned)st->st_uid);
	if (st->st_size == 0)
		return err_set(e, ERR_NOT_FOUND, "the task's file %s is empty", name);
	if (st->st_size > (off_t)size)
		return err_set(e, ERR_TOO_LARGE, "the task's file %s has %lld bytes, more than %zu",
			name, (long long)st->st_size, size);
	return true;
}

bool taskfile_load(int folder, const char *name, char *data, size_t size, size_t *len,
	struct err *e)
{
	struct stat st;
	bool ok = false;
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return err_set(e, ERR_NOT_FOUND, "the task's folder has no file %s", name);
	if (fd < 0 && errno == ELOOP)
		return err_set(e, ERR_FORBIDDEN, "the task's file %s is a link: it is not used",
			name);
	if (fd < 0 || fstat(fd, &st) < 0)
		err_errno(e, errno, "cannot open the task's file", name);
	else
		ok = check_file(&st, name, size, e) && read_whole(fd, name, data, size, len, e);
	if (fd >= 0)
		close(fd);
	return ok;
}

static bool write_whole(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

/* A new file each time: what a task may have planted under the name is not written through. */
static int create_aside(int folder, const char *aside, struct err *e)
{
	int fd;

	if (unlinkat(folder, aside, 0) < 0 && errno != ENOENT) {
		err_errno(e, errno, "cannot remove the task's old file", aside);
		return -1;
	}
	fd = openat(folder, aside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		err_errno(e, errno, "cannot create the task's file", aside);
	return fd;
}

int taskfile_reserve(int folder, const char *name, size_t size)
{
	char aside[64];
	int fd;

	snprintf(aside, sizeof aside, "%s.tmp", name);
	fd = create_aside(folder, aside, NULL);
	if (fd < 0 || fallocate(fd, 0, 0, (off_t)size) == 0)
		return fd;
	close(fd); /* a file system that cannot keep room ahead, or has none */
	unlinkat(folder, aside, 0);
	return -1;
}

bool taskfile_write_reserved(int folder, const char *name, int fd, const char *data, size_t len)
{
	char aside[64];
	struct stat ours, there;

	snprintf(aside, sizeof aside, "%s.tmp", name);
	return fstat(fd, &ours) == 0 && fstatat(folder, aside, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
		ours.st_dev == there.st_dev && ours.st_ino == there.st_ino &&
		write_whole(fd, data, len) && ftruncate(fd, (off_t)len) == 0 && fsync(fd) == 0;
}

bool taskfile_write_aside(int folder, const char *name, const char *data, size_t len, bool sync,
	struct err *e)
{
	char aside[64];
	bool ok;
	int fd;

	snprintf(aside, sizeof aside, "%s.tmp", name);
	fd = create_aside(folder, aside, e);
	if (fd < 0)
		return false;
	ok = write_whole(fd, data, len) && (!sync || fsync(fd) == 0);
	if (!ok)
		err_errno(e, errno, "cannot write the task's file", aside);
	close(fd);
	return ok;
}

bool taskfile_rename(int folder, const char *name, bool sync, struct err *e)
{
	char aside[64];

	snprintf(aside, sizeof aside, "%s.tmp", name);
	if (renameat(folder, aside, folder, name) < 0)
		return err_errno(e, errno, "cannot move into place the task's file", name);
	if (sync && fsync(folder) < 0)
		return err_errno(e, errno, "cannot make durable the task's file", name);
	return true;
}
