/*
 * mltop-shim FOLDER [--ready-fd N [--secrets-fd N]]: supervises one task, in one process without threads, and
 * outlives the daemon that started it. It allocates nothing after its start; all it knows is in one
 * `struct shim`.
 *
 * Start. The first process forks and exits; the second becomes leader of a new session, in which all
 * of the task runs (base/proctree.h finds it there), and subreaper of everything the task starts.
 * It holds nothing of the daemon: descriptors are closed but for the folder, the ready pipe and the task's secrets.
 * The first step is forked and held at a gate; when `pid` names it and ctl.sock listens, "ok\n" goes
 * to the ready pipe, and only then the gate opens. So after "ok" the record of the task's end is
 * promised, and before it nothing of the task has run; a program that cannot be executed is told by
 * the exit record (end=start), not here. Any other line on the ready pipe is one sentence about
 * what failed, and there is no task.
 *
 * Life. RUN: the steps (prepare, main, finish) one after the other. LINGER: the last step ended;
 * what it left behind may write to its end of the log pipe for 5 s. TERM, KILL: what is left of the
 * tree is ended. DONE: the exit record can be written.
 *
 * MLTOP_SHIM_CRASH=POINT in the shim's own environment (which the task does not get) makes it kill
 * itself there, for the fault tests: after-pid, after-exec, mid-log, before-exit-record,
 * after-exit-tmp. It is always compiled in, so that the tests try the program that is shipped.
 */
#ifndef MLTOP_SHIM_SHIM_H
#define MLTOP_SHIM_SHIM_H

#include "base/err.h"
#include "base/proctree.h"
#include "base/shimctl.h"
#include "base/taskfile.h"
#include "tasklog.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

enum step { STEP_PREPARE, STEP_MAIN, STEP_FINISH };
enum phase { PHASE_RUN, PHASE_LINGER, PHASE_TERM, PHASE_KILL, PHASE_DONE };

#define NEVER INT64_MAX

struct control_client {
	int fd;                   /* -1: free place */
	bool subscribed, waiting; /* waiting: a log event is not acked yet */
	int hellos;               /* not answered yet: nothing of the task runs */
	uint64_t sent;
};

struct shim {
	int record;          /* of the exit, not yet in place: room kept for it; -1: none */
	int secrets;         /* the daemon's, base/tasksecret.h; -1: none */
	int folder, ready;   /* ready: -1 when the handshake is over */
	int signals, output; /* signalfd; read end of the log pipe, -1 after its end */
	int output_write;   /* its write end, kept for the steps to come; -1 after the last began */
	struct rlimit core; /* the limit we were started with, for the task */

	struct task_spec spec;
	struct task_pid pid;
	struct task_exit end;
	int64_t began; /* monotonic ms, of end.start_ms */

	enum phase phase;
	enum step step;
	int child, gate;   /* the running step, 0 between steps; its gate, see child.c */
	bool begun;        /* the program of the first step was executed */
	bool stopping;     /* no further step but finish */
	bool hard;         /* killed: no finish either */
	bool childless;    /* nothing of the task is alive */
	enum task_end why; /* while stopping */
	/* Monotonic ms at which something is due, NEVER if it is not. */
	int64_t kill_at, runtime_at, phase_at, give_up_at, memory_at;
	bool memory_held; /* the kernel holds the memory limit: memory_at looks whether it had to */

	struct tasklog log;
	bool pipe_grown;
	struct proctree_meter meter;
	int64_t oom_kills; /* in its control group, as of the last look */
	int64_t memory,
		memory_peak; /* bytes at the last look, shared pages once; the most of them */

	int listener;
	struct control_client clients[SHIMCTL_CLIENTS];
};

/* say.c */
bool shim_crashes_at(const char *point);
void shim_crash_at(const char *point);
void shim_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Adds a sentence to the exit record's message. */
void shim_note(struct shim *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* child.c: one step's process, held at its gate until child_go. */
bool child_start(struct shim *s, const char *const *argv, struct err *e);
void child_go(struct shim *s);
/* The gate while it is not known whether the first step's program runs; -1 afterwards. */
int child_starting(const struct shim *s);
/* Looks whether it runs by now, and says so in s->begun. */
void child_look(struct shim *s);
/* After its end: true when it never became the program; errno and the sentence why. */
bool child_failure(struct shim *s, int *number, char *text, size_t size);
/* The environment of the steps: the spec's and the marker. */
bool child_environment(const struct task_spec *spec, struct err *e);

/* steps.c: what runs next, and what its end means. */
bool steps_begin(struct shim *s, struct err *e);
void steps_ended(struct shim *s, int status);
/* Ends the task: TERM now, KILL after the grace; `why` is what the exit record will say. */
void steps_stop(struct shim *s, enum task_end why, int64_t grace_ms);
void steps_kill(struct shim *s, enum task_end why, bool hard);

/* tree.c: everything below the shim, and in its control group. */
void tree_kill(const struct shim *s);
size_t tree_end(struct shim *s, int signal);      /* returns how many were there, and notes it */
struct proctree_usage tree_usage(struct shim *s); /* notes s->memory as well */
void tree_memory(struct shim *s);                 /* s->memory exactly, as of that usage; slow */

/* group.c: the control group, all of it nothing where there is none. */
enum group_memory {
	GROUP_MEMORY_NONE,  /* it does not hold the limit */
	GROUP_MEMORY_ONE,   /* one process is ended when there is no more */
	GROUP_MEMORY_WHOLE, /* all are */
};
enum group_memory group_memory(const struct shim *s);
/* Has the kernel ended something of the task for want of memory since the last look? */
bool group_oom(struct shim *s);
void group_note_oom(struct shim *s);
void group_note_refused(struct shim *s); /* processes that the limit refused, if any */
void group_kill(const struct shim *s);
void group_end(struct shim *s); /* removes it: nothing is in it any more */

/* secret.c: in a step's process, before it becomes the task's user; errno. */
bool secret_give(const struct shim *s, const char **environment, size_t max);
void secret_end(const struct shim *s); /* what is not gone with the task by itself */

/* control.c */
void control_accept(struct shim *s);
void control_read(struct shim *s, struct control_client *client);
void control_hello(struct shim *s); /* answers those who wait for the task to begin */
void control_log_grew(struct shim *s);
void control_exit(struct shim *s);

/* loop.c: returns when the exit record is written, or cannot be for good. */
void loop_run(struct shim *s);
/* outcome.c */
bool outcome_write_pid(struct shim *s, struct err *e);
/* Takes the room for the exit record ahead, so that a disk that fills meanwhile has it. */
void outcome_reserve(struct shim *s);
/* True when it is written, or the task's folder is gone; false: a full disk, say, so try again. */
bool outcome_write_exit(struct shim *s);

#endif
