/*
 * <state>/tasks/<uid>/output. No link is followed out of it, and a daemon that is root sees only files
 * of the folder's owner: a hard link of the task's to somebody else's file is not there.
 */
#include "engine/local/outputs.h"

#include "base/buf.h"
#include "base/fsio.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LINKS_MAX = 8 };
enum { FOLDER_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

/* Root alone reads what the task's user could not: another's file by a hard link to it. */
static bool owner_good(uid_t owner, const struct stat *st)
{
	return geteuid() != 0 || st->st_uid == owner;
}

/* ---- Listing ---- */

struct walk {
	struct output_files *out;
	size_t most;
	const char *root; /* the folder, as links may name it */
	struct buf path;
	uid_t owner;
	int depth;
	int64_t seen; /* entries of any kind */
	bool full;
};

enum { SEEN_MAX = 10 * OUTPUTS_FILES_MAX };

static void folder_walk(struct walk *w, int fd);

/* What of `path` is below `root`; NULL: it is not. */
static const char *path_below(const char *root, const char *path)
{
	size_t len = strlen(root);

	return strncmp(path, root, len) == 0 && path[len] == '/' && path[len + 1] ? path + len + 1
										  : NULL;
}

static bool name_shown(const char *name)
{
	for (const unsigned char *c = (const unsigned char *)name; *c; c++)
		if (*c < 0x20 || *c == 0x7f)
			return false;
	return utf8_valid(name, strlen(name));
}

/* Takes `link`. */
static void file_add(struct walk *w, const struct stat *st, char *link)
{
	struct output_file file = {.size = st->st_size,
		.mtime = (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000};

	if (w->out->list.len == w->most) {
		w->full = w->out->more = true;
		free(link);
		return;
	}
	file.path = mem_strdup(w->path.data);
	file.link = link;
	vec_push(&w->out->list, file);
}

/* What stands in a link; what names our folder from / on is told from the link's own place. */
static char *link_text(const struct walk *w, int folder, const char *name)
{
	char target[OUTPUTS_PATH_MAX + 1];
	ssize_t n = readlinkat(folder, name, target, sizeof target);
	struct buf text = BUF_INIT;
	const char *below;

	if (n <= 0 || n == (ssize_t)sizeof target)
		return NULL;
	target[n] = '\0';
	below = path_below(w->root, target);
	if (below)
		for (const char *c = w->path.data; (c = strchr(c, '/')) != NULL; c++)
			buf_adds(&text, "../");
	buf_adds(&text, below ? below : target);
	if (name_shown(text.data))
		return buf_detach(&text);
	buf_release(&text);
	return NULL;
}

static void link_walk(struct walk *w, int folder, const char *name, const struct stat *st)
{
	char *text = link_text(w, folder, name);

	if (text)
		file_add(w, st, text);
	else
		w->out->unnamed++;
}

static void entry_walk(struct walk *w, int folder, const char *name)
{
	struct stat st;
	int fd;

	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !owner_good(w->owner, &st))
		return;
	if (S_ISREG(st.st_mode)) {
		file_add(w, &st, NULL);
	} else if (S_ISDIR(st.st_mode)) {
		fd = w->depth < OUTPUTS_DEPTH_MAX ? openat(folder, name, FOLDER_FLAGS) : -1;
		if (fd >= 0)
			folder_walk(w, fd);
		else
			vec_push(&w->out->unreadable, mem_strdup(w->path.data));
	} else if (S_ISLNK(st.st_mode)) {
		link_walk(w, folder, name, &st);
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
			w->out->unnamed++;
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

static void outputs_list(const char *folder, size_t most, struct output_files *out)
{
	int fd = open(folder, FOLDER_FLAGS);
	struct walk w = {.out = out, .most = most, .root = folder, .path = BUF_INIT};
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

/* A file below `fd`, links followed as long as they stay there; -1: errno says why. */
static int open_beneath(int fd, const char *path, int flags)
{
	struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};

	return (int)syscall(SYS_openat2, fd, path, &how, sizeof how);
}

/* A link that names its file from / on, in our folder: the rest of its text. */
static bool link_inside(int fd, const char *root, const char *path, char out[OUTPUTS_PATH_MAX + 1])
{
	int link = open_beneath(fd, path, O_PATH | O_NOFOLLOW);
	char target[OUTPUTS_PATH_MAX + 1];
	ssize_t n = link < 0 ? -1 : readlinkat(link, "", target, sizeof target);
	const char *below = NULL;

	if (n > 0 && n < (ssize_t)sizeof target) {
		target[n] = '\0';
		below = path_below(root, target);
	}
	if (below)
		memmove(out, below, strlen(below) + 1);
	if (link >= 0)
		close(link);
	return below != NULL;
}

/* Takes `fd`; -1: it is not there, or a link leads out. A fifo must not hold us up. */
static int open_below(int fd, const char *root, const char *path)
{
	char at[OUTPUTS_PATH_MAX + 1];
	int file = -1;

	snprintf(at, sizeof at, "%s", path);
	for (int hops = 0; hops < LINKS_MAX; hops++) {
		file = open_beneath(fd, at, O_RDONLY | O_NONBLOCK);
		if (file >= 0 || errno != EXDEV || !link_inside(fd, root, at, at))
			break;
	}
	close(fd);
	return file;
}

static int outputs_open(const char *folder, const char *path, int64_t *size, struct err *e)
{
	struct stat top, st;
	int fd;

	if (!path_good(path, e))
		return -1;
	fd = open(folder, FOLDER_FLAGS);
	if (fd >= 0 && fstat(fd, &top) == 0)
		fd = open_below(fd, folder, path);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && owner_good(top.st_uid, &st)) {
		*size = st.st_size;
		return fd;
	}
	if (fd >= 0)
		close(fd);
	err_set(e, ERR_NOT_FOUND, "there is no file %.200s among the job's outputs", path);
	return -1;
}

static int64_t outputs_bytes(const char *folder, atomic_bool *stop)
{
	return access(folder, F_OK) == 0 ? fsio_tree_bytes_until(AT_FDCWD, folder, stop) : -1;
}

/* ---- Taken away ---- */

/* Beside it; no task has such a name. */
static char *taken_path(const char *folder)
{
	const char *slash = strrchr(folder, '/');
	char *path = NULL;

	if (asprintf(&path, "%.*s/.collected", (int)(slash - folder), folder) < 0)
		abort();
	return path;
}

static bool outputs_take(const char *folder, struct err *e)
{
	char *to = taken_path(folder);
	bool good = rename(folder, to) == 0 ||
		err_errno(e, errno, "cannot collect the outputs in", folder);

	free(to);
	return good;
}

static void outputs_remove_taken(const char *folder, atomic_bool *stop)
{
	char *path = taken_path(folder);

	fsio_remove_tree_until(path, stop, NULL);
	free(path);
}

static char *outputs_place(struct engine *en, const char *uid)
{
	char *path = NULL;

	if (asprintf(&path, "%s/%s/output", ((struct local *)en)->tasks_dir, uid) < 0)
		abort();
	return path;
}

const struct engine_outputs local_outputs = {
	.place = outputs_place,
	.list = outputs_list,
	.open = outputs_open,
	.bytes = outputs_bytes,
	.take = outputs_take,
	.remove_taken = outputs_remove_taken,
};
