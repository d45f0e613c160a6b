#include "io/archive.h"

#include "base/buf.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static bool write_failed(struct archive *a, struct err *e)
{
	const char *why = archive_error_string(a);

	return err_set(e, ERR_UNAVAILABLE, "cannot write the archive: %s",
		why ? why : "unknown error");
}

static bool write_bytes(struct archive *a, int fd, const char *path, struct err *e)
{
	char block[64 * 1024];
	ssize_t n;

	while ((n = read(fd, block, sizeof block)) > 0)
		if (archive_write_data(a, block, (size_t)n) != n)
			return write_failed(a, e);
	return n == 0 || err_errno(e, errno, "cannot read", path);
}

static bool write_file(struct archive *a, const struct archive_file *file, struct err *e)
{
	int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct archive_entry *entry = archive_entry_new();
	struct stat st;
	bool good = fd >= 0 && fstat(fd, &st) == 0;

	if (!good) {
		err_errno(e, errno, "cannot read", file->path);
		goto out;
	}
	archive_entry_set_pathname(entry, file->name);
	archive_entry_set_size(entry, st.st_size);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0600);
	archive_entry_set_mtime(entry, st.st_mtime, 0);
	good = archive_write_header(a, entry) == ARCHIVE_OK ? write_bytes(a, fd, file->path, e)
							    : write_failed(a, e);
out:
	archive_entry_free(entry);
	if (fd >= 0)
		close(fd);
	return good;
}

bool archive_pack(const char *path, const struct archive_file *files, size_t count, struct err *e)
{
	struct archive *a = archive_write_new();
	struct buf part = BUF_INIT;
	bool good = true;
	int fd;

	buf_addf(&part, "%s.part", path);
	fd = open(part.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		good = err_errno(e, errno, "cannot write", part.data);
		goto out;
	}
	archive_write_set_format_pax_restricted(a);
	if (archive_write_open_fd(a, fd) != ARCHIVE_OK)
		good = write_failed(a, e);
	for (size_t i = 0; good && i < count; i++)
		good = write_file(a, &files[i], e);
	if (good && archive_write_close(a) != ARCHIVE_OK)
		good = write_failed(a, e);
	if (good && (fsync(fd) != 0 || rename(part.data, path) != 0))
		good = err_errno(e, errno, "cannot keep", path);
	if (!good)
		unlink(part.data);
	close(fd);
out:
	archive_write_free(a);
	buf_release(&part);
	return good;
}
