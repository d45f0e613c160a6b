#include "work/event_folder.h"

#include "base/crc32c.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 256 * 1024 };
_Static_assert(EVENT_LOOK_BYTES > EVENT_RECORD_MAX + PIECE, "a look gets over any record");

struct look {
	struct event_folder *f;
	const struct engine_outputs *outputs;
	const char *place;
	atomic_bool *stop;
	int64_t left; /* bytes that it may still read */
	char *piece;
};

static void file_release(struct event_file *file)
{
	free(file->path);
	free(file->run);
	free(file->why);
}

void event_folder_release(struct event_folder *f)
{
	for (size_t i = 0; i < f->files.len; i++)
		file_release(&f->files.items[i]);
	vec_release(&f->files);
	scalars_release(&f->scalars);
	f->more = false;
}

size_t event_folder_bytes(const struct event_folder *f)
{
	size_t bytes = scalars_bytes(&f->scalars);

	for (size_t i = 0; i < f->files.len; i++)
		bytes += sizeof f->files.items[i] + 2 * strlen(f->files.items[i].path) + 128;
	return bytes;
}

/* ---- Which there are ---- */

static char *run_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *run = mem_strdup(slash ? path : ".");

	if (slash)
		run[slash - path] = '\0';
	return run;
}

/* A file is begun anew: what it was is not known any more. */
static void file_forget(struct event_file *file)
{
	struct event_file kept = {.path = file->path, .run = file->run};

	free(file->why);
	*file = kept;
}

static void run_forget(struct event_folder *f, const char *name)
{
	struct scalar_run *run = scalars_find(&f->scalars, name);

	if (run)
		scalars_drop(&f->scalars, run);
	for (size_t i = 0; i < f->files.len; i++)
		if (strcmp(f->files.items[i].run, name) == 0)
			file_forget(&f->files.items[i]);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct event_file *)a)->path, ((const struct event_file *)b)->path);
}

static struct event_file *file_of(const struct event_folder *f, char *path)
{
	struct event_file key = {.path = path};

	return f->files.len ? bsearch(&key, f->files.items, f->files.len, sizeof key, by_path)
			    : NULL;
}

static bool is_event_file(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strstr(slash ? slash + 1 : path, "tfevents") != NULL;
}

/* Whoever walks a folder while its files are replaced may meet one twice. */
static bool is_again(const struct output_files *listed, size_t i)
{
	return i > 0 && strcmp(listed->list.items[i].path, listed->list.items[i - 1].path) == 0;
}

/* Those that are listed, in their order, each once; what was known of them is kept. */
static void files_listed(struct event_folder *f, const struct output_files *listed)
{
	struct event_folder before = {.files = {f->files.items, f->files.len, f->files.cap}};

	f->files.items = NULL;
	f->files.len = f->files.cap = 0;
	f->more = listed->more;
	for (size_t i = 0; i < listed->list.len; i++) {
		char *path = listed->list.items[i].path;
		struct event_file *was, file = {0};

		if (!is_event_file(path) || is_again(listed, i))
			continue;
		if (f->files.len == EVENT_FILES_MAX) {
			f->more = true;
			break;
		}
		was = file_of(&before, path);
		if (was) {
			file = *was;
			was->run = was->why = NULL;
			was->path = path; /* the listing's: only its place in the order counts */
		} else {
			file.path = mem_strdup(path);
			file.run = run_of(path);
		}
		vec_push(&f->files, file);
	}
	for (size_t i = 0; i < before.files.len; i++) {
		struct event_file *gone = &before.files.items[i];

		if (gone->run == NULL)
			continue;
		run_forget(f, gone->run);
		file_release(gone);
	}
	vec_release(&before.files);
}

/* ---- Reading ---- */

static int file_open(const struct look *l, const struct event_file *file, int64_t *size)
{
	return l->outputs->open(l->place, file->path, size, NULL);
}

/* A new file may have the number of the one that was removed: what it begins with tells them apart. */
static uint32_t head_of(int fd, size_t len)
{
	char head[EVENT_HEAD];
	ssize_t n = pread(fd, head, len, 0);

	return n < 0 ? 0 : crc32c(0, head, (size_t)n);
}

