#include "io/archive.h"

#include "base/buf.h"
#include "base/fsio.h"
#include "base/mem.h"
#include "base/sanitize.h"
#include "io/archive_inside.h"
#include "io/decoder.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What stands before a file's bytes: its names and attributes, of which libarchive keeps some. */
enum { NAME_BYTES_MAX = 1024, RATIO_FROM = 256 << 20, HEADER_MAX = 2 << 20 };

/* The memory holds what xz -8 asks for; four packages may be unpacked at once. */
const struct archive_limits archive_limits_default = {20000, (int64_t)2 << 30, 200, 40 << 20};
const struct archive_limits archive_limits_most = {1000000, (int64_t)2 << 30, 1000000, 40 << 20};
char archive_is_file[1], archive_is_folder[1];

/* One pass over an archive. `folder` is where files go, -1 when it is only checked. */
struct pass {
	struct archive *a; /* reads from the decoder; NULL: not open */
	struct decoder *decoder;
	int fd;
	const char *path, *label; /* label: in sentences */
	const struct archive_limits *limits;
	int folder;
	struct map seen; /* all paths so far */
	int64_t entries, unpacked;
	int64_t header; /* bytes read since the last file's */
	struct err why; /* of the last read that failed */
};

static bool refuse(const char *name, struct err *e, const char *why)
{
	struct buf safe = BUF_INIT;

	sanitize_text(&safe, name, strnlen(name, 200));
	err_set(e, ERR_UNPROCESSABLE, "the package holds '%s': %s", safe.data, why);
	buf_release(&safe);
	return false;
}

static bool name_characters(const char *name, struct err *e)
{
	if (*name == '/')
		return refuse(name, e, "an absolute path is refused");
	if (strlen(name) > NAME_BYTES_MAX)
		return refuse(name, e, "a name of more than 1,024 bytes is refused");
	for (const unsigned char *c = (const unsigned char *)name; *c; c++)
		if (*c < 0x20 || *c == 0x7f || *c == '\\')
			return refuse(name, e, "control characters and backslashes are refused");
	return true;
}

/* Appends the name without "." parts and doubled slashes; "" is the top folder itself. */
static bool name_clean(const char *name, struct buf *out, struct err *e)
{
	const char *at = name;

	if (!name_characters(name, e))
		return false;
	while (*at) {
		size_t len = strcspn(at, "/");

		if (len == 2 && memcmp(at, "..", 2) == 0)
			return refuse(name, e, "a path that leaves the package is refused");
		if (len > 0 && !(len == 1 && *at == '.')) {
			if (out->len > 0)
				buf_addc(out, '/');
			buf_add(out, at, len);
		}
		at += len + (at[len] == '/');
	}
	return true;
}

static bool entry_kind(struct archive_entry *entry, const char *name, bool *file, struct err *e)
{
	if (archive_entry_hardlink(entry))
		return refuse(name, e, "hard links are refused");
	switch (archive_entry_filetype(entry)) {
	case AE_IFREG: *file = true; break;
	case AE_IFDIR: *file = false; break;
	case AE_IFLNK: return refuse(name, e, "symbolic links are refused");
	default: return refuse(name, e, "devices, fifos and sockets are refused");
	}
	if (archive_entry_sparse_count(entry) > 0)
		return refuse(name, e, "sparse files are refused");
	return true;
}

static bool folder_make(struct pass *p, const char *path, struct err *e)
{
	void *was = map_get(&p->seen, path);

	if (was == archive_is_folder)
		return true;
	if (was)
		return refuse(path, e, "it is a file and a folder");
	map_set(&p->seen, path, archive_is_folder);
	if (p->folder >= 0 && mkdirat(p->folder, path, 0700) != 0 && errno != EEXIST)
		return err_errno(e, errno, "cannot make the folder", path);
	return true;
}

static bool count_entry(struct pass *p, struct err *e)
{
	return ++p->entries <= p->limits->entries ||
		err_set(e, ERR_UNPROCESSABLE,
			"the package has more than %lld files and folders: name what the job "
			"does not need in .mltopignore, or pack many small files into one",
			(long long)p->limits->entries);
}

