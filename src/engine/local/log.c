#include "engine/local/log.h"

#include "base/fsio.h"
#include "base/num.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void log_close(struct local_log *g)
{
	if (g->key == NULL)
		return;
	if (g->segment >= 0)
		close(g->segment);
	close(g->dir);
	free(g->key);
	vec_release(&g->segments);
	memset(g, 0, sizeof *g);
}

void local_logs_init(struct local_logs *ls, const char *tasks_dir)
{
	memset(ls, 0, sizeof *ls);
	ls->tasks_dir = tasks_dir;
}

void local_logs_release(struct local_logs *ls)
{
	for (size_t i = 0; i < LOCAL_LOGS_OPEN; i++)
		log_close(&ls->open[i]);
}

void local_logs_forget(struct local_logs *ls, const char *key_prefix)
{
	size_t len = strlen(key_prefix);

	for (size_t i = 0; i < LOCAL_LOGS_OPEN; i++) {
		struct local_log *g = &ls->open[i];

		if (g->key && strncmp(g->key, key_prefix, len) == 0 &&
			(g->key[len] == '\0' || g->key[len] == '/'))
			log_close(g);
	}
}

static bool log_list(struct local_log *g, uint64_t newest, struct err *e)
{
	uint64_t *items = NULL;
	size_t count = 0;

	if (!local_segments_list(g->dir, &items, &count, e))
		return false;
	free(g->segments.items);
	g->segments.items = items;
	g->segments.len = g->segments.cap = count;
	g->listed_at = newest;
	return true;
}

/* A task that has ended says in its exit record where its log ends. */
static bool log_load_end(struct local_log *g, int folder, struct err *e)
{
	char data[8192], target[32] = "";
	struct task_exit end;
	struct err why = ERR_INIT;
	size_t len;
	uint64_t generation;

	if (taskfile_load(folder, "exit", data, sizeof data, &len, &why)) {
		g->final = taskfile_decode_exit(&end, data, len, NULL);
		g->end = g->final ? end.log_bytes : 0;
	} else if (why.code == ERR_INTERNAL) {
		return err_set(e, ERR_UNAVAILABLE, "%s: ask again in a moment", why.text);
	}
	/* A link whose text is the number: recover.c makes it when bytes may have changed. */
	if (readlinkat(folder, "generation", target, sizeof target - 1) > 0 &&
		num_u64(target, UINT32_MAX, &generation))
		g->generation = (uint32_t)generation;
	return true;
}

static int open_folder(int at, const char *path, int flags, struct err *e)
{
	int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);

	if (fd < 0 && local_segments_missing(errno))
		err_set(e, ERR_NOT_FOUND, "the task has no log yet");
	else if (fd < 0)
		local_segments_unreadable(e, errno);
	return fd;
}

static bool log_open(struct local_logs *ls, struct local_log *g, const char *key, struct err *e)
{
	char *path = fsio_join(ls->tasks_dir, key);
	int folder = open_folder(AT_FDCWD, path, 0, e);
	int dir = folder < 0 ? -1 : open_folder(folder, "log", O_NOFOLLOW, e);
	bool good = false;

	free(path);
	if (dir >= 0) {
		*g = (struct local_log){.key = mem_strdup(key), .dir = dir, .segment = -1};
		good = log_load_end(g, folder, e) && log_list(g, g->end, e);
		if (!good)
			log_close(g);
	}
	if (folder >= 0)
		close(folder);
	return good;
}

static struct local_log *log_get(struct local_logs *ls, const char *key, struct err *e)
{
	struct local_log *oldest = &ls->open[0], opened;

	for (size_t i = 0; i < LOCAL_LOGS_OPEN; i++) {
		struct local_log *g = &ls->open[i];

		if (g->key && strcmp(g->key, key) == 0) {
			g->used = ++ls->clock;
			return g;
		}
		if (g->used < oldest->used)
			oldest = g;
	}
	if (!log_open(ls, &opened, key, e))
		return NULL;
	log_close(oldest);
	*oldest = opened;
	oldest->used = ++ls->clock;
	return oldest;
}

/*
 * The newest offset known: of a live task what its shim said, else the record's or the disk's. A
 * task that is being adopted has not been heard of yet: its log does not shrink to nothing for that.
 */
