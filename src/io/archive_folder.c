/* Folders on their way to a platform, packed so that equal files are equal bytes. */
#include "io/archive.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/sanitize.h"
#include "base/vec.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MAX = 64, BLOCK = 64 * 1024, NAME_MAX_BYTES = 1024 };

/* Where the walk stands. Paths grow and are cut as it goes down and up. */
struct folder_packing {
	const struct archive_folder *folder;
	const struct archive_limits *limits;
	struct archive *a;
	char root[PATH_MAX]; /* the folder's real path: links are measured by it */
	struct buf disk;     /* path to open */
	struct buf below;    /* the same relative to the folder; "" is the folder */
	struct {
		dev_t dev;
		ino_t ino;
	} above[DEPTH_MAX];
	int depth;
	int64_t entries, bytes;
};

static bool refuse(const struct folder_packing *p, struct err *e, const char *why)
{
	struct buf safe = BUF_INIT;

	sanitize_text(&safe, p->below.data, p->below.len < 200 ? p->below.len : 200);
	err_set(e, ERR_UNPROCESSABLE, "%s cannot be packed: %s",
		*safe.data ? safe.data : "the folder", why);
	buf_release(&safe);
	return false;
}

static bool write_failed(const struct folder_packing *p, struct err *e)
{
	const char *why = archive_error_string(p->a);

	return err_set(e, ERR_UNAVAILABLE,
		"cannot write the package: %s (set TMPDIR to a folder with "
		"more room)",
		why ? why : "unknown error");
}

/* ---- Entries ---- */

static bool limits_hold(struct folder_packing *p, int64_t bytes, struct err *e)
{
	p->entries++;
	p->bytes += bytes;
	if (p->entries > p->limits->entries)
		return err_set(e, ERR_UNPROCESSABLE,
			"%s holds more than %lld files and folders: name what "
			"the job does not need in .mltopignore, or pack a smaller folder",
			p->folder->path, (long long)p->limits->entries);
	if (p->bytes > p->limits->unpacked)
		return err_set(e, ERR_UNPROCESSABLE,
			"%s holds more than %lld MiB: name what the job does "
			"not need in .mltopignore, and let it load its data at run time",
			p->folder->path, (long long)(p->limits->unpacked >> 20));
	return true;
}

static bool header_write(struct folder_packing *p, const struct stat *st, struct err *e)
{
	struct archive_entry *entry = archive_entry_new();
	struct buf name = BUF_INIT;
	bool folder = S_ISDIR(st->st_mode), good;

	buf_addf(&name, "%s%s%s%s", p->folder->top, p->below.len ? "/" : "", p->below.data,
		folder ? "/" : "");
	archive_entry_set_pathname(entry, name.data);
	archive_entry_set_filetype(entry, folder ? AE_IFDIR : AE_IFREG);
	archive_entry_set_perm(entry, folder || (st->st_mode & 0100) ? 0755 : 0644);
	archive_entry_set_size(entry, folder ? 0 : st->st_size);
	archive_entry_set_mtime(entry, 0, 0);
	good = name.len <= NAME_MAX_BYTES || refuse(p, e, "its path has more than 1,024 bytes");
	if (good && archive_write_header(p->a, entry) < ARCHIVE_WARN)
		good = write_failed(p, e);
	archive_entry_free(entry);
	buf_release(&name);
	return good;
}

/* As many bytes as the header says: a file that grows is cut, one that shrinks is refused. */
static bool bytes_write(struct folder_packing *p, int fd, int64_t left, struct err *e)
{
	char *block = mem_alloc(BLOCK);
	bool good = true;

	while (good && left > 0) {
		ssize_t n = read(fd, block, left < BLOCK ? (size_t)left : BLOCK);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			good = err_errno(e, errno, "cannot read", p->disk.data);
		else if (n == 0)
			good = refuse(p, e,
				"it became shorter meanwhile; pack it when nobody writes it");
		else if (archive_write_data(p->a, block, (size_t)n) != n)
			good = write_failed(p, e);
		left -= n;
	}
	free(block);
	return good;
}

