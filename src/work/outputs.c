#include "work/outputs.h"

#include "base/buf.h"
#include "base/fsio.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLDER_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

char *outputs_folder(const char *state_dir, const char *job_uid)
{
	char *path = NULL;

	if (asprintf(&path, "%s/tasks/%s/output", state_dir, job_uid) < 0)
		abort();
	return path;
}

void outputs_files_free(struct output_files *files)
{
	for (size_t i = 0; i < files->list.len; i++)
		free(files->list.items[i].path);
	vec_release(&files->list);
}

/* Root alone reads what the task's user could not: another's file by a hard link to it. */
static bool owner_good(uid_t owner, const struct stat *st)
{
	return geteuid() != 0 || st->st_uid == owner;
}

/* ---- Listing ---- */

struct walk {
	struct output_files *out;
	struct buf path;
	uid_t owner;
	int depth;
	int64_t seen; /* entries of any kind */
	bool full;
};

enum { SEEN_MAX = 10 * OUTPUTS_FILES_MAX };

static void folder_walk(struct walk *w, int fd);

static bool name_shown(const char *name)
{
	for (const unsigned char *c = (const unsigned char *)name; *c; c++)
		if (*c < 0x20 || *c == 0x7f)
			return false;
	return utf8_valid(name, strlen(name));
}

static void file_add(struct walk *w, const struct stat *st)
{
	struct output_file file = {.size = st->st_size,
		.mtime = (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000};

	if (w->out->list.len == OUTPUTS_FILES_MAX) {
		w->full = w->out->more = true;
		return;
	}
	file.path = mem_strdup(w->path.data);
	vec_push(&w->out->list, file);
}

static void entry_walk(struct walk *w, int folder, const char *name)
{
	struct stat st;
	int fd;

	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !owner_good(w->owner, &st))
		return;
	if (S_ISREG(st.st_mode)) {
		file_add(w, &st);
	} else if (S_ISDIR(st.st_mode)) {
		fd = w->depth < OUTPUTS_DEPTH_MAX ? openat(folder, name, FOLDER_FLAGS) : -1;
		w->out->more |= fd < 0;
		if (fd >= 0)
			folder_walk(w, fd);
	}
}

/* Takes the descriptor. */
static void folder_walk(struct walk *w, int fd)
{
	DIR *d = fdopendir(fd);
	size_t len = w->path.len;

	if (d == NULL) {
		close(fd);
		return;
	}
	w->depth++;
	for (struct dirent *entry; !w->full && (entry = readdir(d)) != NULL;) {
		const char *name = entry->d_name;

		if (w->seen++ == SEEN_MAX)
			w->full = w->out->more = true;
		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		if (!name_shown(name) || len + strlen(name) + 1 > OUTPUTS_PATH_MAX) {
			w->out->more = true;
			continue;
		}
		buf_addf(&w->path, "%s%s", len ? "/" : "", name);
		entry_walk(w, fd, name);
		buf_cut(&w->path, len);
	}
	w->depth--;
	closedir(d);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct output_file *)a)->path, ((const struct output_file *)b)->path);
}

void outputs_list(const char *folder, struct output_files *out)
{
	int fd = open(folder, FOLDER_FLAGS);
	struct walk w = {.out = out, .path = BUF_INIT};
	struct stat st;

	if (fd < 0)
		return;
	if (fstat(fd, &st) != 0) {
		close(fd);
		return;
	}
	w.owner = st.st_uid;
	folder_walk(&w, fd);
	buf_release(&w.path);
	if (out->list.len)
		qsort(out->list.items, out->list.len, sizeof *out->list.items, by_path);
}

/* ---- One file ---- */

static bool segment_good(const char *s, size_t len)
{
	return len > 0 && !(len == 1 && s[0] == '.') && !(len == 2 && s[0] == '.' && s[1] == '.');
}

static bool path_good(const char *path, struct err *e)
{
	size_t at = 0, len;

	do {
		len = strcspn(path + at, "/");
		if (!segment_good(path + at, len) || at + len > OUTPUTS_PATH_MAX)
			return err_field(e, ERR_INVALID, "path",
				"path is '%.200s': give one from the list "
				"of outputs, as in model/weights.bin",
				path);
		at += len + 1;
	} while (path[at - 1] == '/');
	return true;
}

/* Folder by folder, so that no link of the task leads out. Takes `fd`; -1: not there. */
static int open_below(int fd, const char *path)
{
	char name[OUTPUTS_PATH_MAX + 1];

	for (;;) {
		size_t len = strcspn(path, "/");
		bool last = path[len] == '\0';
		int next;

		memcpy(name, path, len);
		name[len] = '\0';
		/* A fifo must not hold us up. */
		next = openat(fd, name,
			last ? O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC : FOLDER_FLAGS);
		close(fd);
		if (next < 0 || last)
			return next;
		fd = next;
		path += len + 1;
	}
}

int outputs_open(const char *folder, const char *path, int64_t *size, struct err *e)
{
	struct stat top, st;
	int fd;

	if (!path_good(path, e))
		return -1;
	fd = open(folder, FOLDER_FLAGS);
	if (fd >= 0 && fstat(fd, &top) == 0)
		fd = open_below(fd, path);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && owner_good(top.st_uid, &st)) {
		*size = st.st_size;
		return fd;
	}
	if (fd >= 0)
		close(fd);
	err_set(e, ERR_NOT_FOUND, "there is no file %.200s among the job's outputs", path);
	return -1;
}

int64_t outputs_bytes(const char *folder)
{
	return fsio_tree_bytes(AT_FDCWD, folder);
}
