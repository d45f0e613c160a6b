/* The private platform: found by its endpoint file, else started; and the throwaway one of a demo.
 */
#include "client/context.h"

#include "base/buf.h"
#include "base/fsio.h"
#include "base/home.h"
#include "base/mem.h"
#include "base/taskfile.h"
#include "base/timefmt.h"
#include "base/vec.h"
#include "client/config.h"
#include "client/daemon.h"
#include "client/paths.h"
#include "client/private_inside.h"
#include "client/url.h"
#include "core/wire/sign.h"
#include "core/wire/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FILE_MAX = 16 * 1024, STOP_MS = 8 * 1000 };

/* ---- Programs ---- */

static char *program_in(const char *dir, const char *below, const char *name)
{
	char *folder = *below ? fsio_join(dir, below) : mem_strdup(dir),
	     *path = fsio_join(folder, name);

	free(folder);
	if (access(path, X_OK) == 0)
		return path;
	free(path);
	return NULL;
}

char *program_path(const char *name, struct err *e)
{
	static const char *const places[] = {"", "../libexec/mltop", "../libexec"};
	char *dir = fsio_program_dir(), *path = NULL;

	for (size_t i = 0; path == NULL && i < ARRAY_SIZE(places); i++)
		path = program_in(dir, places[i], name);
	if (path == NULL)
		err_set(e, ERR_NOT_FOUND,
			"the program %s is neither beside mltop in %s nor in ../libexec/mltop; "
			"install it there, or name a platform by --endpoint or --context",
			name, dir);
	free(dir);
	return path;
}

/* ---- Finding ---- */

static json_t *read_object(const char *dir, const char *name, struct err *e)
{
	char *path = fsio_join(dir, name);
	struct buf text = BUF_INIT;
	json_t *root = NULL;

	if (fsio_read(path, &text, FILE_MAX, e)) {
		root = wire_json_parse(text.data, text.len, 8, e);
		if (root == NULL)
			err_prefix(e, "%s", path);
	}
	sign_wipe(text.data, text.len);
	buf_release(&text);
	free(path);
	return root;
}

/* Who answers there, when it is the process that wrote the file and no later one of that number. */
static bool daemon_alive(const json_t *endpoint, int *pid)
{
	json_int_t number = json_integer_value(json_object_get(endpoint, "pid"));
	const char *boot = json_string_value(json_object_get(endpoint, "boot_id"));
	json_int_t start = json_integer_value(json_object_get(endpoint, "start_time"));

	*pid = (int)number;
	return number > 1 && number < INT32_MAX && start > 0 && boot &&
		taskfile_alive((int)number, (uint64_t)start, boot);
}

/* The endpoint of a live platform in `dir`. ERR_NOT_FOUND: none runs. */
static bool find_endpoint(const char *dir, json_t **endpoint, int *pid, struct err *e)
{
	struct err why = ERR_INIT;
	json_t *found = read_object(dir, "endpoint", &why);

	if (found && daemon_alive(found, pid) && json_string_value(json_object_get(found, "url"))) {
		*endpoint = found;
		return true;
	}
	json_decref(found);
	if (found == NULL && why.code != ERR_NOT_FOUND && why.code != ERR_INVALID) {
		if (e)
			*e = why;
		return false;
	}
	return err_set(e, ERR_NOT_FOUND, "no private platform runs in %s", dir);
}

static bool read_key(struct context *out, const char *dir, struct err *e)
{
	char *path = fsio_join(dir, "private.key");
	json_t *key = secret_file_private(path, e) ? read_object(dir, "private.key", e) : NULL;
	const char *access = json_string_value(json_object_get(key, "access_key"));
	const char *secret = json_string_value(json_object_get(key, "secret_key"));
	bool ok = access && secret;

	if (ok) {
		out->access_key = mem_strdup(access);
		out->secret_key = mem_strdup(secret);
	} else if (key) {
		err_set(e, ERR_INVALID,
			"%s holds no access_key and secret_key: stop the platform, "
			"remove that file and start again",
			path);
	}
	json_decref(key);
	free(path);
	return ok;
}

