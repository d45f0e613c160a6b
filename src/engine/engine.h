/*
 * What runs the work: one table that every engine fills. All calls and all callbacks happen on the
 * loop thread; nothing here blocks (an engine moves fsyncs and unpacking to libuv's pool).
 *
 * A task is (job uid, task name, attempt). An engine never retries and never decides: the
 * daemon's reconciler asks plan() and tells it. Ownership: arguments are borrowed for the call;
 * an engine copies what it keeps.
 */
#ifndef MLTOP_ENGINE_ENGINE_H
#define MLTOP_ENGINE_ENGINE_H

#include "base/err.h"
#include "base/taskfile.h"
#include "base/tasksecret.h"
#include "core/kinds/workload.h"
#include "core/wire/logs.h"
#include "core/plan/plan.h"
#include "engine/gpus.h"
#include "engine/outputs.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct turns;  /* io/turns.h */
struct engine; /* each engine's own struct begins with struct engine */

struct task_ref {
	const char *uid, *task;
	int attempt;
};

/* Without a word of its owner a task has this long between TERM and KILL. */
enum { TASK_GRACE_MS = 10000 };

/*
 * What a task runs, whatever kind of object owns it: a command, or a module of its package. Texts
 * are NULL or "" where there is nothing to say.
 */
struct task_program {
	const char *name, *org_name;        /* the owner's and its org's: the task is told */
	const char *module_name, *job_args; /* python3 -m NAME, arguments as a shell splits them */
	struct strings command;             /* where there is no module */
	struct labels env;                  /* secrets in the clear */
	const char *work_dir;               /* "": the package's, or a new folder of its own */
	const char *prepare_command, *finish_command;
	const char *docker_image, *docker_command;
	const char *interpreter; /* path of the Python to take instead of PATH's python3 */
	struct mcpu cpu_limit;   /* 0: none given, here and below */
	struct bytes memory_limit;
	struct ms max_runtime, stop_grace;
	int umask; /* -1: none given */
};
#define TASK_PROGRAM_INIT .stop_grace = {TASK_GRACE_MS}, .umask = -1
struct strings strings_copy(struct arena *a, const struct strings *from); /* texts in `a` */
/* A copy whose texts are in `a`. */
void task_program_copy(struct task_program *to, const struct task_program *from, struct arena *a);

/* Everything needed to start one task. */
struct task_launch {
	struct task_ref ref;
	struct task_program program;
	const char *package_path; /* local file of the unpacked-to-be sdist; NULL: none */
	const char *const *gpus;  /* UUIDs, gpu_count of them */
	size_t gpu_count;
	int run_uid, run_gid;              /* -1: the daemon's own */
	const struct task_secret *secrets; /* in the clear: copied, and wiped once it has them */
	size_t secret_count;
};

struct task_sample {
	double cpu_percent; /* of one CPU; NAN unknown */
	int64_t memory;     /* bytes; -1 unknown */
	double gpu_util;    /* percent; NAN unknown */
};

/* How a task did at a moment of its past. */
struct task_past {
	int64_t at; /* wall ms */
	struct task_sample used;
	double percent, loss; /* of its training */
};

/* A question about a log: bytes from `offset` on, or with `size` 0 where it stands (LOG_BEGUN). */
struct log_ask {
	uint64_t offset;
	void *out; /* not touched any more once log_ask has returned */
	size_t size;
	/* On the loop, once; `bytes` are the engine's and good until it returns. */
	void (*answered)(struct log_ask *ask, enum log_step step, const void *bytes);
	void *ctx;    /* the asker's */
	void *engine; /* the engine's own until it has answered */
	/* The answer. */
	size_t len;             /* LOG_BYTES; at most `size` */
	struct log_gap gap;     /* LOG_GAP */
	struct log_range range; /* LOG_BEGUN */
	struct err e;           /* LOG_NONE, LOG_NOT_NOW */
};

