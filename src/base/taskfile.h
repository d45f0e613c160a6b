/*
 * The files in a task's folder that daemon and shim share: versioned
 * records of NUL-separated `key=value` items (the shim must not need JSON), written whole and
 * renamed into place. Unknown keys are kept out of the way (ignored), so that an older shim and a
 * newer daemon understand each other; a higher `version` major is refused.
 *
 *   folder  <state>/tasks/<uid>/<task>/<attempt>/            mode 0700
 *   spec    what to run                      written by the daemon before the shim starts, fsynced
 *   pid     shim and child pid, start times (field 22 of /proc/PID/stat), boot id    by the shim
 *   exit    how it ended                                                             by the shim
 *   ctl.sock                                 control socket of the shim (base/shimctl.h)
 *   shim.log                                 what the shim itself has to say; removed when empty
 *   log/NNNNNNNNNNNNNNNNNNNN                 segments named by first offset, 20 decimal digits
 *   log/index                                {u64 time_ms, u64 offset} little endian: one a second or 64 KiB
 *   log/gaps                                 {u64 offset, u64 lost, u64 time_ms} little endian
 *
 * Offsets count every byte the task wrote: bytes lost to a full disk move the offset on, so a gap
 * is always a hole between two segments, and one record of log/gaps says when and how wide. Bytes
 * dropped by `log_limit` have a record as well. A last record or index entry shorter than its size
 * is not yet written. The shim holds flock(2) on the folder for as long as it lives.
 *
 * `pid` is in place before the first instruction of the task runs, and is rewritten when the next
 * step (prepare, main, finish) starts. It is not fsynced: it outlives any process at once, and a
 * power loss that could take it ends the task as well. So of a folder with a spec, without `exit`,
 * whose flock is free: no `pid` and a spec younger than this boot means that the task never ran;
 * a spec older than this boot, that it may have run until then.
 */
#ifndef MLTOP_BASE_TASKFILE_H
#define MLTOP_BASE_TASKFILE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	TASKFILE_VERSION = 1,
	TASKFILE_MAX = 1 << 20, /* bytes of any one record */
	TASK_ARGS_MAX = 4096,   /* argv and env each */
	TASK_VECTOR_MAX = 2 * TASK_ARGS_MAX +
		64, /* what a decoder's `vector` never needs more than */
	TASK_CGROUPS_MAX = 16,
};

/* Every process of a task has this in its environment, `<uid>/<task>/<attempt>`: the shim adds it. */
#define TASK_MARKER "MLTOP_TASK"
enum { TASK_MARKER_MAX = 256 };

/* What to run. Strings point into the decoded bytes, or belong to whoever filled it. */
struct task_spec {
	const char *uid, *task; /* job uid and task name: for messages and the process title */
	int attempt;
	const char *const
		*argv; /* NULL-ended; a bare argv[0] is looked up by the shim, as the task's user */
	const char *const *env;     /* NULL-ended KEY=VALUE: exactly what the task gets */
	const char *const *cgroups; /* NULL-ended cgroup.procs files every step joins; NULL: none */
	const char *work_dir;       /* chdir there first; "" is "/" */
	const char *prepare;        /* shell text run before argv ("" none), finish after, always */
	const char *finish;
	int run_uid, run_gid;    /* -1: stay who we are */
	int max_processes;       /* of the user, in all its tasks, threads counted; 0: no limit */
	int hide_processes;      /* 1: a /proc without other users' processes (base/procview.h) */
	const char *own_tmp;     /* folder that is its /tmp (base/taskview.h); "": the machine's */
	const char *own_place;   /* that it lives in, with own_tmp */
	int close_sockets;       /* 1: no abstract socket of others (base/taskview.h) */
	const char *secrets_dir; /* of its secrets (base/tasksecret.h); "": it has none */
	int umask;               /* 077 unless `mltop run` carried the caller's */
	int64_t stop_grace_ms;   /* TERM, then this long, then KILL */
	int64_t max_runtime_ms;  /* 0: none */
	int64_t memory_limit; /* bytes resident of the process tree, shared pages once; 0: none; polled where no group holds it */
	const char *affinity; /* processors that it may run on, as "0,3"; "": as the shim */
	int cpus;             /* OMP_NUM_THREADS is the daemon's business: 0 none */
	int64_t log_limit; /* bytes kept over all segments; 0: none; the oldest is dropped with a gap record */
	int64_t segment_size; /* bytes a segment aims at; at least 4096 */
	int64_t log_reserve;  /* free space that the log leaves on its disk; 0: none */
};

