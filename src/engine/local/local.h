/*
 * The local engine: tasks of this machine, each under a mltop-shim that outlives the daemon.
 * Private to this folder.
 *
 * Threads. The table of tasks and every callback belong to the loop thread. What may wait (folders,
 * fsync, unpacking, starting a shim, killing what a dead one left, walking /proc) runs in libuv's
 * pool on a `struct local_work` that owns copies of all it needs; its result is looked at on the
 * loop. What takes long there (unpacking, removals) has its turn first (io/turns.h). A task has at
 * most one work at a time, so nothing is started twice.
 *
 * Life of a task here: QUEUED -> WORKING (launched or recovered in the pool) -> LINKED (its shim's
 * socket is open) -> gone. A link that ends without word of an exit goes back to WORKING, where the
 * task is recovered: its exit record is read, its shim found again, or what is left of it killed.
 */
#ifndef MLTOP_ENGINE_LOCAL_H
#define MLTOP_ENGINE_LOCAL_H

#include "base/arena.h"
#include "base/map.h"
#include "base/proctree.h"
#include "base/shimctl.h"
#include "base/vec.h"
#include "engine/local/engine_local.h"
#include "engine/local/groups.h"
#include "engine/local/log.h"
#include "io/turns.h"

#include <sched.h>
#include <stdatomic.h>
#include <uv.h>

enum {
	LOCAL_WORKS_MAX = 16, /* launches in flight; the rest wait in order */
	LOCAL_ACK_MS = 4,     /* `log` events of one task come at most this often */
	LOCAL_HANDSHAKE_MS = 10000,
	LOCAL_RECOVER_MS =
		10000, /* a shim that holds its folder but does not answer gets this long */
	LOCAL_SEGMENT = 16 << 20,
};

struct local;

enum local_state { LOCAL_QUEUED, LOCAL_WORKING, LOCAL_LINKED };

struct local_task {
	struct local *local;
	char *key; /* "<uid>/<task>/<attempt>": the map's key, the marker and the folder below tasks/ */
	char *uid, *task;
	struct task_ref ref; /* into the texts above */
	enum local_state state;
	struct local_work *work; /* QUEUED, WORKING */
	bool stray;              /* not known to the store: stopped, told to nobody */
	bool fresh;              /* launched by us: `started` is told even if it has ended by now */
	bool started;            /* told */
	bool stop_wanted, stop_sent;
	int64_t grace_ms;

	/* LINKED */
	struct local_link *link;
	int relinks; /* times it was found again without a word from its shim since */
	int shim_pid;
	uint64_t log_end;
	bool log_paused;    /* told that output is not kept, for want of space */
	uint64_t acked_at;  /* loop time of the last ack */
	bool ack_due;       /* its next `log` is held back until the ack timer */
	int64_t cpu_ms;     /* at the last sample; -1: none yet */
	int64_t sampled_at; /* monotonic ms */
	struct proctree_meter meter;
	cpu_set_t cores; /* that it is bound to; none: to no fewer than we are */
};

/* How many tasks are bound to each processor that we may use. */
struct local_cores {
	cpu_set_t all;
	int tasks[CPU_SETSIZE];
};

enum local_outcome {
	LOCAL_LINK,   /* fd is connected to its shim */
	LOCAL_ENDED,  /* end and why say how */
	LOCAL_UNSURE, /* what tells could not be read for want of descriptors, say: ask again */
};

/* One task's errand in the pool. */
struct local_work {
	uv_work_t req;
	struct turn turn; /* of a launch that unpacks, in place of `req` */
	struct local *local;
	struct local_task *task;
	atomic_bool cancelled; /* set by the loop: do not start what has not started */
	/* In: copies. */
	struct arena arena;
	char *folder, *marker;
	bool recover; /* else launch */
	bool began;   /* recover: it is known to have run */
	bool hard;    /* recover: its shim answers, but makes no sense: end it */
	bool stray;
	struct task_program program; /* launch only */
	const char *package;
	const char *root; /* of the package's modules, below work/; NULL: no package */
	const char *const *gpus;
	size_t gpu_count;
	bool amd; /* they are AMD's */
	int run_uid, run_gid;
	struct err refused; /* launch: why it is not even tried */
	char *secrets;      /* as base/tasksecret.h has them; wiped when it is freed */
	size_t secrets_len;
	const char *cores; /* that it is bound to, as "0,3"; "": any */
	/* Out. */
	enum local_outcome outcome;
	int fd;
	struct task_exit end;
	enum work_reason why;
	bool gap; /* output that the dead shim held is gone */
};

