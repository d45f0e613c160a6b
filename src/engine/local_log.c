#include "engine/local_log.h"

#include "base/num.h"

#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SEGMENT_NAME = 20, INDEX_ENTRY = 16, INDEX_MS = 1000 };

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

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

bool local_segments_list(int dir, uint64_t **items, size_t *count)
{
	VEC(uint64_t) found = {0};
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	uint64_t first;

	if (d == NULL) {
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

static int segment_open(int dir, uint64_t first)
{
	char name[32];

	snprintf(name, sizeof name, "%020llu", (unsigned long long)first);
	return openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
}

uint64_t local_segments_end(int dir)
{
	uint64_t *items = NULL, end = 0;
	size_t count = 0;
	struct stat st;

	if (!local_segments_list(dir, &items, &count))
		return 0;
	if (count > 0) {
		int fd = segment_open(dir, items[count - 1]);

		end = items[count - 1];
		if (fd >= 0 && fstat(fd, &st) == 0)
			end += (uint64_t)st.st_size;
		if (fd >= 0)
			close(fd);
	}
	free(items);
	return end;
}

static void log_list(struct local_log *g, uint64_t newest)
{
	uint64_t *items = NULL;
	size_t count = 0;

	if (!local_segments_list(g->dir, &items, &count))
		return;
	free(g->segments.items);
	g->segments.items = items;
	g->segments.len = g->segments.cap = count;
	g->listed_at = newest;
}

/* A task that has ended says in its exit record where its log ends. */
static void log_load_end(struct local_log *g, int folder)
{
	char data[8192], target[32] = "";
	struct task_exit end;
	size_t len;
	uint64_t generation;

	if (taskfile_load(folder, "exit", data, sizeof data, &len, NULL) &&
		taskfile_decode_exit(&end, data, len, NULL)) {
		g->final = true;
		g->end = end.log_bytes;
	}
	/* A link whose text is the number: local_recover.c makes it when bytes may have changed. */
	if (readlinkat(folder, "generation", target, sizeof target - 1) > 0 &&
		num_u64(target, UINT32_MAX, &generation))
		g->generation = (uint32_t)generation;
}

static bool log_open(struct local_logs *ls, struct local_log *g, const char *key)
{
	char *path = NULL;

	if (asprintf(&path, "%s/%s", ls->tasks_dir, key) < 0)
		return false;
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int dir = folder < 0
		? -1
		: openat(folder, "log", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	free(path);
	if (dir >= 0) {
		*g = (struct local_log){.key = mem_strdup(key), .dir = dir, .segment = -1};
		log_load_end(g, folder);
		log_list(g, g->end);
	}
	if (folder >= 0)
		close(folder);
	return dir >= 0;
}

static struct local_log *log_get(struct local_logs *ls, const char *key)
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
	if (!log_open(ls, &opened, key))
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
static uint64_t log_newest(struct local_log *g, const struct log_view *v)
{
	if (v->live && v->live_end > 0)
		return v->live_end;
	return g->final && !v->live ? g->end : local_segments_end(g->dir);
}

bool local_logs_range(struct local_logs *ls, const struct log_view *v, struct log_range *out)
{
	struct local_log *g = log_get(ls, v->key);

	if (g == NULL)
		return false;
	uint64_t newest = log_newest(g, v);

	/* A live log may have dropped its oldest segments since. */
	if (newest != g->listed_at)
		log_list(g, newest);
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

static ssize_t segment_read(struct local_log *g, uint64_t first, uint64_t offset, void *out,
	size_t size)
{
	ssize_t n;

	if (g->segment >= 0 && g->first != first) {
		close(g->segment);
		g->segment = -1;
	}
	if (g->segment < 0)
		g->segment = segment_open(g->dir, first);
	if (g->segment < 0)
		return -1;
	g->first = first;
	do
		n = pread(g->segment, out, size, (off_t)(offset - first));
	while (n < 0 && errno == EINTR);
	return n;
}

/* Reads within one segment; a missing range up to the next one becomes *gap. */
static ssize_t read_listed(struct local_log *g, uint64_t offset, void *out, size_t size,
	struct log_gap *gap)
{
	ssize_t at = segment_of(g, offset);
	bool more = (size_t)(at + 1) < g->segments.len;
	uint64_t next = more ? g->segments.items[at + 1] : UINT64_MAX;
	ssize_t n = -1;

	if (next - offset < size)
		size = (size_t)(next - offset);
	if (at >= 0)
		n = segment_read(g, g->segments.items[at], offset, out, size);
	if (n > 0 || !more)
		return n > 0 ? n : 0;
	*gap = (struct log_gap){.offset = offset, .lost = next - offset};
	return -1;
}

ssize_t local_logs_read(struct local_logs *ls, const struct log_view *v, uint64_t offset, void *out,
	size_t size, struct log_gap *gap)
{
	struct local_log *g = log_get(ls, v->key);

	if (g == NULL || size == 0)
		return 0;
	uint64_t newest = log_newest(g, v);
	ssize_t n = read_listed(g, offset, out, size, gap);

	/* The list may be old: a new segment began, or the oldest was dropped while it was read. */
	if (n <= 0 && newest != g->listed_at) {
		log_list(g, newest);
		n = read_listed(g, offset, out, size, gap);
	}
	/* Bytes that were counted, and never came: lost at the very end. */
	if (n == 0 && g->final && !v->live && offset < newest) {
		*gap = (struct log_gap){.offset = offset, .lost = newest - offset};
		return -1;
	}
	return n;
}

struct index_entry {
	int64_t ms;
	uint64_t offset;
};

static bool index_read(int fd, size_t at, struct index_entry *out)
{
	uint64_t words[2];

	if (pread(fd, words, sizeof words, (off_t)(at * INDEX_ENTRY)) != INDEX_ENTRY)
		return false;
	out->ms = (int64_t)le64toh(words[0]);
	out->offset = le64toh(words[1]);
	return true;
}

/* First entry at or after `ms`; `count` when there is none. */
static size_t index_find(int fd, size_t count, int64_t ms)
{
	size_t low = 0, high = count;
	struct index_entry entry;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (index_read(fd, middle, &entry) && entry.ms < ms)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool local_logs_at(struct local_logs *ls, const struct log_view *v, int64_t ms, uint64_t *offset)
{
	struct local_log *g = log_get(ls, v->key);
	struct index_entry entry;
	struct stat st;

	if (g == NULL)
		return false;
	int fd = openat(g->dir, "index", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	size_t count = (size_t)st.st_size / INDEX_ENTRY, at = index_find(fd, count, ms);

	*offset = at < count && index_read(fd, at, &entry) ? entry.offset : log_newest(g, v);
	/* Bytes of up to a second follow an entry: some of them may be from after `ms`. */
	if (at > 0 && index_read(fd, at - 1, &entry) && entry.ms > ms - INDEX_MS)
		*offset = entry.offset;
	close(fd);
	return true;
}