/* Called by the engine; `ctx` is the daemon's. */
struct engine_events {
	void *ctx;
	/* The task runs; when. Also for each running task found at start (adopted). */
	void (*started)(void *ctx, const struct task_ref *ref, int64_t start_ms);
	/* It ended, or never could start; `why` refines end (SupervisorLost, PackageUnpack ...).
	 * REASON_RETRY: the daemon died before the launch, nothing of it ran: it is always tried
	 * again, and the attempt need not be counted. */
	void (*ended)(void *ctx, const struct task_ref *ref, const struct task_exit *end,
		enum work_reason why);
	void (*log_grew)(void *ctx, const struct task_ref *ref);
	void (*sampled)(void *ctx, const struct task_ref *ref, const struct task_sample *s);
	/* Something a person should see in the job's events. */
	void (*note)(void *ctx, const struct task_ref *ref, bool warning, const char *reason,
		const char *message);
	/* Capacity changed (GPU lost or back): plan again. */
	void (*machine_changed)(void *ctx);
	/* The engine sees anew how its machines and GPUs do. */
	void (*machine_sampled)(void *ctx);
	/* The owner of the task that holds that GPU: its uid, borrowed; NULL: nobody does. */
	const char *(*gpu_holder)(void *ctx, const char *uuid);
	/* False: that job is deleted for certain. Asked after adopt() of every folder there is, for a
	 * daemon may die between a deletion's commit and forget(). NULL: no folder is removed. */
	bool (*known)(void *ctx, const char *uid);
};

struct engine_config {
	struct uv_loop_s *loop; /* uv_loop_t, of uv.h */
	struct turns *turns;   /* of the loop: for what takes long; borrowed, outlives the engine */
	const char *state_dir; /* the platform's; tasks/ is below it */
	const char *shim_path; /* mltop-shim */
	bool shared;           /* several people: work_dir refused, output and packages guarded */
	const void *settings;  /* the engine's own: struct local_settings, struct fake_settings */
	struct engine_events events;
};

struct engine_ops {
	const char *name;     /* "local" */
	const char *enforces; /* word for limits_enforced, where the opened engine has no other */
	bool (*open)(struct engine **out, const struct engine_config *config, struct err *e);
	/* Detaches; tasks go on. Frees the engine when its handles are closed, then calls done. */
	void (*close)(struct engine *en, void (*done)(void *ctx), void *ctx);
	void (*machine)(struct engine *en,
		struct plan_cluster *out); /* borrowed until machine_changed */
	/* How its machines and GPUs do. NULL: it cannot say. */
	void (*sight)(struct engine *en, struct engine_sight *out);
	/* Those that the store believes to be live: reports started/ended for each; called once before
	 * start. Tasks unknown here are stopped. */
	void (*adopt)(struct engine *en, const struct task_ref *known, size_t count);
	/* Before it is accepted: can this engine run it as it is (work_dir, image, env)? */
	bool (*check)(struct engine *en, const struct task_program *program, struct err *e);
	void (*start)(struct engine *en, const struct task_launch *launch);
	void (*stop)(struct engine *en, const struct task_ref *ref, int64_t grace_ms);
	/* Removes what is left of a job of that org (NULL: not known any more): folders, logs, outputs.
	 * Only after all its tasks ended. */
	void (*forget)(struct engine *en, const char *uid, const char *org_name);
	const struct engine_outputs *outputs; /* NULL: it keeps none */
	/*
	 * What the engine knows of a job from before the daemon looked: at most `most` moments of it,
	 * oldest first; how many. NULL: it knows nothing.
	 */
	size_t (*past)(struct engine *en, const char *uid, struct task_past *out, size_t most);
	/* Answers before it returns, with bytes in ask->out; or LOG_COMING, and ask->answered is called
	 * later. Never LOG_BEGUN to who asks for bytes. */
	enum log_step (
		*log_ask)(struct engine *en, const struct task_ref *ref, struct log_ask *ask);
	/* Not wanted any more: `answered` will not be called. NULL: all is answered at once. */
	void (*log_cancel)(struct engine *en, struct log_ask *ask);
};

/* Something that keeps orgs apart, or does not, and as a sentence how or why not. */
struct engine_guard {
	const char *name; /* "loopback" */
	bool holds;
	const char *text;
};

struct engine {
	const struct engine_ops *ops;
	const char *enforces; /* the word for limits_enforced here; NULL: that of ops */
	const struct engine_guard *guards; /* of a platform that several orgs share */
	size_t guard_count;
	/* Ports of an org's tasks are open to those of others, and nobody said that this may be. */
	bool shares_loopback;
	const char *
		notice; /* a sentence about this machine for the daemon's log at its start, or NULL */
};

/* May a task of this org hold a port that others must not reach? False: the sentence says why not. */
bool engine_may_listen(const struct engine *en, struct err *e);
/*
 * What connections of ours to a port of that user's tasks carry (SO_MARK): one that a task of another
 * org took meanwhile does not answer them. 0: tasks are of our own user.
 */
uint32_t engine_mark(int64_t run_uid);

#endif
