/*
 * What the files of src/work share and what others call of them: jobs in motion, and what is done
 * with them. Loop thread only.
 */
#ifndef MLTOP_WORK_WORK_H
#define MLTOP_WORK_WORK_H

#include "base/ulid.h"
#include "base/vec.h"
#include "core/kinds/event.h"
#include "core/kinds/job.h"
#include "core/kinds/org.h"
#include "core/kinds/quota.h"
#include "core/kinds/task.h"
#include "core/plan/plan.h"
#include "core/text/progress.h"
#include "engine/engine.h"
#include "model/model.h"
#include "work/ages.h"
#include "work/life.h"

struct platform;
struct change;

/* An org as plan() is asked about it. */
struct org_queue {
	size_t waiting;            /* jobs of it in that list */
	uint64_t turn;             /* of planning: what follows is of this one */
	bool met;                  /* a job of it that could start */
	struct plan_limits limits; /* what org.limits points to, when it has a quota */
	struct plan_org org;
	char org_id[];
};

/* Who waits until the end of a job is on the disk; false: it could not be stored. */
struct over_waiter {
	void (*over)(void *ctx, bool ok, const struct err *e);
	void *ctx;
};

/* A job that is not final, or is being deleted. */
struct active {
	struct platform *p;
	char uid[ULID_SIZE];
	struct job *work; /* its row there */
	uint64_t order;   /* of acceptance */
	int64_t priority;
	struct org_queue *queue;
	struct claim claim;
	uint16_t on;               /* the node it is on, as this turn of planning has them */
	struct life_state life;    /* set by active_lives */
	int64_t since, not_before; /* mono ms: it waits since then; back-off of a retry */
	bool dirty;                /* a change of it could not be stored: to be stored anew */
	/* Who wanted it gone, when that could not be stored: the audit record that is due; else NULL. */
	char *wisher;
	bool wisher_going; /* that record is on its way to the disk */
	/* Requests about it that came since it is over: handled once its end is on the disk. */
	VEC(struct over_waiter) waiters;
	char **gpus;
	size_t gpu_count;
	struct task_exit *end; /* it has ended so; its log is being read */
	enum job_reason end_why;
	struct event_fold newest; /* event */
	/* progress of the log */
	struct progress *progress; /* NULL until bytes came */
	struct log_cursor *log;    /* its place in the log */
	uint64_t log_newest;
	bool log_news;                      /* read, and not yet shown */
	void (*log_then)(struct active *a); /* once all there is was read */
	bool log_pending;                   /* in the list of logs with new bytes */
};

/* Who follows a log over plain HTTP. */
struct follower {
	struct follower *next;
	char uid[ULID_SIZE];
	int attempt;
	bool again;              /* its log could not be read: to be woken in a moment */
	void (*wake)(void *ctx); /* there may be more */
	void *ctx;
};

/* ---- Jobs in motion (active.c) ---- */

/* The row in `work` must be there. */
struct active *active_new(struct platform *p, const struct job *j);
void active_free(struct active *a);
void actives_release(struct platform *p);
/* Where it is in its life, and so in which list. */
void active_lives(struct active *a, struct life_state life);
/* The GPUs that it holds: copies. */
void active_gpus(struct active *a, const char *const *gpus, size_t count);
/* Walks all of them, in no order: start with *at = 0. None may come or go meanwhile. */
bool active_next(const struct platform *p, size_t *at, struct active **out);

/* ---- What the model tells of jobs and quotas (rows.c): struct model_watchers ---- */

void work_row_stored(struct platform *p, const struct kind *k, const void *row);
void work_job_settled(struct platform *p, const char *uid, bool last, bool lost);
struct event_fold *work_fold(struct platform *p, const char *uid);

/* ---- What is done with them (reconcile*.c) ---- */

