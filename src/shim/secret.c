/* The secrets of the task: from the daemon's descriptor to a step's files and environment. */
#include "shim.h"

#include "base/tasksecret.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* A step's own: written by its process alone, between fork and execve. */
static char bytes[TASK_SECRETS_BYTES];
static char variables[TASK_SECRETS_BYTES + TASK_SECRETS_MAX];

static bool read_all(int fd, size_t *len)
{
	*len = 0;
	for (;;) {
		ssize_t n = pread(fd, bytes + *len, sizeof bytes - *len, (off_t)*len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0;
		*len += (size_t)n;
	}
}

/* A tmpfs in a mount view of this process's own; it is written once. */
static bool place_mount(const struct task_spec *spec)
{
	char options[100];
	int uid = spec->run_uid >= 0 ? spec->run_uid : 0,
	    gid = spec->run_gid >= 0 ? spec->run_gid : 0;

	snprintf(options, sizeof options, "mode=0700,size=4m,nr_inodes=256,uid=%d,gid=%d,noswap",
		uid, gid);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return false;
	if (mount("tmpfs", spec->secrets_dir, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options) ==
		0)
		return true;
	*strstr(options, ",noswap") = '\0'; /* Linux before 6.4 */
	return mount("tmpfs", spec->secrets_dir, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		       options) == 0;
}

static bool place_close(const struct task_spec *spec)
{
	return mount(NULL, spec->secrets_dir, NULL,
		       MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
		       NULL) == 0;
}

static bool write_file(int folder, const char *name, const struct task_secret *secret,
	const struct task_spec *spec)
{
	int fd;
	bool good;

	unlinkat(folder, name, 0); /* of the step before, where the folder is no mount */
	fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);
	good = fd >= 0 &&
		(spec->run_uid < 0 ||
			fchown(fd, (uid_t)spec->run_uid, (gid_t)spec->run_gid) == 0) &&
		write(fd, secret->value, secret->size) == (ssize_t)secret->size;
	if (fd >= 0)
		close(fd);
	return good;
}

/* Sets as "NAME=value" behind the entries that there are; false: there are too many. */
static bool set_variable(const char **environment, size_t max, const char *name, size_t *used,
	const struct task_secret *secret)
{
	size_t name_len = strlen(name), count = 0;
	char *entry = variables + *used;

	memcpy(entry, name, name_len);
	entry[name_len] = '=';
	memcpy(entry + name_len + 1, secret->value, secret->size);
	entry[name_len + 1 + secret->size] = '\0';
	*used += name_len + secret->size + 2;
	while (environment[count] != NULL && strncmp(environment[count], entry, name_len + 1) != 0)
		count++;
	if (environment[count] == NULL) {
		if (count + 1 >= max)
			return false;
		environment[count + 1] = NULL;
	}
	environment[count] = entry;
	return true;
}

static bool give_all(const struct task_spec *spec, size_t len, const char **environment, size_t max)
{
	int folder = open(spec->secrets_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct task_secret secret;
	size_t at = 0, name_len, used = 0;
	char name[TASK_SECRET_NAME_MAX + 1];
	bool good = folder >= 0;

	while (good && tasksecret_next(bytes, len, &at, &secret, &name_len)) {
		memcpy(name, secret.name, name_len);
		name[name_len] = '\0';
		good = secret.env ? set_variable(environment, max, name, &used, &secret)
				  : write_file(folder, name, &secret, spec);
	}
	if (folder >= 0)
		close(folder);
	return good && at == len;
}

bool secret_give(const struct shim *s, const char **environment, size_t max)
{
	const struct task_spec *spec = &s->spec;
	bool root = geteuid() == 0, good;
	size_t len = 0;

	if (*spec->secrets_dir == '\0')
		return true;
	errno = ENOKEY; /* where nothing else says why */
	good = s->secrets >= 0 && read_all(s->secrets, &len) &&
		(root ? place_mount(spec)
		      : mkdir(spec->secrets_dir, 0700) == 0 || errno == EEXIST) &&
		give_all(spec, len, environment, max) && (!root || place_close(spec));
	explicit_bzero(bytes, len);
	return good;
}

void secret_end(const struct shim *s)
{
	struct task_secret secret;
	size_t len = 0, at = 0, name_len;
	char name[TASK_SECRET_NAME_MAX + 1];
	int folder;

	if (*s->spec.secrets_dir == '\0' || geteuid() == 0 || s->secrets < 0)
		return;
	folder = open(s->spec.secrets_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder < 0 || !read_all(s->secrets, &len))
		len = 0;
	while (tasksecret_next(bytes, len, &at, &secret, &name_len)) {
		memcpy(name, secret.name, name_len);
		name[name_len] = '\0';
		unlinkat(folder, name, 0);
	}
	explicit_bzero(bytes, len);
	if (folder >= 0)
		close(folder);
	rmdir(s->spec.secrets_dir);
}
