/*
 * A folder seen through FUSE, whose operations fail or wait when a file of rules says so:
 *
 *     faulty_fs RULES FOLDER MOUNT       stays in the foreground until it is unmounted
 *
 * Each line of RULES, read anew at each operation: operation, errno or "wait", and a part of the
 * path ("write 28 store.db", "fsync 5 log/", "read wait /"). Operations: open read write fsync
 * rename unlink. What waits goes on when the line is gone.
 */
#define FUSE_USE_VERSION 31
#include <fuse.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

static const char *rules, *folder;

static const char *real(const char *path, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%s%s", folder, path);
	return out;
}

/* 0: nothing is said of it; -1: it waits. */
static int rule(const char *operation, const char *path)
{
	FILE *f = fopen(rules, "re");
	char line[512], op[16], what[16], part[256];
	int found = 0;

	while (f && !found && fgets(line, sizeof line, f))
		if (sscanf(line, "%15s %15s %255s", op, what, part) == 3 &&
			strcmp(op, operation) == 0 && strstr(path, part))
			found = strcmp(what, "wait") == 0 ? -1 : (int)strtol(what, NULL, 10);
	if (f)
		fclose(f);
	return found;
}

/* The errno that the operation fails by; 0: none. */
static int fault(const char *operation, const char *path)
{
	int n;

	while ((n = rule(operation, path)) < 0)
		nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
	return n;
}

static int result(int code)
{
	return code < 0 ? -errno : code;
}

static int fs_getattr(const char *path, struct stat *st, struct fuse_file_info *fi)
{
	char p[PATH_MAX];

	return result(fi ? fstat((int)fi->fh, st) : lstat(real(path, p), st));
}

static int fs_readlink(const char *path, char *out, size_t size)
{
	char p[PATH_MAX];
	ssize_t n = readlink(real(path, p), out, size - 1);

	if (n < 0)
		return -errno;
	out[n] = '\0';
	return 0;
}

static int fs_mknod(const char *path, mode_t mode, dev_t dev)
{
	char p[PATH_MAX];

	return result(mknod(real(path, p), mode, dev));
}

static int fs_mkdir(const char *path, mode_t mode)
{
	char p[PATH_MAX];

	return result(mkdir(real(path, p), mode));
}

static int fs_unlink(const char *path)
{
	char p[PATH_MAX];
	int bad = fault("unlink", path);

	return bad ? -bad : result(unlink(real(path, p)));
}

static int fs_rmdir(const char *path)
{
	char p[PATH_MAX];

	return result(rmdir(real(path, p)));
}

static int fs_symlink(const char *target, const char *path)
{
	char p[PATH_MAX];

	return result(symlink(target, real(path, p)));
}

static int fs_rename(const char *from, const char *to, unsigned flags)
{
	char a[PATH_MAX], b[PATH_MAX];
	int bad = fault("rename", to);

	return bad ? -bad
		   : result(renameat2(AT_FDCWD, real(from, a), AT_FDCWD, real(to, b), flags));
}

static int fs_link(const char *from, const char *to)
{
	char a[PATH_MAX], b[PATH_MAX];

	return result(link(real(from, a), real(to, b)));
}

static int fs_chmod(const char *path, mode_t mode, struct fuse_file_info *fi)
{
	char p[PATH_MAX];

	(void)fi;
	return result(chmod(real(path, p), mode));
}

static int fs_chown(const char *path, uid_t uid, gid_t gid, struct fuse_file_info *fi)
{
	char p[PATH_MAX];

	(void)fi;
	return result(lchown(real(path, p), uid, gid));
}

static int fs_truncate(const char *path, off_t size, struct fuse_file_info *fi)
{
	char p[PATH_MAX];
	int bad = fault("write", path);

	return bad ? -bad
		   : result(fi ? ftruncate((int)fi->fh, size) : truncate(real(path, p), size));
}

static int fs_utimens(const char *path, const struct timespec tv[2], struct fuse_file_info *fi)
{
	char p[PATH_MAX];

	(void)fi;
	return result(utimensat(AT_FDCWD, real(path, p), tv, AT_SYMLINK_NOFOLLOW));
}

