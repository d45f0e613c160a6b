#include "engine/local/local.h"

#include "base/fsio.h"
#include "base/timefmt.h"
#include "io/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

void local_failed(struct local_work *w, enum work_reason why, const char *message)
{
	w->outcome = LOCAL_ENDED;
	w->why = why;
	w->end = (struct task_exit){.end = TASK_END_START, .finish_code = -1};
	w->end.start_ms = w->end.end_ms = time_now_ms();
	snprintf(w->end.message, sizeof w->end.message, "%.255s", message);
}

static void stopped(struct local_work *w)
{
	local_failed(w, REASON_CANCELLED, "stopped before it started");
	w->end.end = TASK_END_STOPPED;
	w->end.start_ms = 0; /* nothing ran */
}

/* One of ours is opened; one above the state folder is not ours to change. */
static bool folder_pass(const char *path, bool ours, struct err *e)
{
	struct stat st;

	if (ours)
		return chmod(path, 0711) == 0 ||
			err_errno(e, errno, "cannot open up the folder", path);
	if (stat(path, &st) == 0 && (st.st_mode & S_IXOTH))
		return true;
	return err_set(e, ERR_FORBIDDEN,
		"cannot start the task: it runs as a user of its own, who may "
		"not pass through %s. Let others pass (chmod o+x) or move the platform with --state-dir",
		path);
}

/*
 * Folders of a task that runs as somebody else let him through, and no further: he can list and
 * read none of them. By chmod, for the daemon's umask allows its own files nobody else.
 */
static bool folders_pass(struct local_work *w, struct err *e)
{
	size_t ours = strlen(w->local->state_dir);
	char *path = mem_strdup(w->folder), *slash;
	bool good = true;

	for (;;) {
		good = folder_pass(path, strlen(path) >= ours, e);
		slash = strrchr(path, '/');
		if (!good || slash == NULL || slash == path)
			break;
		*slash = '\0';
	}
	free(path);
	return good;
}