bool private_find_in(struct context *out, const char *dir, struct err *e)
{
	struct context found = {0};
	json_t *endpoint = NULL;
	struct url u;
	int pid;

	if (!find_endpoint(dir, &endpoint, &pid, e))
		return false;
	found.url = mem_strdup(json_string_value(json_object_get(endpoint, "url")));
	json_decref(endpoint);
	if (!url_parse(&u, found.url, e) || !read_key(&found, dir, e)) {
		context_release(&found);
		return false;
	}
	found.name = mem_strdup("local");
	found.org = mem_strdup("");
	found.origin = mem_strdup(dir);
	found.private = true;
	*out = found;
	return true;
}

bool private_find(struct context *out, const char *state_dir, struct err *e)
{
	char *dir = paths_private(state_dir);
	bool ok = private_find_in(out, dir, e);

	free(dir);
	return ok;
}

/* ---- Starting ---- */

static bool run_daemon(const char *program, const char *dir, char **more, int keep, struct err *e)
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
		ok = run_daemon(program, dir, NULL, -1, &why);
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
	bool ok = find_endpoint(dir, &endpoint, &pid, e);

	if (!ok)
		goto out;
	/* Open first, look again then: between both the number cannot go to another process. */
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0 && errno != ESRCH) {
		ok = err_set(e, ERR_INTERNAL, "cannot stop the platform (process %d): %s", pid,
			strerror(errno));
		goto out;
	}
	if (pidfd < 0 || !daemon_alive(endpoint, &pid))
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

/* ---- Demo ---- */

static char *make_demo_folder(struct err *e)
{
	const char *tmp = getenv("TMPDIR");
	char *dir = fsio_join(tmp && *tmp == '/' ? tmp : "/tmp", "mltop-demo-XXXXXX");

	if (mkdtemp(dir))
		return dir;
	err_errno(e, errno, "cannot make the demo's folder", dir);
	free(dir);
	return NULL;
}

/* The writing end stays open until this process ends, however it does: then the demo ends. */
static bool run_demo(struct context *out, const char *program, const char *dir,
	const char *const *settings, struct err *e)
{
	VEC(char *) more = {0};
	char fd_text[16];
	int ends[2];
	bool ok;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, ERR_INTERNAL, "cannot make a pipe for the demo: %s",
			strerror(errno));
	snprintf(fd_text, sizeof fd_text, "%d", DAEMON_DIE_FD);
	vec_push(&more, (char *)"--engine");
	vec_push(&more, (char *)"fake");
	vec_push(&more, (char *)"--set");
	vec_push(&more, (char *)"store=demo");
	vec_push(&more, (char *)"--die-with-fd");
	vec_push(&more, fd_text);
	for (; settings && *settings; settings++) {
		vec_push(&more, (char *)"--set");
		vec_push(&more, (char *)*settings);
	}
	vec_push(&more, NULL);
	ok = run_daemon(program, dir, more.items, ends[0], e) && private_find_in(out, dir, e);
	vec_release(&more);
	close(ends[0]);
	if (!ok)
		close(ends[1]);
	return ok;
}

bool demo_start_with(struct context *out, const char *program, const char *const *settings,
	struct err *e)
{
	char *dir = make_demo_folder(e);
	bool ok = dir && run_demo(out, program, dir, settings, e);

	if (ok) {
		free(out->name);
		out->name = mem_strdup("demo");
		out->private = false;
		out->demo = true;
	} else if (dir) {
		fsio_remove_tree(dir, NULL);
	}
	free(dir);
	return ok;
}

bool demo_start(struct context *out, const char *const *settings, struct err *e)
{
	char *program = program_path("mltopd", e);
	bool ok = program && demo_start_with(out, program, settings, e);

	free(program);
	return ok;
}
