#include "base/fsio.h"

#include "base/mem.h"
#include "base/num.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

/*
 * f_type of statfs(2). Sources: linux/magic.h, statfs(2), and for those outside the kernel tree
 * (Lustre, GPFS, BeeGFS) coreutils' src/stat.c.
 */
static const unsigned long network_types[] = {
	0x6969,     /* NFS */
	0x517B,     /* SMB */
	0xFF534D42, /* CIFS */
	0xFE534D42, /* SMB2 */
	0x00C36400, /* Ceph */
	0x5346414F, /* AFS (OpenAFS) */
	0x6B414653, /* AFS (kernel) */
	0x01021997, /* 9P */
	0x73757245, /* Coda */
	0x0BD00BD0, /* Lustre */
	0x47504653, /* GPFS */
	0x19830326, /* BeeGFS */
	0x7461636F, /* OCFS2 */
	0x01161970, /* GFS2 */
	0x786F4256, /* VirtualBox shared folder */
	0xAAD7AAEA, /* PanFS */
};

enum { FUSE_TYPE = 0x65735546, MOUNTINFO_MAX = 4 << 20 };

/* FUSE carries local ones too (ntfs-3g, fuse-overlayfs), so these are told apart by name. */
static const char *const network_fuse[] = {"sshfs", "s3fs", "gcsfuse", "goofys", "mount-s3",
	"rclone", "glusterfs", "ceph", "davfs", "curlftpfs", "juicefs", "mfs", "moosefs", "alluxio",
	"blobfuse", "blobfuse2", "hdfs", "cifs"};

/* Does this line of /proc/self/mountinfo (proc(5)) tell of a network FUSE mount of `dev`? */
static bool line_names_network(const char *line, dev_t dev)
{
	unsigned major_number, minor_number;
	const char *type = strstr(line, " - ");
	char name[64];

	if (type == NULL || sscanf(line, "%*d %*d %u:%u", &major_number, &minor_number) != 2)
		return false;
	if (makedev(major_number, minor_number) != dev || sscanf(type, " - %63s", name) != 1)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(network_fuse); i++)
		if (strncmp(name, "fuse.", 5) == 0 && strcmp(name + 5, network_fuse[i]) == 0)
			return true;
	return false;
}

static bool fuse_is_network(const char *path)
{
	struct buf mounts = BUF_INIT;
	struct stat st;
	bool found = false;
	char *line, *rest;

	if (stat(path, &st) < 0 || !fsio_read("/proc/self/mountinfo", &mounts, MOUNTINFO_MAX, NULL))
		goto out;
	rest = mounts.data;
	while (!found && (line = strsep(&rest, "\n")) != NULL)
		found = line_names_network(line, st.st_dev);
out:
	buf_release(&mounts);
	return found;
}

/* statfs of the path, or of its nearest parent that exists (the folder may be yet to be made). */
static bool statfs_nearest(char *path, struct statfs *fs)
{
	char *slash;

	while (statfs(path, fs) < 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			return false;
		slash = strrchr(path, '/');
		if (slash == NULL) {
			if (strcmp(path, ".") == 0)
				return false;
			memcpy(path, ".", 2);
		} else if (slash == path) {
			if (path[1] == '\0')
				return false;
			path[1] = '\0';
		} else {
			*slash = '\0';
		}
	}
	return true;
}

bool fsio_is_network(const char *path)
{
	char *nearest = mem_dup(*path ? path : ".", *path ? strlen(path) + 1 : 2);
	struct statfs fs;
	bool network = false;

	if (!statfs_nearest(nearest, &fs))
		goto out;
	for (size_t i = 0; i < ARRAY_SIZE(network_types); i++)
		network = network || (unsigned long)(unsigned int)fs.f_type == network_types[i];
	if ((unsigned int)fs.f_type == FUSE_TYPE)
		network = fuse_is_network(nearest);
out:
	free(nearest);
	return network;
}
