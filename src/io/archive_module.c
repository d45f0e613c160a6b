#include "io/archive_inside.h"

#include "base/buf.h"
#include "base/fsio.h"
#include "base/mem.h"
#include "base/vec.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WORD_MAX = 128, DEPTH_MAX = 16, WALK_MAX = 40000 };

/* Folders that may be on PYTHONPATH, best first. */
struct roots {
	char items[4][ARCHIVE_ROOT_SIZE];
	size_t len;
};

/* The only folder at the top, "" when there are none or several. */
static const char *only_top(const struct map *paths)
{
	const char *top = "", *path;
	size_t at = 0;
	void *mark;

	while (map_next(paths, &at, &path, &mark)) {
		if (mark != archive_is_folder || strchr(path, '/'))
			continue;
		if (*top)
			return "";
		top = path;
	}
	return top;
}

static void roots_make(struct roots *r, const struct map *paths)
{
	const char *top = only_top(paths);

	r->len = 0;
	snprintf(r->items[r->len++], ARCHIVE_ROOT_SIZE, "%s", "");
	if (*top && strcmp(top, "src") != 0)
		snprintf(r->items[r->len++], ARCHIVE_ROOT_SIZE, "%s", top);
	snprintf(r->items[r->len++], ARCHIVE_ROOT_SIZE, "%s", "src");
	if (*top && strcmp(top, "src") != 0)
		snprintf(r->items[r->len++], ARCHIVE_ROOT_SIZE, "%.1024s/src", top);
}

/* "digits.train" under root "a" -> "a/digits/train" + ending. */
static void module_path(struct buf *out, const char *root, const char *module, const char *ending)
{
	size_t start;

	buf_reset(out);
	buf_addf(out, "%s%s", root, *root ? "/" : "");
	start = out->len;
	buf_adds(out, module);
	for (char *c = out->data + start; *c; c++)
		if (*c == '.')
			*c = '/';
	buf_adds(out, ending);
}

static bool module_in(const struct map *paths, const char *root, const char *module)
{
	static const char *const endings[] = {".py", "/__main__.py"};
	struct buf path = BUF_INIT;
	bool found = false;

	for (size_t i = 0; i < ARRAY_SIZE(endings) && !found; i++) {
		module_path(&path, root, module, endings[i]);
		found = map_get(paths, path.data) == archive_is_file;
	}
	buf_release(&path);
	return found;
}

static bool module_syntax(const char *module)
{
	bool begin = true;

	for (const char *c = module; *c; c++) {
		bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || *c == '_';
		bool digit = *c >= '0' && *c <= '9';

		if (*c == '.' ? begin : !(letter || (digit && !begin)))
			return false;
		begin = *c == '.';
	}
	return !begin;
}

static size_t distance(const char *a, const char *b)
{
	size_t row[WORD_MAX + 1], la = strlen(a), lb = strlen(b);

	if (la > WORD_MAX || lb > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t corner = row[0]++;

		for (size_t j = 1; j <= lb; j++) {
			size_t change = corner + (a[i - 1] != b[j - 1]);
			size_t step = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;

			corner = row[j];
			row[j] = change < step ? change : step;
		}
	}
	return row[lb];
}

/* The module that a path is under a root; false when it is none. */
static bool path_module(const char *path, const char *root, struct buf *out)
{
	size_t skip = strlen(root), len = strlen(path);
	const char *rest = path + skip + (skip > 0);

	buf_reset(out);
	if (len < skip + 4 || strncmp(path, root, skip) != 0 || (skip && path[skip] != '/') ||
		strcmp(path + len - 3, ".py") != 0)
		return false;
	buf_add(out, rest, strlen(rest) - 3);
	if (out->len > 9 && strcmp(out->data + out->len - 9, "/__main__") == 0)
		buf_cut(out, out->len - 9);
	for (char *c = out->data; *c; c++)
		if (*c == '/')
			*c = '.';
	return module_syntax(out->data) && strstr(out->data, "__init__") == NULL;
}

/* The module whose name is nearest, "" when none is near. Ties go to the first by name. */
static void nearest(const struct map *paths, const struct roots *roots, const char *module,
	struct buf *best)
{
	size_t least = strlen(module) / 3 + 2, at = 0;
	struct buf name = BUF_INIT;
	const char *path;
	void *mark;

	while (map_next(paths, &at, &path, &mark))
		for (size_t i = 0; mark == archive_is_file && i < roots->len; i++) {
			size_t d;

			if (!path_module(path, roots->items[i], &name))
				continue;
			d = distance(module, name.data);
			if (d > least ||
				(d == least && best->len && strcmp(best->data, name.data) <= 0))
				continue;
			least = d;
			buf_reset(best);
			buf_adds(best, name.data);
		}
	buf_release(&name);
}

bool module_find(const struct map *paths, const char *module, const char *label,
	char root[ARCHIVE_ROOT_SIZE], struct err *e)
{
	struct roots roots;
	struct buf best = BUF_INIT;

	if (!module_syntax(module) || strlen(module) > 255)
		return err_field(e, ERR_UNPROCESSABLE, "module_name",
			"module_name is not the name of a Python module: write it as in "
			"`python3 -m package.module`");
	roots_make(&roots, paths);
	for (size_t i = 0; i < roots.len; i++)
		if (module_in(paths, roots.items[i], module)) {
			memcpy(root, roots.items[i], ARCHIVE_ROOT_SIZE);
			return true;
		}
	nearest(paths, &roots, module, &best);
	if (best.len)
		err_field(e, ERR_UNPROCESSABLE, "module_name",
			"module %s is not in %.200s; did you mean %s?", module, label, best.data);
	else
		err_field(e, ERR_UNPROCESSABLE, "module_name",
			"module %s is not in %.200s: is the package folder at its top?", module,
			label);
	buf_release(&best);
	return false;
}

static bool walk(struct map *paths, int parent, const char *name, const char *path, int depth,
	struct err *e)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	struct buf below = BUF_INIT;
	bool good = true;

	if (dir == NULL)
		return err_errno(e, errno, "cannot read the folder", name);
	while (good && (entry = readdir(dir)) != NULL) {
		struct stat st;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
			fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		buf_reset(&below);
		buf_addf(&below, "%s%s%s", path, *path ? "/" : "", entry->d_name);
		if (paths->len < WALK_MAX)
			map_set(paths, below.data,
				S_ISDIR(st.st_mode) ? archive_is_folder : archive_is_file);
		if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
			good = walk(paths, dirfd(dir), entry->d_name, below.data, depth + 1, e);
	}
	buf_release(&below);
	closedir(dir);
	return good;
}

bool archive_module_root(const char *dir, const char *module, char root[ARCHIVE_ROOT_SIZE],
	struct err *e)
{
	struct map paths = MAP_INIT;
	bool good = walk(&paths, AT_FDCWD, dir, "", 0, e) &&
		module_find(&paths, module, "the package", root, e);

	map_release(&paths);
	return good;
}
