/* Secrets of a task from who launches it to its shim (base/tasksecret.h). */
#include "engine/local/local.h"

#include "base/fsio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

bool local_secrets_take(struct local_work *w, const struct task_launch *launch, struct err *e)
{
	if (!tasksecret_check(launch->secrets, launch->secret_count, e))
		return false;
	w->secrets_len = tasksecret_size(launch->secrets, launch->secret_count);
	if (w->secrets_len == 0)
		return true;
	w->secrets = mem_alloc(w->secrets_len);
	tasksecret_encode(w->secrets, launch->secrets, launch->secret_count);
	return true;
}

bool local_secrets_pass(const struct local_work *w, int *fd, struct err *e)
{
	*fd = -1;
	if (w->secrets_len == 0)
		return true;
	*fd = memfd_create("secrets", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (*fd >= 0 && fsio_write_all(*fd, w->secrets, w->secrets_len) &&
		fcntl(*fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) ==
			0)
		return true;
	err_set(e, ERR_UNAVAILABLE, "cannot pass the task its secrets: %s", strerror(errno));
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	return false;
}

void local_secrets_free(struct local_work *w)
{
	if (w->secrets == NULL)
		return;
	explicit_bzero(w->secrets, w->secrets_len);
	free(w->secrets);
	w->secrets = NULL;
	w->secrets_len = 0;
}

/* A name of its own below /dev/shm, as the task is called. */
static char *shared_dir(const struct local_work *w)
{
	char *path = NULL;

	if (asprintf(&path, "/dev/shm/mltop-%s", w->marker) < 0)
		abort();
	for (char *at = path + strlen("/dev/shm/"); (at = strchr(at, '/')) != NULL;)
		*at = '.';
	return path;
}

const char *local_secrets_dir(struct local_work *w)
{
	char *path;
	const char *out;

	if (w->secrets_len == 0)
		return "";
	path = geteuid() == 0 ? fsio_join(w->folder, "secrets") : shared_dir(w);
	out = arena_strdup(&w->arena, path);
	free(path);
	return out;
}

bool local_secrets_make(struct local_work *w, struct err *e)
{
	/* A mount point; empty, and root's, for all who do not see what is mounted there. */
	return w->secrets_len == 0 || geteuid() != 0 || fsio_mkdirs(local_secrets_dir(w), 0700, e);
}

void local_secrets_end(struct local_work *w)
{
	char *path;

	if (geteuid() == 0)
		return;
	path = shared_dir(w);
	fsio_remove_tree(path, NULL);
	free(path);
}