static int opened(const char *path, int flags, mode_t mode, struct fuse_file_info *fi)
{
	char p[PATH_MAX];
	int bad = fault("open", path), fd;

	if (bad)
		return -bad;
	/* The kernel sends offsets of its own for O_APPEND. */
	fd = open(real(path, p), (flags & ~O_APPEND) | O_CLOEXEC, mode);
	fi->fh = (uint64_t)fd;
	fi->direct_io = strstr(path, "/log/") != NULL; /* else the page cache answers reads */
	return fd < 0 ? -errno : 0;
}

static int fs_open(const char *path, struct fuse_file_info *fi)
{
	return opened(path, fi->flags & ~(O_CREAT | O_EXCL), 0, fi);
}

static int fs_create(const char *path, mode_t mode, struct fuse_file_info *fi)
{
	return opened(path, fi->flags | O_CREAT, mode, fi);
}

static int fs_read(const char *path, char *out, size_t size, off_t at, struct fuse_file_info *fi)
{
	int bad = fault("read", path);

	return bad ? -bad : result((int)pread((int)fi->fh, out, size, at));
}

static int fs_write(const char *path, const char *in, size_t size, off_t at,
	struct fuse_file_info *fi)
{
	int bad = fault("write", path);

	return bad ? -bad : result((int)pwrite((int)fi->fh, in, size, at));
}

static int fs_statfs(const char *path, struct statvfs *st)
{
	char p[PATH_MAX];

	return result(statvfs(real(path, p), st));
}

static int fs_release(const char *path, struct fuse_file_info *fi)
{
	(void)path;
	return result(close((int)fi->fh));
}

static int fs_fsync(const char *path, int data, struct fuse_file_info *fi)
{
	int bad = fault("fsync", path);

	return bad ? -bad : result(data ? fdatasync((int)fi->fh) : fsync((int)fi->fh));
}

static int fs_fallocate(const char *path, int mode, off_t at, off_t size, struct fuse_file_info *fi)
{
	int bad = fault("write", path);

	return bad ? -bad : result(fallocate((int)fi->fh, mode, at, size));
}

static int fs_readdir(const char *path, void *out, fuse_fill_dir_t fill, off_t at,
	struct fuse_file_info *fi, enum fuse_readdir_flags flags)
{
	char p[PATH_MAX];
	DIR *dir = opendir(real(path, p));
	struct dirent *entry;

	(void)at;
	(void)fi;
	(void)flags;
	if (!dir)
		return -errno;
	while ((entry = readdir(dir)))
		fill(out, entry->d_name, NULL, 0, 0);
	closedir(dir);
	return 0;
}

/* Nothing may be remembered by the kernel: a read must come here to fail. */
static void *fs_init(struct fuse_conn_info *conn, struct fuse_config *config)
{
	(void)conn;
	config->use_ino = 1;
	config->attr_timeout = config->entry_timeout = config->negative_timeout = 0;
	return NULL;
}

static const struct fuse_operations operations = {
	.init = fs_init,
	.getattr = fs_getattr,
	.readlink = fs_readlink,
	.mknod = fs_mknod,
	.mkdir = fs_mkdir,
	.unlink = fs_unlink,
	.rmdir = fs_rmdir,
	.symlink = fs_symlink,
	.rename = fs_rename,
	.link = fs_link,
	.chmod = fs_chmod,
	.chown = fs_chown,
	.truncate = fs_truncate,
	.utimens = fs_utimens,
	.open = fs_open,
	.create = fs_create,
	.read = fs_read,
	.write = fs_write,
	.statfs = fs_statfs,
	.release = fs_release,
	.fsync = fs_fsync,
	.fallocate = fs_fallocate,
	.readdir = fs_readdir,
};

int main(int argc, char **argv)
{
	char stay[] = "-f", options[] = "-odefault_permissions,allow_other";
	char *args[] = {argv[0], stay, options, argc == 4 ? argv[3] : options, NULL};

	if (argc != 4)
		return 2;
	rules = argv[1];
	folder = argv[2];
	umask(0);
	return fuse_main(4, args, &operations, NULL);
}