/* What would be refused when it is given to the task's user is refused at once. */
static bool depth_holds(const char *path, bool file, struct err *e)
{
	char why[64];
	int depth = !file;

	for (const char *c = path; *c; c++)
		depth += *c == '/';
	if (depth < FSIO_LEVELS_MAX)
		return true;
	snprintf(why, sizeof why, "folders are nested deeper than %d", FSIO_LEVELS_MAX - 1);
	return refuse(path, e, why);
}

/* Folders above `path`, which archives need not list: one name may stand for 500 of them. */
static bool parents_make(struct pass *p, char *path, struct err *e)
{
	for (char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		bool good;

		*slash = '\0';
		good = (map_get(&p->seen, path) || count_entry(p, e)) && folder_make(p, path, e);
		*slash = '/';
		if (!good)
			return false;
	}
	return true;
}

static bool limits_hold(struct pass *p, const char *name, struct err *e)
{
	if (p->unpacked > p->limits->unpacked)
		return err_set(e, ERR_UNPROCESSABLE,
			"the package is larger than %lld MiB unpacked: load data at run time instead",
			(long long)(p->limits->unpacked >> 20));
	if (p->unpacked > RATIO_FROM &&
		p->unpacked / p->limits->ratio > decoder_taken(p->decoder)) {
		char why[200];

		snprintf(why, sizeof why,
			"the package unpacks to %lld MiB, more than %lld times its size: name "
			"files of zeros and the like in .mltopignore and let the job make them",
			(long long)(p->unpacked >> 20), (long long)p->limits->ratio);
		return refuse(name, e, why);
	}
	return true;
}

static bool broken_archive(struct pass *p, struct err *e)
{
	struct buf safe = BUF_INIT;
	const char *why = archive_error_string(p->a);

	if (p->why.code)
		return err_set(e, p->why.code, "package %s: %s", p->label, p->why.text);
	why = why ? why : "unknown error";
	sanitize_text(&safe, why, strnlen(why, 200));
	err_set(e, ERR_UNPROCESSABLE, "%s is not a whole tar archive: %s", p->label, safe.data);
	buf_release(&safe);
	return false;
}

/* Reads the file's bytes, into `fd` unless it is -1. */
static bool data_copy(struct pass *p, const char *name, int fd, struct err *e)
{
	const void *block;
	size_t size;
	la_int64_t offset;
	int code;

	while ((code = archive_read_data_block(p->a, &block, &size, &offset)) == ARCHIVE_OK) {
		p->unpacked += (int64_t)size;
		p->header = 0;
		if (!limits_hold(p, name, e))
			return false;
		if (fd >= 0 && !fsio_write_all(fd, block, size))
			return err_errno(e, errno, "cannot write", name);
	}
	return code == ARCHIVE_EOF || broken_archive(p, e);
}

static bool file_take(struct pass *p, const char *name, mode_t mode, struct err *e)
{
	int fd = -1;
	bool good;

	if (map_get(&p->seen, name))
		return refuse(name, e, "it is there twice");
	map_set(&p->seen, name, archive_is_file);
	if (p->folder < 0)
		return data_copy(p, name, -1, e);
	fd = openat(p->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		mode & 0100 ? 0700 : 0600);
	if (fd < 0)
		return err_errno(e, errno, "cannot make", name);
	good = data_copy(p, name, fd, e);
	if (close(fd) != 0 && good)
		good = err_errno(e, errno, "cannot write", name);
	return good;
}

static bool entry_take(struct pass *p, struct archive_entry *entry, struct err *e)
{
	const char *name = archive_entry_pathname_utf8(entry);
	struct buf path = BUF_INIT;
	bool file = false, good;

	if (name == NULL)
		name = archive_entry_pathname(entry);
	if (name == NULL)
		return err_set(e, ERR_UNPROCESSABLE, "%s holds an entry without a name", p->label);
	p->header = 0;
	if (!count_entry(p, e))
		return false;
	good = name_clean(name, &path, e) && entry_kind(entry, name, &file, e);
	if (good && path.len == 0)
		good = !file || refuse(name, e, "a file without a name is refused");
	else if (good)
		good = depth_holds(path.data, file, e) && parents_make(p, path.data, e) &&
			(file ? file_take(p, path.data, archive_entry_mode(entry), e)
			      : folder_make(p, path.data, e));
	buf_release(&path);
	return good;
}