static bool file_pack(struct folder_packing *p, struct err *e)
{
	/* Not to wait for a fifo that took the file's place. */
	int fd = open(p->disk.data, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	bool good;

	if (fd < 0 || fstat(fd, &st) != 0)
		good = err_errno(e, errno, "cannot read", p->disk.data);
	else if (!S_ISREG(st.st_mode))
		good = refuse(p, e, "it is no longer a file");
	else
		good = limits_hold(p, st.st_size, e) && header_write(p, &st, e) &&
			bytes_write(p, fd, st.st_size, e);
	if (fd >= 0)
		close(fd);
	return good;
}

/* ---- The walk ---- */

static bool folder_pack(struct folder_packing *p, struct err *e);

/* Does the link stay below the folder? */
static bool link_check(struct folder_packing *p, struct err *e)
{
	char real[PATH_MAX];
	size_t len = strlen(p->root);

	if (realpath(p->disk.data, real) == NULL)
		return refuse(p, e,
			errno == ENOENT ? "it is a link to nothing; name it in .mltopignore"
					: strerror(errno));
	if (len > 1 &&
		(strncmp(real, p->root, len) != 0 || (real[len] != '/' && real[len] != '\0')))
		return refuse(p, e,
			"it is a link that leads out of the folder; name it in .mltopignore, "
			"or put a copy in its place");
	return true;
}

static bool name_check(struct folder_packing *p, struct err *e)
{
	for (const unsigned char *c = (const unsigned char *)p->below.data; *c; c++)
		if (*c < 0x20 || *c == 0x7f || *c == '\\')
			return refuse(p, e,
				"its name holds a control character or a backslash; rename it");
	return true;
}

/* What `disk` and `below` name. */
static bool entry_pack(struct folder_packing *p, struct err *e)
{
	struct stat st;
	bool link;

	if (lstat(p->disk.data, &st) != 0)
		return err_errno(e, errno, "cannot look at", p->disk.data);
	link = S_ISLNK(st.st_mode);
	if (link && stat(p->disk.data, &st) != 0)
		st.st_mode = S_IFLNK;
	if (p->folder->skip &&
		p->folder->skip(p->folder->ctx, p->below.data, !link && S_ISDIR(st.st_mode)))
		return true;
	if (!name_check(p, e) || (link && !link_check(p, e)))
		return false;
	if (S_ISDIR(st.st_mode))
		return folder_pack(p, e);
	if (S_ISREG(st.st_mode))
		return file_pack(p, e);
	return refuse(p, e, "it is a device, a fifo or a socket; name it in .mltopignore");
}

static bool names_pack(struct folder_packing *p, struct dirent **names, int count, struct err *e)
{
	size_t disk = p->disk.len, below = p->below.len;
	bool good = true;

	for (int i = 0; i < count; i++) {
		const char *name = names[i]->d_name;

		if (good && strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
			buf_addf(&p->disk, "/%s", name);
			buf_addf(&p->below, "%s%s", below ? "/" : "", name);
			good = entry_pack(p, e);
			buf_cut(&p->disk, disk);
			buf_cut(&p->below, below);
		}
		free(names[i]);
	}
	return good;
}

/* Bytes decide, not the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Links may make a circle: a folder is never entered below itself. */
static bool folder_enter(struct folder_packing *p, const struct stat *st, struct err *e)
{
	for (int i = 0; i < p->depth; i++)
		if (p->above[i].dev == st->st_dev && p->above[i].ino == st->st_ino)
			return refuse(p, e,
				"it is a link to a folder that holds it; name it in .mltopignore");
	if (p->depth == DEPTH_MAX)
		return refuse(p, e, "folders are nested deeper than 64");
	p->above[p->depth].dev = st->st_dev;
	p->above[p->depth].ino = st->st_ino;
	p->depth++;
	return true;
}

static bool folder_pack(struct folder_packing *p, struct err *e)
{
	struct dirent **names;
	struct stat st;
	bool good;
	int count;

	if (stat(p->disk.data, &st) != 0)
		return err_errno(e, errno, "cannot look at", p->disk.data);
	if (!folder_enter(p, &st, e))
		return false;
	count = scandir(p->disk.data, &names, NULL, by_name);
	if (count < 0)
		return err_errno(e, errno, "cannot read the folder", p->disk.data);
	good = limits_hold(p, 0, e) && header_write(p, &st, e);
	if (good) {
		good = names_pack(p, names, count, e);
	} else {
		for (int i = 0; i < count; i++)
			free(names[i]);
	}
	free(names);
	p->depth--;
	return good;
}

/* ---- The archive ---- */

static bool writer_open(struct folder_packing *p, int fd, struct err *e)
{
	p->a = archive_write_new();
	archive_write_set_format_pax_restricted(p->a);
	/* Names are bytes to us: nothing is converted by whatever locale there is. */
	archive_write_set_format_option(p->a, "pax", "hdrcharset", "BINARY");
	archive_write_add_filter_gzip(p->a);
	archive_write_set_filter_option(p->a, "gzip", "timestamp", NULL);
	archive_write_set_bytes_in_last_block(p->a, 1);
	return archive_write_open_fd(p->a, fd) == ARCHIVE_OK || write_failed(p, e);
}

bool archive_pack_folder(int fd, const struct archive_folder *f, struct err *e)
{
	struct folder_packing p = {.folder = f,
		.limits = f->limits ? f->limits : &archive_limits_default};
	struct stat st;
	bool good;

	if (realpath(f->path, p.root) == NULL || stat(p.root, &st) != 0)
		return err_errno(e, errno, "cannot pack the folder", f->path);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ERR_INVALID, "%s is no folder", f->path);
	buf_init(&p.disk, 0);
	buf_init(&p.below, 0);
	buf_adds(&p.disk, p.root);
	good = writer_open(&p, fd, e) && folder_pack(&p, e);
	if (good && archive_write_close(p.a) != ARCHIVE_OK)
		good = write_failed(&p, e);
	archive_write_free(p.a);
	buf_release(&p.disk);
	buf_release(&p.below);
	return good;
}