static bool is_another(const struct event_file *file, int fd, int64_t size)
{
	return (uint64_t)size < file->offset || head_of(fd, file->head_len) != file->head;
}

static bool unchanged(const struct event_file *file, const struct output_file *listed)
{
	return listed->link == NULL && file->opened && file->size == listed->size &&
		file->mtime == listed->mtime;
}

/* Before any is read: a run is read anew as a whole. */
static void others_forget(struct look *l, const struct output_file *const *listed)
{
	for (size_t i = 0; i < l->f->files.len; i++) {
		struct event_file *file = &l->f->files.items[i];
		int64_t size;
		int fd;

		if (!file->opened || unchanged(file, listed[i]))
			continue;
		fd = file_open(l, file, &size);
		if (fd < 0)
			continue;
		if (is_another(file, fd, size))
			run_forget(l->f, file->run);
		close(fd);
	}
}

static void file_told(struct event_file *file, const char *why)
{
	free(file->why);
	file->why = mem_strdup(why);
}

/* True: all that is there was read. */
static bool bytes_read(struct look *l, struct event_file *file, struct event_reader *r, int fd,
	int64_t size)
{
	int64_t at = (int64_t)file->offset;
	struct err e = ERR_INIT;

	while (at < size) {
		ssize_t n;

		if (l->left <= 0 || atomic_load(l->stop))
			return false;
		/* The rest of a record that is still being written is of no use. */
		if (event_reader_needs(r) > (uint64_t)size)
			return true;
		n = pread(fd, l->piece, size - at < PIECE ? (size_t)(size - at) : PIECE, (off_t)at);
		if (n <= 0)
			return n == 0;
		at += n;
		l->left -= n;
		if (!event_reader_feed(r, l->piece, (size_t)n, &e)) {
			file_told(file, e.text);
			file->damaged = true;
			return true;
		}
	}
	return true;
}

static void file_read(struct look *l, struct event_file *file, const struct output_file *listed)
{
	struct event_reader *r;
	int64_t size;
	int fd = file_open(l, file, &size);

	if (fd < 0) {
		file_told(file, "it cannot be opened");
		return;
	}
	r = event_reader_new(file->offset, scalar_run_take, scalars_run(&l->f->scalars, file->run));
	file_told(file, NULL);
	file->opened = true;
	if (bytes_read(l, file, r, fd, size)) {
		file->size = listed->size;
		file->mtime = listed->mtime;
	} else {
		l->f->more = true;
	}
	file->offset = event_reader_offset(r);
	file->head_len = file->offset < EVENT_HEAD ? (size_t)file->offset : EVENT_HEAD;
	file->head = head_of(fd, file->head_len);
	file->skipped += event_reader_skipped(r);
	file->passed |= event_reader_passed(r);
	event_reader_free(r);
	close(fd);
}

/* What the listing says of each of the files, in their order: both are by path. */
static const struct output_file **listings(const struct event_folder *f,
	const struct output_files *listed)
{
	const struct output_file **of = mem_alloc((f->files.len + 1) * sizeof *of);
	size_t n = 0;

	for (size_t i = 0; i < listed->list.len && n < f->files.len; i++)
		if (strcmp(listed->list.items[i].path, f->files.items[n].path) == 0)
			of[n++] = &listed->list.items[i];
	return of;
}

void event_folder_look(struct event_folder *f, const struct engine_outputs *outputs,
	const char *place, atomic_bool *stop)
{
	struct look l = {f, outputs, place, stop, EVENT_LOOK_BYTES, NULL};
	struct output_files listed = {0};
	const struct output_file **of;

	outputs->list(place, OUTPUTS_FILES_MAX, &listed);
	files_listed(f, &listed);
	of = listings(f, &listed);
	others_forget(&l, of);
	l.piece = mem_alloc(PIECE);
	for (size_t i = 0; i < f->files.len; i++) {
		struct event_file *file = &f->files.items[i];

		if (!file->damaged && !unchanged(file, of[i]))
			file_read(&l, file, of[i]);
	}
	free(l.piece);
	free(of);
	output_files_free(&listed);
}