/* What may run in which images, and how (image.c); as settings.h has them. */
struct local_images {
	struct strings allow, podman, options;
	int64_t pull_limit_ms;
};

struct local {
	struct engine base;
	struct local_images images;
	uv_loop_t *loop;
	struct turns *turns;
	char *state_dir, *tasks_dir, *shim_path;
	char *tasks_real; /* the same without links; NULL: not to be had */
	dev_t tasks_dev;  /* which folder that is, whatever stands at its path later */
	ino_t tasks_ino;
	char node_name[256];
	char boot_id[40];
	bool shared;
	char *path;               /* PATH of tasks of other users */
	int max_processes;        /* of each such user; 0: any number */
	bool hides_processes;     /* from them those of others */
	enum local_limits limits; /* how they are held; never AUTO */
	/* What keeps orgs apart here, and the sentence where it is not one of ours. */
	bool owns_files, closes_sockets, closes_loopback;
	struct engine_guard guards[8];
	char loopback_text[400];
	uv_mutex_t users_lock;
	VEC(int) users;             /* whose connections the rules tell apart; under the lock */
	struct local_groups groups; /* none unless LOCAL_LIMITS_CGROUP */
	struct local_cores cores;
	char id[64];       /* of this platform among those of the machine */
	char notice[2048]; /* what base.notice is */
	bool idle;         /* no task was left when it was closed */
	int64_t log_limit, log_reserve, sample_ms;
	struct engine_events events;
	struct plan_node machine;
	struct local_gpus *gpus;
	struct arena arena;     /* environ */
	struct strings environ; /* KEY=VALUE of the daemon's that tasks get */

	struct map tasks; /* struct local_task by key; owns them */
	VEC(struct local_task *) queue;
	size_t queue_at;  /* those before it have left */
	size_t launching; /* launches in the pool */
	size_t linked;    /* tasks whose shim we talk to */
	size_t pending;   /* works and handles that must end before the engine is freed */
	struct local_logs logs;

	uv_timer_t ack_timer, sample_timer;
	bool sampling; /* a sample is being taken in the pool */
	bool closing;
	void (*closed)(void *ctx);
	void *closed_ctx;
};

/* Are we to end? Then what is given up is nobody's news: the next start finds how things are. */
bool local_ending(const struct local *l);
/* hold.c: another pending thing began or ended; frees the engine after the last when closing. */
void local_hold(struct local *l);
void local_drop(struct local *l);

/* machine.c */
int64_t local_cpus(void);   /* this process may run on */
int64_t local_memory(void); /* bytes, the cgroup's limit where it is lower */
/* At most a quarter of what the machine can have at once; `wanted` 0: no limit. */
int local_processes(int64_t wanted);
/* Adds to base.notice: `what` with `why` behind it. */
void local_notice(struct local *l, const char *what, const char *why);
/* Bytes that stay free on the disk of `dir`: what is wanted, a fiftieth of it at most. */
int64_t local_reserve(const char *dir, int64_t wanted);

/* isolation.c */
void local_isolation_find(struct local *l, const struct local_settings *set);
/* In the pool, before a task of that user runs. */
bool local_isolation_know(struct local *l, int uid, struct err *e);
/* `idle`: no task goes on without us. */
void local_isolation_end(struct local *l, bool idle);

/* secrets.c: into the work; false: one of them cannot be had. Descriptor for the shim; -1: none. */
bool local_secrets_take(struct local_work *w, const struct task_launch *launch, struct err *e);
bool local_secrets_pass(const struct local_work *w, int *fd, struct err *e);
void local_secrets_free(struct local_work *w);
/* Where they will be, "" where there are none; in the work's arena. Made where the task cannot. */
const char *local_secrets_dir(struct local_work *w);
bool local_secrets_make(struct local_work *w, struct err *e);
/* What a shim could not remove. */
void local_secrets_end(struct local_work *w);