void reconcile_init(struct platform *p);
int64_t reconcile_now(void); /* ms, of spans: when a job waits since, when it may start */
void reconcile_soon(struct platform *p);
void reconcile_adopt(struct platform *p);
extern const struct engine_events reconcile_events;
/* Accepts a checked job: queued in the change. */
void reconcile_accept(struct platform *p, struct change *c, struct job *j);
/* A person wants it gone, or removed as well. It is carried out at once, and stored in the change. */
void reconcile_cancel(struct change *c, struct active *a);
void reconcile_delete(struct change *c, struct active *a);
/*
 * How that went: ok, or not stored. For want of room on the disk it holds all the same, and is stored
 * when there is some: true. Else what was asked for before is all that is wanted.
 */
bool reconcile_wished(struct active *a, bool ok, const struct err *e, const char *who);
/* Waits until it is released; false: it is not waiting, or is wanted gone. */
bool reconcile_hold(struct change *c, struct active *a);
bool reconcile_release(struct change *c, struct active *a);
/* One of the two could not be stored. */
void reconcile_hold_undo(struct active *a);
/* A final job runs again. */
void reconcile_retry(struct platform *p, struct change *c, const struct job *j);
void reconcile_usage(struct platform *p);
/* A change of this job could not be stored. */
void reconcile_not_stored(struct active *a);
/* What is known about an event of a life, as far as it has to do with it. */
struct news {
	const char *node;        /* ON_PLACED */
	const char *const *gpus; /* ON_PLACED: UUIDs */
	size_t gpu_count;
	int64_t start_ms; /* ON_STARTED: wall */
	/* What comes of its end: ON_DROP, ON_START_STORED, ON_LAST, ON_AGAIN, ON_NEVER_BEGAN. */
	unsigned state; /* enum job_state */
	enum job_reason reason;
	const char *message;
	const struct task_exit *end; /* NULL: no attempt has ended by this */
	int64_t delay;               /* ON_AGAIN: ms */
};
/* It happens: the life goes on, and what that means is done (reconcile_task.c). */
void reconcile_event(struct active *a, enum life_event ev, const struct news *n);
/* What is left of its log; then its policy decides what becomes of it. */
void reconcile_read_rest(struct active *a);
/* Why it waits. */
void reconcile_enqueue(struct active *a, enum job_reason reason, const char *message);
/* What of that has to do with an end (reconcile_end.c): another attempt, the same anew, all over. */
void reconcile_again(struct active *a, const struct news *n);
void reconcile_anew(struct active *a, const struct news *n);
void reconcile_over(struct active *a, const struct news *n);
/* Its end is on the disk: it is freed, and who waited for that is told. */
void reconcile_ended(struct active *a);
/* The row of the job's newest attempt, as it is or new. `uid` holds its uid. */
void reconcile_task_of(struct model *m, const struct job *j, struct task *t, char uid[128]);
/* Stores what could not be stored before. */
void reconcile_repair(struct active *a);
/* Queues `j` (a changed copy of the row in work) in state `state` and puts it back. */
void reconcile_move(struct change *c, struct job *j, unsigned state);
/* The engine's nodes, with the GPUs that our jobs hold. */
struct machine_view {
	struct plan_cluster cluster;
	struct plan_node *nodes;
	struct plan_gpu *gpus; /* of all nodes */
};
void reconcile_machine(struct platform *p, struct machine_view *out);
void machine_view_release(struct machine_view *m);
/* Could it ever run here: nodes, quota, engine? ERR_UNPROCESSABLE, the field named. */
bool reconcile_possible(struct platform *p, const struct job *j, struct err *e);

/* ---- Logs, samples, outputs ---- */

void logs_grew(struct platform *p, struct active *a);
/* Reads what is left, shows it, then `then` (NULL is fine): at once unless the engine answers later. */
void logs_read(struct active *a, void (*then)(struct active *a));
void logs_close(struct active *a); /* of this attempt: what comes next is another's */
void logs_wake(struct platform *p, const char *uid);
void logs_wake_later(struct platform *p, struct follower *f);
void logs_init(struct platform *p);
void sample_take(struct platform *p, const struct task_ref *ref, const struct task_sample *s);

/* Collects outputs by age and by bytes of an org (outputs_keep.c). */
void outputs_keep_start(struct platform *p);
void outputs_keep_stop(struct platform *p); /* NULL keeper is fine */

#endif
