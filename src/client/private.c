/* The private platform: started where none runs, and stopped. */
#include "client/context.h"

#include "base/fsio.h"
#include "base/home.h"
#include "base/mem.h"
#include "base/timefmt.h"
#include "base/vec.h"
#include "client/daemon.h"
#include "client/paths.h"
#include "client/private_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { STOP_MS = 8 * 1000 };

/* ---- Starting ---- */

bool private_daemon(const char *program, const char *dir, char **more, int keep, struct err *e)
{
	VEC(char *) argv = {0};
	char *log_path = fsio_join(dir, "mltopd.log");
	bool ok;

	vec_push(&argv, (char *)program);
	vec_push(&argv, (char *)"--private");
	vec_push(&argv, (char *)"--state-dir");
	vec_push(&argv, (char *)dir);
	vec_push(&argv, (char *)"--listen");
	vec_push(&argv, (char *)"127.0.0.1:0");
	for (; more && *more; more++)
		vec_push(&argv, *more);
	vec_push(&argv, NULL);
	ok = daemon_start(program, argv.items, log_path, keep, e);
	vec_release(&argv);
	free(log_path);
	return ok;
}

/* Two mltops at once: the second waits here until the first has started the platform, or failed. */
static int lock_starting(const char *dir, struct err *e)
{
	char *path = fsio_join(dir, "starting");
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0) {
		err_errno(e, errno, "cannot write", path);
	} else {
		while (flock(fd, LOCK_EX) < 0 && errno == EINTR)
			;
	}
	free(path);
	return fd;
}

bool private_start_in(struct context *out, const char *program, const char *dir, struct err *e)
{
	struct err why = ERR_INIT;
	bool ok = private_find_in(out, dir, &why);
	int lock;

	if (ok || why.code != ERR_NOT_FOUND) {
		if (!ok && e)
			*e = why;
		return ok;
	}
	if (!fsio_mkdirs(dir, 0700, e) || (lock = lock_starting(dir, e)) < 0)
		return false;
	ok = private_find_in(out, dir, NULL);
	if (!ok) {
		ok = private_daemon(program, dir, NULL, -1, &why);
		/* Another one, started by hand, may have been quicker: it holds the folder. */
		if (private_find_in(out, dir, ok ? &why : NULL))
			ok = true;
		else if (ok)
			ok = false;
		if (!ok && e)
			*e = why;
	}
	close(lock);
	return ok;
}

/* The daemon runs in another working folder. */
static char *absolute(char *path)
{
	char *here, *whole;

	if (*path == '/')
		return path;
	here = getcwd(NULL, 0);
	whole = fsio_join(here ? here : "/", path);
	free(here);
	free(path);
	return whole;
}

bool private_start(struct context *out, const char *state_dir, struct err *e)
{
	char *dir = absolute(paths_private(state_dir)), *program;
	bool ok = private_find_in(out, dir, NULL);

	if (!ok && (paths_private_named(state_dir) || home_ours(dir, e)) &&
		(program = program_path("mltopd", e)) != NULL) {
		ok = private_start_in(out, program, dir, e);
		free(program);
	}
	free(dir);
	return ok;
}

/* ---- Stopping ---- */

static bool wait_gone(int pidfd, int limit_ms)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};
	int64_t deadline = time_mono_ms() + limit_ms, left;

	while ((left = deadline - time_mono_ms()) > 0) {
		int n = poll(&p, 1, (int)left);

		if (n > 0)
			return true;
		if (n < 0 && errno != EINTR)
			return false;
	}
	return false;
}

bool private_stop(const char *state_dir, struct err *e)
{
	char *dir = paths_private(state_dir);
	json_t *endpoint = NULL;
	int pid, pidfd = -1;
	bool ok = private_endpoint(dir, &endpoint, &pid, e);

	if (!ok)
		goto out;
	/* Open first, look again then: between both the number cannot go to another process. */
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0 && errno != ESRCH) {
		ok = err_set(e, ERR_INTERNAL, "cannot stop the platform (process %d): %s", pid,
			strerror(errno));
		goto out;
	}
	if (pidfd < 0 || !private_alive(endpoint, &pid))
		goto out; /* it ended by itself */
	if (syscall(SYS_pidfd_send_signal, pidfd, SIGTERM, NULL, 0) < 0)
		ok = err_set(e, ERR_FORBIDDEN, "cannot stop the platform (process %d): %s", pid,
			strerror(errno));
	else if (!wait_gone(pidfd, STOP_MS))
		ok = err_set(e, ERR_INTERNAL,
			"the platform (process %d) did not end within %d s; its "
			"log is %s/mltopd.log",
			pid, STOP_MS / 1000, dir);
out:
	if (pidfd >= 0)
		close(pidfd);
	json_decref(endpoint);
	free(dir);
	return ok;
}