/* cores.c */
void local_cores_find(struct local_cores *c);
/* Binds a task to so many of them, by numbers; false: it may have all. */
bool local_cores_take(struct local_cores *c, int64_t wanted, cpu_set_t *out);
/* Of a task found running: those that its process is bound to. */
void local_cores_adopt(struct local_cores *c, int pid, cpu_set_t *out);
void local_cores_give_back(struct local_cores *c, cpu_set_t *set);
const char *local_cores_text(const cpu_set_t *set, struct arena *a);

/* task.c */
struct local_task *local_task_new(struct local *l, const struct task_ref *ref);
struct local_task *local_task_find(struct local *l, const struct task_ref *ref);
char *local_key(const struct task_ref *ref); /* the caller frees */
/* Takes it out of the table, closes its link, tells `ended`, frees it. */
void local_task_end(struct local_task *t, const struct task_exit *end, enum work_reason why);
void local_task_free(struct local_task *t); /* already out of the table, not linked */
enum work_reason local_reason(const struct task_exit *end);
/* A work of this task, with folder and marker filled. */
struct local_work *local_work_new(struct local_task *t, bool recover);
/* Sends it to the pool (launches: when their turn comes). */
void local_work_submit(struct local_work *w);
/* A launch that waits for its turn waits no more, and the engine forgets it. */
void local_work_withdraw(struct local_work *w);
/* Takes a queued launch to the pool at once: it was cancelled, so it will not take long. */
void local_queue_skip(struct local_task *t);

/* spec.c, in the pool. Finds the root in the unpacked package at `dir`, which is ours still. */
bool local_spec_root(struct local_work *w, const char *dir, struct err *e);
/* What the spec will hold; texts in the work's arena. */
bool local_spec_build(struct local_work *w, struct task_spec *spec, struct err *e);

/* image.c */
void local_images_open(struct local *l, const struct local_settings *set);
/* May a program that names an image, or a command for one, run here? */
bool local_image_check(const struct local *l, const struct task_program *p, struct err *e);
/* Where it names one, its argv becomes the one that runs it there. `work`: its code; NULL: none. */
bool local_image_wrap(struct local_work *w, struct task_spec *spec, const char *output,
	const char *work, struct err *e);

/* launch.c, in the pool */
void local_launch(struct local_work *w);
/* Starts a shim on a folder that holds a spec, and connects to it. Fills the work's outcome. */
void local_spawn(struct local_work *w);
void local_failed(struct local_work *w, enum work_reason why, const char *message);

/* In the pool, last: of what has ended or never ran no group is left. */
void local_work_ended(struct local_work *w);

/* recover.c, in the pool: how does this task stand? Fills the work's outcome. */
void local_recover(struct local_work *w);

void local_forget(struct engine *en, const char *uid, const char *org_name);
/* Removes the tree in turn of that org; NULL: of the platform. Takes the path. */
void local_remove(struct local *l, char *path, const char *org_name);

/* adopt.c */
void local_adopt(struct engine *en, const struct task_ref *known, size_t count);

/* link.c: the socket of a shim, on the loop. Takes the descriptor. False: it cannot be watched now. */
bool local_link_open(struct local_task *t, int fd);
void local_link_close(struct local_task *t); /* the shim goes on */
void local_link_stop(struct local_task *t);  /* sends the stop that is wanted */

/*
 * gpus.c: what the drivers say, in the words of plan and engine. Fills in l->machine's GPUs; a pending
 * thing of the engine until it is closed.
 */
struct local_settings;
void local_gpus_open(struct local *l, const struct local_settings *set);
void local_gpus_close(struct local *l);
void local_gpus_free(struct local_gpus *g); /* NULL is fine */
void local_sight(struct engine *en, struct engine_sight *out);
/* Are those GPUs AMD's? */
bool local_gpus_amd(const struct local *l, const char *const *gpus, size_t count);

/* sample.c: the timer runs while a task is linked. */
void local_sample_update(struct local *l);

#endif
