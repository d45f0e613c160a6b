/*
 * How a task stands of which only the folder is known: after a start of the daemon, or when the
 * socket of its shim closed without word of an exit. The shim holds flock(2) on the folder while it
 * lives, so whoever gets that lock knows that it is dead, and never guesses from a bare pid.
 */
#include "engine/local/local.h"

#include "base/fsio.h"
#include "base/proctree.h"
#include "base/timefmt.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { AGAIN_MS = 20, UNSURE_MS = 200 };

struct recovery {
	struct local_work *w;
	int folder;
	int64_t deadline; /* monotonic ms: patience with a shim that holds the lock and is mute */
	bool unsure;      /* something could not be looked at now: nothing may be concluded */
};

static void wait_a_moment(long ms)
{
	struct timespec moment = {.tv_nsec = ms * 1000000L};

	nanosleep(&moment, NULL);
}

/* Absent and not to be had now are not the same: taken for absent, a task would run twice. */
static bool load(struct recovery *r, const char *name, char *data, size_t size, size_t *len)
{
	struct err why = ERR_INIT;

	if (taskfile_load(r->folder, name, data, size, len, &why))
		return true;
	r->unsure |= why.code == ERR_INTERNAL;
	return false;
}

static bool ended(struct recovery *r)
{
	char data[8192];
	size_t len;

	if (!load(r, "exit", data, sizeof data, &len) ||
		!taskfile_decode_exit(&r->w->end, data, len, NULL))
		return false;
	r->w->outcome = LOCAL_ENDED;
	r->w->why = local_reason(&r->w->end);
	return true;
}

static bool load_pid(struct recovery *r, struct task_pid *pid)
{
	char data[1024];
	size_t len;

	return load(r, "pid", data, sizeof data, &len) && taskfile_decode_pid(pid, data, len, NULL);
}

static bool linked(struct recovery *r)
{
	struct err why = ERR_INIT;

	if (r->w->hard)
		return false;
	r->w->fd = shimctl_connect(r->w->folder, &why);
	if (r->w->fd < 0) {
		r->unsure |= why.code == ERR_INTERNAL;
		return false;
	}
	r->w->outcome = LOCAL_LINK;
	return true;
}

/* What its launch wrote; false: nothing that can be read. To be released in any case. */
struct old_spec {
	char *data;
	const char **vector;
	struct task_spec spec;
};

static bool old_spec_load(struct recovery *r, struct old_spec *old)
{
	size_t len;

	old->data = mem_alloc(TASKFILE_MAX);
	old->vector = mem_alloc(TASK_VECTOR_MAX * sizeof *old->vector);
	return load(r, "spec", old->data, TASKFILE_MAX, &len) &&
		taskfile_decode_spec(&old->spec, old->data, len, old->vector, TASK_VECTOR_MAX,
			NULL);
}

static void old_spec_release(struct old_spec *old)
{
	explicit_bzero(old->data, TASKFILE_MAX); /* the environment may hold secrets */
	free(old->data);
	free(old->vector);
}

/* Its group, as the spec has it: another daemon may have made it, with other settings. */
static void kill_group(struct recovery *r)
{
	struct old_spec old;

	if (old_spec_load(r, &old))
		local_group_end(old.spec.cgroups);
	old_spec_release(&old);
}

static bool has_secrets(struct recovery *r)
{
	struct old_spec old;
	bool has = old_spec_load(r, &old) && *old.spec.secrets_dir != '\0';

	old_spec_release(&old);
	return has;
}

/*
 * Everything of the task, its shim too where that still lives: by /proc, and by its group what has
 * left the session and wiped its environment.
 */
static void kill_all(struct recovery *r, const struct task_pid *pid)
{
	int64_t deadline = time_mono_ms() + LOCAL_RECOVER_MS;

	while (proctree_kill_task(pid, r->w->marker) > 0 && time_mono_ms() < deadline)
		wait_a_moment(AGAIN_MS);
	kill_group(r);
}