static bool log_newest(struct local_log *g, const struct log_view *v, uint64_t *newest,
	struct err *e)
{
	if (v->live && v->live_end > 0)
		*newest = v->live_end;
	else if (g->final && !v->live)
		*newest = g->end;
	else
		return local_segments_end(g->dir, newest, e);
	return true;
}

bool local_logs_range(struct local_logs *ls, const struct log_view *v, struct log_range *out,
	struct err *e)
{
	struct local_log *g = log_get(ls, v->key, e);
	uint64_t newest;

	if (g == NULL || !log_newest(g, v, &newest, e))
		return false;
	/* A live log may have dropped its oldest segments since. */
	if (newest != g->listed_at && !log_list(g, newest, e))
		return false;
	out->generation = g->generation;
	out->newest = newest;
	out->oldest = g->segments.len ? g->segments.items[0] : newest;
	out->final = g->final && !v->live;
	return true;
}

/* Index of the last segment that begins at or before `offset`; -1: none. */
static ssize_t segment_of(const struct local_log *g, uint64_t offset)
{
	size_t low = 0, high = g->segments.len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (g->segments.items[middle] <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return (ssize_t)low - 1;
}

/* LOCAL_LOG_GAP: the segment is not there. */
static ssize_t segment_read(struct local_log *g, uint64_t first, uint64_t offset, void *out,
	size_t size, struct err *e)
{
	ssize_t n;

	if (g->segment >= 0 && g->first != first) {
		close(g->segment);
		g->segment = -1;
	}
	if (g->segment < 0)
		g->segment = local_segments_open(g->dir, first);
	if (g->segment < 0 && local_segments_missing(errno))
		return LOCAL_LOG_GAP;
	if (g->segment < 0) {
		local_segments_unreadable(e, errno);
		return LOCAL_LOG_UNREADABLE;
	}
	g->first = first;
	do
		n = pread(g->segment, out, size, (off_t)(offset - first));
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return n;
	local_segments_unreadable(e, errno);
	return LOCAL_LOG_UNREADABLE;
}

/* Reads within one segment; a missing range up to the next one becomes *gap. */
static ssize_t read_listed(struct local_log *g, uint64_t offset, void *out, size_t size,
	struct log_gap *gap, struct err *e)
{
	ssize_t at = segment_of(g, offset);
	bool more = (size_t)(at + 1) < g->segments.len;
	uint64_t next = more ? g->segments.items[at + 1] : UINT64_MAX;
	ssize_t n = LOCAL_LOG_GAP;

	if (next - offset < size)
		size = (size_t)(next - offset);
	if (at >= 0)
		n = segment_read(g, g->segments.items[at], offset, out, size, e);
	if (n > 0 || n == LOCAL_LOG_UNREADABLE)
		return n;
	if (!more)
		return 0;
	*gap = (struct log_gap){.offset = offset, .lost = next - offset};
	return LOCAL_LOG_GAP;
}

ssize_t local_logs_read(struct local_logs *ls, const struct log_view *v, uint64_t offset, void *out,
	size_t size, struct log_gap *gap, struct err *e)
{
	struct err why = ERR_INIT;
	struct local_log *g = log_get(ls, v->key, &why);
	uint64_t newest;
	ssize_t n;

	if (g == NULL && why.code != ERR_NOT_FOUND) {
		err_set(e, why.code, "%s", why.text);
		return LOCAL_LOG_UNREADABLE;
	}
	if (g == NULL || size == 0)
		return 0;
	if (!log_newest(g, v, &newest, e))
		return LOCAL_LOG_UNREADABLE;
	n = read_listed(g, offset, out, size, gap, e);
	/* The list may be old: a new segment began, or the oldest was dropped while it was read. */
	if ((n == 0 || n == LOCAL_LOG_GAP) && newest != g->listed_at) {
		if (!log_list(g, newest, e))
			return LOCAL_LOG_UNREADABLE;
		n = read_listed(g, offset, out, size, gap, e);
	}
	/* Bytes that were counted, and never came: lost at the very end. */
	if (n == 0 && g->final && !v->live && offset < newest) {
		*gap = (struct log_gap){.offset = offset, .lost = newest - offset};
		return LOCAL_LOG_GAP;
	}
	return n;
}
