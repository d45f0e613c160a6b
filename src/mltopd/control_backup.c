#include "mltopd/control.h"

#include "base/fsio.h"
#include "base/mem.h"
#include "io/archive.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a backup holds. The database first: without it the rest says nothing. */
static const char *const names[] = {"store.db", "master.key", "private.key"};

bool backup_write(const char *dir, const char *database, const char *path, struct err *e)
{
	struct archive_file files[ARRAY_SIZE(names)];
	char *paths[ARRAY_SIZE(names)] = {NULL};
	size_t n = 0;
	bool good;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		paths[i] = i == 0 ? mem_strdup(database) : fsio_join(dir, names[i]);
		if (access(paths[i], R_OK) == 0)
			files[n++] = (struct archive_file){names[i], paths[i]};
	}
	good = archive_pack(path, files, n, e);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		free(paths[i]);
	return good;
}

static bool has(const char *dir, const char *name)
{
	char *path = fsio_join(dir, name);
	struct stat st;
	bool there = lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0;

	free(path);
	return there;
}

/* SQLite's file begins with these 16 bytes (https://www.sqlite.org/fileformat.html, 1.3). */
static bool is_database(const char *dir)
{
	char *path = fsio_join(dir, "store.db");
	char head[16] = "";
	FILE *f = fopen(path, "rbe");
	bool good = f && fread(head, 1, sizeof head, f) == sizeof head &&
		memcmp(head, "SQLite format 3", 16) == 0;

	if (f)
		fclose(f);
	free(path);
	return good;
}

bool backup_stage(const char *dir, const char *path, struct err *e)
{
	static const struct archive_limits limits = {16, (int64_t)1 << 40, 1 << 20};
	char *stage = fsio_join(dir, "restore.new"), *ready = fsio_join(dir, "restore");
	bool good = fsio_remove_tree(stage, e) && fsio_remove_tree(ready, e) &&
		archive_unpack(path, stage, &limits, e);

	if (good && (!has(stage, "master.key") || !is_database(stage)))
		good = err_set(e, ERR_UNPROCESSABLE, "%s is not a backup made by `mltopd backup`",
			path);
	if (good && rename(stage, ready) != 0)
		good = err_errno(e, errno, "cannot rename", stage);
	if (!good)
		fsio_remove_tree(stage, NULL);
	free(stage);
	free(ready);
	return good;
}

void backup_told(const char *dir, const char *path, struct buf *out)
{
	buf_addf(out, "restored from %s; what was there before is in %s/before-restore\n", path,
		dir);
}

static bool move(const char *from_dir, const char *to_dir, const char *name, struct err *e)
{
	char *from = fsio_join(from_dir, name), *to = fsio_join(to_dir, name);
	bool good = rename(from, to) == 0 || errno == ENOENT ||
		err_errno(e, errno, "cannot move", from);

	free(from);
	free(to);
	return good;
}

/* Each step may be done again: a crash between two of them goes on at the next start. */
bool backup_swap(const char *dir, bool *swapped, struct err *e)
{
	char *ready = fsio_join(dir, "restore"), *before = fsio_join(dir, "before-restore");
	bool good = true;

	*swapped = false;
	if (access(ready, F_OK) != 0)
		goto out;
	if (has(ready, "store.db"))
		good = fsio_remove_tree(before, e) && fsio_mkdirs(before, 0700, e) &&
			move(dir, before, "store.db-wal", e) &&
			move(dir, before, "store.db-shm", e) && move(dir, before, "commits", e);
	for (size_t i = 0; good && i < ARRAY_SIZE(names); i++)
		if (has(ready, names[i]))
			good = move(dir, before, names[i], e) && move(ready, dir, names[i], e);
	good = good && fsio_remove_tree(ready, e);
	*swapped = good;
out:
	free(ready);
	free(before);
	return good;
}
