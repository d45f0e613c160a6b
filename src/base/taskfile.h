/*
 * The files in a task's folder that daemon and shim share, as decisions.md freezes them: versioned
 * records of NUL-separated `key=value` items (the shim must not need JSON), written whole and
 * renamed into place. Unknown keys are kept out of the way (ignored), so that an older shim and a
 * newer daemon understand each other; a higher `version` major is refused.
 *
 *   folder  <state>/tasks/<uid>/<task>/<attempt>/            mode 0700
 *   spec    what to run                      written by the daemon before the shim starts, fsynced
 *   pid     shim and child pid, start times (field 22 of /proc/PID/stat), boot id    by the shim
 *   exit    how it ended                                                             by the shim
 *   ctl.sock                                 control socket of the shim (see shim/README in ARCHITECTURE.md)
 *   log/NNNNNNNNNNNNNNNNNNNN                 segments named by first offset, 20 decimal digits
 *   log/index                                {u64 time_ms, u64 offset} little endian: one a second or 64 KiB
 *   log/gaps                                 {u64 offset, u64 lost, u64 time_ms} little endian
 */
#ifndef MLTOP_BASE_TASKFILE_H
#define MLTOP_BASE_TASKFILE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TASKFILE_VERSION = 1, TASKFILE_MAX = 1 << 20, TASK_ARGS_MAX = 4096 };

/* What to run. Strings point into the decoded bytes, or belong to whoever filled it. */
struct task_spec {
	const char *uid, *task; /* job uid and task name: for messages and the process title */
	int attempt;
	const char *const *argv; /* NULL-ended vector for execve; argv[0] is looked up by the daemon */
	const char *const *env;  /* NULL-ended KEY=VALUE: exactly what the task gets */
	const char *work_dir;    /* chdir there first */
	const char *prepare;     /* shell text run before argv ("" none), finish after, always */
	const char *finish;
	int run_uid, run_gid;    /* -1: stay who we are */
	int umask;               /* 077 unless `mltop run` carried the caller's */
	int64_t stop_grace_ms;   /* TERM, then this long, then KILL */
	int64_t max_runtime_ms;  /* 0: none */
	int64_t memory_limit;    /* bytes of resident memory of the process tree; 0: none; polled by the shim */
	int cpus;                /* affinity and OMP_NUM_THREADS are the daemon's business: 0 none */
	int64_t log_limit;       /* bytes kept over all segments; 0: none; the oldest is dropped with a gap record */
	int64_t segment_size;    /* bytes a segment aims at */
};

/* How it ended. */
enum task_end {
	TASK_END_EXIT,   /* code is the task's own */
	TASK_END_SIGNAL, /* signal killed it */
	TASK_END_START,  /* execve or chdir failed: `code` is errno, `message` the sentence */
	TASK_END_OOM,    /* the polled memory limit was passed */
	TASK_END_MAX_RUNTIME,
	TASK_END_STOPPED, /* asked to stop; code or signal say how it went */
};
struct task_exit {
	enum task_end end;
	int code, signal;
	int64_t start_ms, end_ms; /* wall time */
	int64_t user_ms, system_ms, peak_rss; /* of the tree, as the kernel reports for children */
	uint64_t log_bytes;       /* total written to the log: the final offset */
	uint64_t log_lost;        /* bytes counted but not written */
	int finish_code;          /* of the finish command; -1: none */
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
 * `data` (which must end with NUL and live as long) and into `vector`, which holds argv and env.
 */
bool taskfile_decode_spec(struct task_spec *spec, const char *data, size_t len,
	const char **vector, size_t vector_size, struct err *e);
bool taskfile_decode_exit(struct task_exit *end, const char *data, size_t len, struct err *e);
bool taskfile_decode_pid(struct task_pid *pid, const char *data, size_t len, struct err *e);

/* This machine's boot id and a process's start time; false when it is gone. */
bool taskfile_boot_id(char out[40]);
bool taskfile_start_time(int pid, uint64_t *start);
/* True when pid is alive and is the one that started then (same boot). */
bool taskfile_alive(int pid, uint64_t start, const char *boot_id);

#endif