/* Its own name in our folder: nobody else can put another thing there. */
static bool output_give(struct local_work *w, const char *output, struct err *e)
{
	int fd = open(output, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool good = fd >= 0 && fchown(fd, (uid_t)w->run_uid, (gid_t)w->run_gid) == 0;

	if (!good)
		err_errno(e, errno, "cannot give to the task's user its folder", output);
	if (fd >= 0)
		close(fd);
	return good;
}

static bool tmp_make(struct local_work *w, struct err *e)
{
	char *tmp = fsio_join(w->folder, "tmp");
	bool good = w->run_uid < 0 || !w->local->owns_files ||
		(fsio_mkdirs(tmp, 0700, e) && output_give(w, tmp, e));

	free(tmp);
	return good;
}

/* Made anew at its old place it would hide what was moved away from who looks for it there. */
static bool tasks_there(const struct local *l, struct err *e)
{
	struct stat st;

	return (stat(l->tasks_dir, &st) == 0 && st.st_dev == l->tasks_dev &&
		       st.st_ino == l->tasks_ino) ||
		err_set(e, ERR_UNAVAILABLE,
			"the folder %s was removed or replaced while mltopd runs: put it back, or "
			"restart mltopd",
			l->tasks_dir);
}

static bool folders_make(struct local_work *w, struct err *e)
{
	char *output = NULL;

	if (!tasks_there(w->local, e))
		return false;
	if (!fsio_mkdirs(w->folder, 0700, e) || (w->run_uid >= 0 && !folders_pass(w, e)))
		return false;
	if (asprintf(&output, "%s/%s/output", w->local->tasks_dir, w->task->uid) < 0)
		abort();
	bool good = fsio_mkdirs(output, 0700, e) && (w->run_uid < 0 || output_give(w, output, e)) &&
		tmp_make(w, e) && local_secrets_make(w, e) &&
		local_isolation_know(w->local, w->run_uid, e);

	free(output);
	return good;
}

/* From here on it is the task's user's: nothing is looked up or changed in it by a path any more. */
static bool work_give(struct local_work *w, int folder, const char *made, struct err *e)
{
	if (w->run_uid >= 0 &&
		!fsio_give_tree(folder, made, (uid_t)w->run_uid, (gid_t)w->run_gid, e))
		return false;
	return renameat(folder, made, folder, "work") == 0 ||
		err_errno(e, errno, "cannot move into place the task's code in", w->folder);
}

/*
 * For tests: MLTOPD_UNPACK_GATE names a folder, and unpacking waits while it has an entry of the
 * org's name. Always compiled in, as the crash points are.
 */
static void gate_pass(const struct local_work *w)
{
	const char *folder = getenv("MLTOPD_UNPACK_GATE");
	char *gate;

	if (folder == NULL || w->program.org_name == NULL)
		return;
	gate = fsio_join(folder, w->program.org_name);
	while (access(gate, F_OK) == 0 && !atomic_load(turns_stopped(w->local->turns)))
		usleep(2000);
	free(gate);
}

static bool package_unpack(struct local_work *w, const char *made, struct err *e)
{
	struct archive_limits limits = archive_limits_most;

	gate_pass(w);
	limits.stop = turns_stopped(w->local->turns);
	return archive_unpack(w->package, made, &limits, e);
}

/*
 * The code of this attempt: the package unpacked, or an empty folder; none for a job in a place of
 * its own. It is made whole where only we can pass, so that other tasks of the same user cannot
 * touch it before it is theirs.
 */
static bool work_make(struct local_work *w, int folder, enum work_reason *why, struct err *e)
{
	const char *place = w->program.work_dir;

	if (w->package == NULL && place && *place)
		return true;
	char *made = fsio_join(w->folder, "work.new"), *work = fsio_join(w->folder, "work");
	/* What a launch that was cut short left behind. */
	bool good = fsio_remove_tree(made, e) && fsio_remove_tree(work, e);

	if (good && w->package) {
		*why = REASON_PACKAGE_UNPACK;
		good = package_unpack(w, made, e);
		if (good && w->program.module_name)
			*why = REASON_MODULE_MISSING;
		good = good && local_spec_root(w, made, e);
	} else if (good) {
		good = fsio_mkdirs(made, 0700, e);
	}
	good = good && work_give(w, folder, "work.new", e);
	free(made);
	free(work);
	return good;
}

static bool spec_write(struct local_work *w, int folder, const struct task_spec *spec,
	struct err *e)
{
	char *data = mem_alloc(TASKFILE_MAX);
	size_t len = taskfile_encode_spec(data, TASKFILE_MAX, spec);
	bool good = len > 0;

	if (!good)
		err_set(e, ERR_TOO_LARGE,
			"cannot start the task: its arguments and environment pass "
			"%d bytes or %d entries; give it a file instead",
			TASKFILE_MAX, TASK_ARGS_MAX);
	/* Which boot it belongs to: a link's text is the cheapest file there is. */
	if (good && symlinkat(w->local->boot_id, folder, "boot") < 0 && errno != EEXIST)
		good = err_errno(e, errno, "cannot write into the task's folder", w->folder);
	good = good && taskfile_write_aside(folder, "spec", data, len, true, e) &&
		taskfile_rename(folder, "spec", true, e);
	explicit_bzero(data, len); /* the environment may hold secrets */
	free(data);
	return good;
}

static bool group_make(struct local_work *w, const struct task_spec *spec, struct err *e)
{
	const struct cgroup_limits limits = {.cpu = w->program.cpu_limit.v,
		.memory = spec->memory_limit,
		.pids = w->local->max_processes};

	return w->local->limits != LOCAL_LIMITS_CGROUP ||
		local_group_make(&w->local->groups, spec->cgroups, &limits, e);
}

/* Folder, code and spec. *before: somebody has launched this attempt already. */
static bool prepare(struct local_work *w, int *folder, bool *before, enum work_reason *why,
	struct err *e)
{
	struct task_spec spec;

	*why = REASON_START;
	if (!folders_make(w, e))
		return false;
	*folder = open(w->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*folder < 0)
		return err_errno(e, errno, "cannot open the task's folder", w->folder);
	*before = faccessat(*folder, "spec", F_OK, 0) == 0;
	if (*before)
		return true;
	if (!work_make(w, *folder, why, e))
		return false;
	*why = REASON_START;
	return local_spec_build(w, &spec, e) && group_make(w, &spec, e) &&
		spec_write(w, *folder, &spec, e);
}

void local_work_ended(struct local_work *w)
{
	if (w->outcome == LOCAL_ENDED)
		local_secrets_end(w);
	if (w->outcome == LOCAL_ENDED && w->local->limits == LOCAL_LIMITS_CGROUP)
		local_group_end(local_group_of(&w->local->groups, w->marker, &w->arena));
}

void local_launch(struct local_work *w)
{
	enum work_reason why;
	struct err e = ERR_INIT;
	int folder = -1;
	bool before = false;

	if (w->refused.text[0])
		local_failed(w, REASON_START, w->refused.text);
	else if (atomic_load(&w->cancelled))
		stopped(w);
	else if (!prepare(w, &folder, &before, &why, &e))
		local_failed(w, why, e.text);
	else if (before)
		local_recover(w);
	else if (atomic_load(&w->cancelled))
		stopped(w);
	else
		local_spawn(w);
	if (folder >= 0)
		close(folder);
	local_work_ended(w);
}

/* posix_spawn shares our memory until exec (vfork): its cost does not grow with the daemon's size. */
static int shim_start(struct local_work *w, int ready, int secrets, pid_t *pid)
{
	const char *crash = getenv("MLTOP_SHIM_CRASH"); /* fault tests: see src/shim/shim.h */
	char setting[64];
	char option[] = "--ready-fd", descriptor[] = "3";
	char more[] = "--secrets-fd", fourth[] = "4";
	char *const argv[] = {w->local->shim_path, w->folder, option, descriptor,
		secrets < 0 ? NULL : more, fourth, NULL};
	char *const env[] = {crash ? setting : NULL, NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;

	snprintf(setting, sizeof setting, "MLTOP_SHIM_CRASH=%s", crash ? crash : "");
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	if (secrets >= 0)
		posix_spawn_file_actions_adddup2(&files, secrets, 4);
	posix_spawn_file_actions_adddup2(&files, ready, 3);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	int failed = posix_spawn(pid, w->local->shim_path, &files, &attr, argv, env);

	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return failed;
}

/*
 * One line from the shim: "ok", or a sentence; its end without a line means that it died.
 * False when it said nothing in time.
 */
static bool handshake(int ready, char *line, size_t size)
{
	int64_t deadline = time_mono_ms() + LOCAL_HANDSHAKE_MS;
	size_t len = 0;

	line[0] = '\0';
	while (len + 1 < size && strchr(line, '\n') == NULL) {
		struct pollfd p = {.fd = ready, .events = POLLIN};
		int64_t left = deadline - time_mono_ms();
		int got = poll(&p, 1, left > 0 ? (int)left : 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			snprintf(line, size, "it did not answer within %d s",
				LOCAL_HANDSHAKE_MS / 1000);
			return false;
		}
		ssize_t n = read(ready, line + len, size - 1 - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
		line[len] = '\0';
	}
	line[strcspn(line, "\n")] = '\0';
	return true;
}

static void spawned(struct local_work *w, const char *line)
{
	char message[400];

	if (strcmp(line, "ok")) {
		snprintf(message, sizeof message, "the task's supervisor did not start: %s",
			*line ? line : "it died before it could say why");
		local_failed(w, REASON_START, message);
		return;
	}
	w->began = true;
	w->fd = shimctl_connect(w->folder, NULL);
	w->outcome = LOCAL_LINK;
	if (w->fd < 0)
		local_recover(w); /* a short task may have ended by now */
}

void local_spawn(struct local_work *w)
{
	char line[300], message[400];
	int ready[2], failed, secrets;
	struct err e = ERR_INIT;
	pid_t pid;

	if (!local_secrets_pass(w, &secrets, &e)) {
		local_failed(w, REASON_START, e.text);
		return;
	}
	if (pipe2(ready, O_CLOEXEC) < 0) {
		snprintf(message, sizeof message, "cannot start the task: %s", strerror(errno));
		local_failed(w, REASON_START, message);
		if (secrets >= 0)
			close(secrets);
		return;
	}
	failed = shim_start(w, ready[1], secrets, &pid);
	close(ready[1]);
	if (secrets >= 0)
		close(secrets);
	if (failed) {
		snprintf(message, sizeof message, "cannot start %.200s: %s", w->local->shim_path,
			strerror(failed));
		local_failed(w, REASON_START, message);
	} else {
		/* The first process forks and leaves at once; the shim is not our child. */
		if (!handshake(ready[0], line, sizeof line))
			kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		spawned(w, line);
	}
	close(ready[0]);
}