/* libarchive asks for bytes of the tar. */
static la_ssize_t bytes_wanted(struct archive *a, void *ctx, const void **block)
{
	struct pass *p = ctx;
	ssize_t n;

	if (p->limits->stop && atomic_load(p->limits->stop)) {
		err_set(&p->why, ERR_UNAVAILABLE, "given up, for we are stopping");
		n = -1;
	} else {
		n = decoder_read(p->decoder, block, &p->why);
	}

	if (n > 0 && (p->header += n) > HEADER_MAX) {
		err_set(&p->why, ERR_UNPROCESSABLE, "the header of an entry has more than %d MiB",
			HEADER_MAX >> 20);
		n = -1;
	}
	if (n < 0)
		archive_set_error(a, EIO, "%s", p->why.text);
	return n;
}

static bool pass_open(struct pass *p, struct err *e)
{
	int fd = open(p->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return err_set(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_UNPROCESSABLE,
			"package %s: %s", p->label, strerror(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return err_set(e, ERR_UNPROCESSABLE, "package %s is not a file", p->label);
	}
	p->fd = fd;
	p->a = archive_read_new();
	archive_read_support_format_tar(p->a);
	p->decoder = decoder_new(fd,
		p->limits->memory ? p->limits->memory : archive_limits_default.memory);
	return archive_read_open(p->a, p, NULL, bytes_wanted, NULL) == ARCHIVE_OK ||
		broken_archive(p, e);
}

static bool pass_run(struct pass *p, struct err *e)
{
	struct archive_entry *entry;
	const char *slash = strrchr(p->path, '/');
	int code = ARCHIVE_OK;
	bool good;

	if (p->label == NULL)
		p->label = slash ? slash + 1 : p->path;
	good = pass_open(p, e);

	while (good && (code = archive_read_next_header(p->a, &entry)) == ARCHIVE_OK)
		good = entry_take(p, entry, e);
	/* A warning is a name or attribute that libarchive could not read: not ours to guess. */
	if (good && code != ARCHIVE_EOF)
		good = broken_archive(p, e);
	if (good && p->entries == 0)
		good = err_set(e, ERR_UNPROCESSABLE, "package %s is empty", p->label);
	if (p->a) {
		archive_read_free(p->a);
		decoder_free(p->decoder);
		close(p->fd);
	}
	return good;
}

bool archive_unpack(const char *path, const char *dest_dir, const struct archive_limits *limits,
	struct err *e)
{
	struct pass p = {.path = path, .limits = limits ? limits : &archive_limits_default};
	struct buf part = BUF_INIT;
	bool good;

	buf_addf(&part, "%s.part", dest_dir);
	good = fsio_remove_tree(part.data, e);
	if (good && mkdir(part.data, 0700) != 0)
		good = err_errno(e, errno, "cannot make the folder", part.data);
	if (good) {
		p.folder = open(part.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		good = p.folder >= 0 || err_errno(e, errno, "cannot open", part.data);
		good = good && pass_run(&p, e);
		if (p.folder >= 0)
			close(p.folder);
		/* rename(2) would replace an empty folder: the caller promised that there is none. */
		if (good && rename(part.data, dest_dir) != 0)
			good = err_errno(e, errno, "cannot rename the unpacked package to",
				dest_dir);
		if (!good)
			fsio_remove_tree(part.data, NULL);
	}
	map_release(&p.seen);
	buf_release(&part);
	return good;
}

bool archive_check(const char *path, const char *label, const struct archive_limits *limits,
	struct err *e)
{
	struct pass p = {.path = path,
		.label = label,
		.folder = -1,
		.limits = limits ? limits : &archive_limits_default};
	bool good = pass_run(&p, e);

	map_release(&p.seen);
	return good;
}

bool archive_find_module(const char *path, const char *label, const char *module,
	const struct archive_limits *limits, char root[ARCHIVE_ROOT_SIZE], struct err *e)
{
	struct pass p = {.path = path,
		.label = label,
		.folder = -1,
		.limits = limits ? limits : &archive_limits_default};
	bool good = pass_run(&p, e) && module_find(&p.seen, module, p.label, root, e);

	map_release(&p.seen);
	return good;
}