/* Wall time of the last thing that the task is known to have done. */
static int64_t last_sign(struct recovery *r)
{
	static const char *const names[] = {"log", "log/index", "pid", "spec"};
	int64_t last = 0;
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (fstatat(r->folder, names[i], &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		int64_t ms = st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;

		last = ms > last ? ms : last;
	}
	return last;
}

static int64_t spec_time(struct recovery *r)
{
	struct stat st;

	return fstatat(r->folder, "spec", &st, AT_SYMLINK_NOFOLLOW) < 0
		? 0
		: st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
}

/* What the dead shim held of the output is gone: nobody knows how much, so the record says 0. */
static void record_gap(int log, uint64_t at, int64_t now)
{
	uint64_t words[3] = {htole64(at), 0, htole64((uint64_t)now)};
	int fd = openat(log, "gaps", O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return;
	fsio_write_all(fd, words, sizeof words);
	close(fd);
}

/*
 * The record that the shim could not write, so that this folder is final from now on. A failure to
 * write it is no failure of the recovery: the next start of the daemon finds the same and tries.
 */
static void write_exit(struct recovery *r)
{
	char data[4096];
	size_t len = taskfile_encode_exit(data, sizeof data, &r->w->end);

	if (len > 0 && taskfile_write_aside(r->folder, "exit", data, len, true, NULL))
		taskfile_rename(r->folder, "exit", true, NULL);
}

static void conclude(struct recovery *r, enum work_reason why, const char *message, int64_t end_ms)
{
	struct local_work *w = r->w;
	int log = openat(r->folder, "log", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool known = log >= 0 || local_segments_missing(errno);

	w->outcome = LOCAL_ENDED;
	w->why = why;
	w->end = (struct task_exit){.end = TASK_END_SIGNAL,
		.signal = SIGKILL,
		.finish_code = -1,
		.start_ms = spec_time(r),
		.end_ms = end_ms};
	snprintf(w->end.message, sizeof w->end.message, "%s", message);
	if (log >= 0) {
		known = local_segments_end(log, &w->end.log_bytes, NULL);
		w->gap = why == REASON_SUPERVISOR_LOST;
		if (w->gap)
			record_gap(log, w->end.log_bytes, end_ms);
		close(log);
	}
	/* A record with a guessed end would cut the log for good. */
	if (known)
		write_exit(r);
}

static void rebooted(struct recovery *r)
{
	/* Bytes that were read before the power went may not have reached the disk. */
	if (symlinkat("1", r->folder, "generation") < 0 && errno != EEXIST)
		r->w->gap = true;
	conclude(r, REASON_NODE_REBOOTED, "the machine was restarted while the task ran",
		last_sign(r));
}

static void never_began(struct local_work *w)
{
	if (w->began)
		local_failed(w, REASON_SUPERVISOR_LOST, "the task's folder is gone");
	else
		local_failed(w, REASON_RETRY, "the platform stopped before the task could start");
}

/* The folder is of this boot: its launch wrote the boot's id there just before the spec. */
static bool of_this_boot(struct recovery *r)
{
	char boot[40] = "";
	ssize_t n = readlinkat(r->folder, "boot", boot, sizeof boot - 1);

	return n > 0 && strcmp(boot, r->w->local->boot_id) == 0;
}

/* The lock is ours, so no shim lives; after the last look for an exit record. `pid` NULL: none. */
static void shim_is_dead(struct recovery *r, const struct task_pid *pid)
{
	if (pid) {
		if (strcmp(pid->boot_id, r->w->local->boot_id)) {
			rebooted(r);
			return;
		}
		kill_all(r, pid);
		conclude(r, REASON_SUPERVISOR_LOST,
			"its supervisor (mltop-shim) died, so the task was ended", time_now_ms());
	} else if (faccessat(r->folder, "spec", F_OK, 0) < 0) {
		never_began(r->w);
	} else if (!of_this_boot(r)) {
		rebooted(r); /* it may have run for the moment that `pid` needs to reach the disk */
	} else if (r->w->stray || atomic_load(&r->w->cancelled)) {
		local_failed(r->w, REASON_CANCELLED, "stopped before it started");
		r->w->end.end = TASK_END_STOPPED;
	} else if (has_secrets(r)) {
		/* Their values died with the daemon: they are asked for anew. */
		local_failed(r->w, REASON_RETRY,
			"the platform stopped before the task could start");
	} else {
		flock(r->folder, LOCK_UN); /* the shim will want it */
		local_spawn(r->w);
	}
}

/* The loop asks again, after a pause, for as long as it takes: it may want to close meanwhile. */
static bool unsure(struct recovery *r)
{
	wait_a_moment(UNSURE_MS);
	r->w->outcome = LOCAL_UNSURE;
	return true;
}

/* One look; false: look again in a moment. */
static bool look(struct recovery *r)
{
	struct task_pid pid;
	bool locked, known;

	if (ended(r) || linked(r))
		return true;
	locked = flock(r->folder, LOCK_EX | LOCK_NB) == 0;
	if (locked && ended(r)) /* it may have been written since the first look */
		return true;
	known = load_pid(r, &pid);
	if (r->unsure)
		return unsure(r);
	if (locked) {
		shim_is_dead(r, known ? &pid : NULL);
		return true;
	}
	/* It starts, or is writing its record, or hangs. */
	if (known && time_mono_ms() >= r->deadline)
		kill_all(r, &pid);
	if (time_mono_ms() < r->deadline + LOCAL_RECOVER_MS)
		return false;
	local_failed(r->w, REASON_SUPERVISOR_LOST,
		"the task's folder is locked by a process that "
		"does not answer and could not be ended; look for mltop-shim in the process list");
	return true;
}

static void stray_stop(struct recovery *r)
{
	struct shimctl_message kill_it = {.type = SHIMCTL_KILL};
	struct shimctl_message answer;
	struct task_pid pid;
	int fd = shimctl_connect(r->w->folder, NULL);
	int64_t deadline = time_mono_ms() + LOCAL_RECOVER_MS;

	if (fd >= 0 && shimctl_send(fd, &kill_it, NULL)) {
		int got = 0;

		while (got >= 0 && time_mono_ms() < deadline) {
			struct pollfd p = {.fd = fd, .events = POLLIN};

			poll(&p, 1, AGAIN_MS);
			got = shimctl_receive(fd, &answer, NULL);
		}
	}
	if (fd >= 0)
		close(fd);
	if (load_pid(r, &pid))
		kill_all(r, &pid);
}

/* A folder that the store does not know: its task is ended and the attempt removed. */
static void stray(struct recovery *r)
{
	char *up = mem_strdup(r->w->folder);

	stray_stop(r);
	fsio_remove_tree(r->w->folder, NULL);
	/* The task's folder and the job's, when nothing else is in them. */
	for (int i = 0; i < 2; i++) {
		*strrchr(up, '/') = '\0';
		if (rmdir(up) < 0)
			break;
	}
	free(up);
	local_failed(r->w, REASON_CANCELLED, "not known to the platform");
}

static void recover_in(struct recovery *r)
{
	if (!r->w->stray) {
		while (!look(r))
			wait_a_moment(AGAIN_MS);
	} else if (!ended(r)) { /* it may have been a finished one all along */
		if (r->unsure)
			unsure(r);
		else
			stray(r);
	}
}

void local_recover(struct local_work *w)
{
	struct recovery r = {.w = w, .deadline = time_mono_ms()};

	if (!w->hard)
		r.deadline += LOCAL_RECOVER_MS;
	r.folder = open(w->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (r.folder >= 0) {
		recover_in(&r);
		close(r.folder);
	} else if (local_segments_missing(errno)) {
		never_began(w);
	} else {
		unsure(&r);
	}
	local_work_ended(w);
}