/* How it ended. */
enum task_end {
	TASK_END_EXIT,   /* code is the task's own */
	TASK_END_SIGNAL, /* signal killed it */
	TASK_END_START,  /* execve or chdir failed: `code` is errno, `message` the sentence */
	TASK_END_OOM,    /* the polled memory limit was passed */
	TASK_END_MAX_RUNTIME,
	TASK_END_STOPPED, /* asked to stop; code or signal (one of them, the other 0) say how it went */
};
struct task_exit {
	enum task_end end;
	int code, signal;
	int64_t start_ms, end_ms; /* wall time */
	int64_t ran_ms; /* in between, by a clock that nobody sets; 0: not known, or no time at all */
	int64_t user_ms, system_ms, peak_rss; /* of the tree, as the kernel reports for children */
	uint64_t log_bytes;                   /* the final offset: written, dropped and lost */
	uint64_t log_lost;                    /* bytes counted but not written */
	int finish_code; /* of the finish command, 128+n for a signal; -1: none ran */
	char message[256];
};

/* Who supervises and who runs. Start times are clock ticks since boot; 0 child: not started yet. */
struct task_pid {
	int shim_pid, child_pid;
	uint64_t shim_start, child_start;
	char boot_id[40];
};

/* Encoders append to `out`, at most `size` bytes; return the length or 0 when it does not fit. */
size_t taskfile_encode_spec(char *out, size_t size, const struct task_spec *spec);
size_t taskfile_encode_exit(char *out, size_t size, const struct task_exit *end);
size_t taskfile_encode_pid(char *out, size_t size, const struct task_pid *pid);

/*
 * Decoders; strict about what they know, tolerant of keys they do not. The spec points into
 * `data` (which must end with NUL and live as long) and into `vector`, which holds argv, env and
 * cgroups, each with its NULL (its contents change on failure too).
 */
bool taskfile_decode_spec(struct task_spec *spec, const char *data, size_t len, const char **vector,
	size_t vector_size, struct err *e);
bool taskfile_decode_exit(struct task_exit *end, const char *data, size_t len, struct err *e);
bool taskfile_decode_pid(struct task_pid *pid, const char *data, size_t len, struct err *e);

/* "<uid>/<task>/<attempt>", the value of TASK_MARKER. */
void taskfile_marker(char out[TASK_MARKER_MAX], const char *uid, const char *task, int attempt);

/*
 * Reads file `name` of the open folder into `data`. It must be a regular file (not a link) owned by
 * us or by root, at most `size` bytes: a task that may write to its folder cannot forge one for a
 * daemon that runs as somebody else. ERR_NOT_FOUND when it is absent, or empty: a record that a
 * power loss left without bytes was never there. ERR_INTERNAL when it could not be opened or read
 * now: it may be there.
 */
bool taskfile_load(int folder, const char *name, char *data, size_t size, size_t *len,
	struct err *e);
/*
 * Writes a record aside as `name`.tmp (0600) and, by the second call, moves it into place. With
 * `sync`, the bytes and then the name are on the disk when each returns (one fsync each).
 */
bool taskfile_write_aside(int folder, const char *name, const char *data, size_t len, bool sync,
	struct err *e);
/*
 * The same in two steps, for a record that must find room on a disk that filled meanwhile: `name`.tmp
 * with room for `size` bytes (-1: none could be had), and later the bytes into it, synced, unless
 * something else has the name by then.
 */
int taskfile_reserve(int folder, const char *name, size_t size);
bool taskfile_write_reserved(int folder, const char *name, int fd, const char *data, size_t len);
bool taskfile_rename(int folder, const char *name, bool sync, struct err *e);

/* This machine's boot id and a process's start time; false when it is gone. */
bool taskfile_boot_id(char out[40]);
bool taskfile_start_time(int pid, uint64_t *start);
/* True when pid is alive and is the one that started then (same boot). */
bool taskfile_alive(int pid, uint64_t start, const char *boot_id);

#endif
