/*
 * What the files of src/work share and what others call of them: workloads in motion, and what is
 * done with them, whatever their kind. It stands on the model and the engine, and knows nobody above:
 * what others have to learn it tells its watchers. Loop thread only.
 */
#ifndef MLTOP_WORK_WORK_H
#define MLTOP_WORK_WORK_H

#include "base/map.h"
#include "base/ulid.h"
#include "base/vec.h"
#include "core/kinds/event.h"
#include "core/kinds/org.h"
#include "core/kinds/quota.h"
#include "core/kinds/task.h"
#include "core/plan/plan.h"
#include "core/progress/progress.h"
#include "core/usage/spent.h"
#include "engine/engine.h"
#include "model/secrets.h"
#include "work/ages.h"
#include "work/life.h"
#include "work/policy.h"

struct change;

struct active;
struct failing;
struct follower;
struct historian;
struct history;
struct keeper;
struct known_secrets;
struct work_timers;

/* Who is told of what, and asked for what is not work's. All are there. */
struct work_watchers {
	void *ctx;
	void (*log_grew)(void *ctx, const char *uid, const char *task, int attempt);
	void (*log_ended)(void *ctx, const char *uid, const char *task, int attempt);
	void (*planned)(
		void *ctx);      /* after each turn of planning, or when machines are seen anew */
	void (*over)(void *ctx); /* something came to its end */
	/* Of a kind that runs. */
	const struct work_policy *(*policy)(void *ctx, const struct kind *k);
	/* The file behind a package's URI, checked by who may name it; the caller frees. */
	char *(*package_file)(void *ctx, const char *org_id, const char *uri, struct err *e);
};

/* As they may be at this moment: a reload of the settings changes them. 0: no bound. */
struct work_settings {
	int64_t outputs_keep, outputs_look; /* ms */
	int64_t outputs_bytes;              /* of an org */
	int64_t usage_keep;                 /* ms; what removed ones spent before is forgotten */
	const struct strings *progress_patterns; /* "FRAMEWORK=PATTERN"; borrowed, NULL: none */
};

/* As VEC(struct active *). */
struct active_list {
	struct active **items;
	size_t len, cap;
};

/* Workloads in motion and what brings them to their end. */
struct work {
	struct model *model;
	struct engine
		*engine; /* NULL in commands without a daemon; opened and closed by the owner */
	struct work_settings settings;
	struct work_watchers told;
	struct uv_loop_s *loop;     /* uv_loop_t, of uv.h */
	struct turns *turns;        /* of the loop: borrowed, outlive it; NULL without an engine */
	const char *dir;            /* state folder; borrowed */
	bool closing;               /* set by the owner: nothing is begun any more */
	struct work_timers *timers; /* work/timers.h; closed and freed by the owner */

	struct map actives;        /* uid -> struct active: live, or in the queue of its org */
	VEC(struct active *) live; /* in no order */
	struct map queues;         /* org_id -> struct org_queue */
	VEC(struct org_queue *) waiting; /* those in which some wait, in no order */
	struct active_list afters;       /* whose `after_left` may have become shorter */
	bool completed;                  /* one has: so that of all that wait for others may have */
	uint64_t next_order;
	int64_t plan_cost_us, plan_at; /* of the last plan of all: how dear it was, mono ms */
	bool plan_full;                /* the last plan left no room for any */
	uint64_t plan_turn;
	size_t granted; /* so many wait for room that others make */

	struct follower *followers;  /* of logs */
	size_t look_at, looks_left;  /* at logs that grew: the next in `live`, and of this round */
	struct keeper *keeper;       /* of outputs */
	struct historian *historian; /* of samples; NULL: none are kept */
	struct scalars_store *scalars; /* of event files; NULL: not started */
	bool events_busy;              /* they are looked at for the progress of one, */
	size_t events_at;              /* and that place in `live` is next */
	struct ages ages;

	/* What removed ones spent (spendings.c). */
	size_t spendings_new;       /* since the last look */
	char *spendings_at;         /* uid that a look has come to; NULL: none is on its way */
	struct map spendings_of;    /* org_id -> intptr_t: how many, in that look */
	struct map spendings_taken; /* uids whose sums others had taken over when it began */
	uint64_t spendings_merged;  /* counts those that went or took over others */
};

struct work_options {
	struct model *model;
	struct uv_loop_s *loop; /* uv_loop_t, of uv.h */
	struct turns *turns;
	const char *dir;
	struct work_watchers told;
};
/* `w` is zeroed. What the options point to must live as long. */
void work_init(struct work *w, const struct work_options *o);
/* Is what happened at `since` (wall ms) older than `keep` for certain? Notes and tells of steps. */
bool work_older(struct work *w, int64_t since, int64_t keep);
/*
 * The platform's patterns for logs of a framework (NULL: those for any), at most `room` of them, in the
 * order in which they are tried; borrowed until its settings change.
 */
size_t work_patterns(const struct work *w, const char *framework, const char **out, size_t room);
/*
 * A place in the log of an attempt of `row` (work/cursor.h); 0: the newest. NULL: there is no such task
 * or attempt, or not yet.
 */
struct log_cursor *work_log_open(struct work *w, const struct kind *k, const void *row,
	const char *task, int attempt, void (*ready)(void *ctx), void *ctx, struct err *e);

/* An org as plan() is asked about it. */
struct org_queue {
	struct active_list waiting; /* in the order in which they may start */
	/* In that order, too: held, or after others. None of them can start; whole plans look at them. */
	struct active_list apart;
	size_t at;                 /* its place in w->waiting, while either has some */
	uint64_t turn;             /* of planning: what follows is of this one */
	struct plan_limits limits; /* what org.limits points to, when it has a quota */
	struct plan_org org;
	char held[PLAN_MESSAGE]; /* what org.held points to, when it is */
	char org_id[];
};

/* Who waits until an end is on the disk; false: it could not be stored. */
struct over_waiter {
	void (*over)(void *ctx, bool ok, const struct err *e);
	void *ctx;
};

/* What stands in event files of an attempt, and what its log has said, which goes before. */
struct events_told {
	int attempt;
	unsigned said; /* PROGRESS_*, by line, patterns or log */
	struct progress_values values;
	bool some;   /* there are event files */
	int64_t due; /* mono ms: they are looked at then; 0: not known yet */
};

/* A workload that is not final, or is being deleted. */
struct active {
	struct work *w;
	char uid[ULID_SIZE];
	const struct work_policy *policy;
	const struct kind *kind; /* of the policy */
	struct workload *work;   /* its row in `moving` of the model */
	uint64_t order;          /* of acceptance */
	int64_t priority;
	bool preemptible;
	struct org_queue *queue;
	struct claim claim;
	uint16_t on;               /* the node it is on, as this turn of planning has them */
	struct life_state life;    /* set by active_lives */
	int64_t since, not_before; /* mono ms: it waits since then; back-off of a retry or a stop */
	int64_t preempted;         /* mono ms: it was stopped for another; INT64_MIN: never */
	bool granted;              /* waits, and others were stopped for it */
	bool apart;                /* it is in that list of its org */
	size_t asked;              /* its place in work.afters, and one; 0: it is not there */
	bool dirty;                /* a change of it could not be stored: to be stored anew */
	/* Who wanted it gone, when that could not be stored: the audit record that is due; else NULL. */
	char *wisher;
	bool wisher_going; /* that record is on its way to the disk */
	/* Requests about it that came since it is over: handled once its end is on the disk. */
	VEC(struct over_waiter) waiters;
	char **gpus;
	size_t gpu_count;
	int64_t began; /* mono ms: its newest attempt runs since then; INT64_MIN: it does not */
	struct task_due
		*due;    /* the row of an attempt that has ended, not known to be stored; or NULL */
	struct span ran; /* that attempt, once its end is on the way to the disk */
	struct task_exit *end; /* it has ended so; its log is being read */
	enum work_reason end_why;
	struct known_secrets *secrets; /* that its newest attempt was given; NULL: none here */
	struct failing *failing;       /* why it failed, or that is being read; NULL: it did not */
	struct event_fold newest;      /* the same event again is counted in it */
	struct history *history;       /* of its samples; NULL: not yet */
	/* progress of the log */
	struct progress *progress;             /* NULL until bytes came */
	struct progress_rules *progress_rules; /* of that reader; NULL: none */
	struct log_cursor *log;                /* its place in the log */
	uint64_t log_newest;
	uint64_t log_upto;                  /* its end when this look at it began */
	bool log_news;                      /* read, and not yet shown */
	void (*log_then)(struct active *a); /* once all there is was read */
	bool log_pending;                   /* it has grown since it was read */
	struct events_told *events;         /* what event files say; NULL: nobody looked */
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

/* A copy of a row, to be changed and put back. */
struct draft {
	const struct kind *kind;
	union {
		struct workload row;
		char bytes[KIND_SIZE_MAX];
	};
};
struct draft draft_of(const struct kind *k, const void *row);
#define draft_set(d, member, value) workload_set((d)->kind, &(d)->row, member, value)
#define draft_drop(d, member) workload_drop((d)->kind, &(d)->row, member)
#define draft_tell(d, member, known, value) \
	workload_tell((d)->kind, &(d)->row, member, known, value)
#define draft_hide(d, member) workload_hide((d)->kind, &(d)->row, member)

/* ---- Workloads in motion (active.c) ---- */

/* NULL: that one is not in motion. */
struct active *work_active(struct work *w, const char *uid);
/* The row in `moving` must be there. */
struct active *active_new(struct work *w, const struct kind *k, const struct workload *row);
void active_free(struct active *a);
struct workload *active_row(const struct active *a); /* as committed; NULL: there is none */
void actives_release(struct work *w);
/* Where it is in its life, and so in which list. */
void active_lives(struct active *a, struct life_state life);
bool active_in_flight(const struct active *a); /* a change of it is on its way to the disk */
/* Its row in `moving` may say otherwise now whether it waits for others. */
void active_sort(struct active *a);
bool active_waits_for_others(const struct active *a);
/* The next afters_settle looks at this one, where it waits for others; or does not any more. */
void active_ask_after(struct active *a);
void active_forget_after(struct active *a);
/* Others are stopped for it: until it starts, or does not wait any more. */
void active_grant(struct active *a);
/* Why it may not start before others have completed, in `text`; NULL: it may. (after.c) */
const char *active_after(const struct active *a, struct arena *text);
/*
 * What has completed is waited for no more, which is stored: of those that were asked about, and, since
 * one has completed, of all.
 */
void afters_settle(struct work *w);
/* The GPUs that it holds: copies. */
void active_gpus(struct active *a, const char *const *gpus, size_t count);
/* Walks all of them, in no order: start with *at = 0. None may come or go meanwhile. */
bool active_next(const struct work *w, size_t *at, struct active **out);
/* What is wanted of it, as its row says. */
enum life_wish wish_of(const struct workload *row);
/* The queue of an org, which may be empty. */
struct org_queue *queue_of(struct work *w, const char *org_id);

/* ---- What the model tells of workloads and quotas (rows.c): struct model_watchers ---- */

void work_row_stored(struct work *w, const struct kind *k, const void *row);
void work_row_gone(struct work *w, const struct kind *k, const char *uid);
void work_settled(struct work *w, const char *uid, bool last, bool lost);
struct event_fold *work_fold(struct work *w, const char *uid);

/* ---- What is done with them (reconcile*.c) ---- */

int64_t reconcile_now(void); /* ms, of spans: when a job waits since, when it may start */
void reconcile_soon(struct work *w);
void reconcile_adopt(struct work *w);
extern const struct engine_events reconcile_events;
/* Accepts a checked workload: queued in the change. */
void reconcile_accept(struct work *w, struct change *c, const struct kind *k,
	struct workload *made);
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
/* One that is final runs again. */
void reconcile_retry(struct work *w, struct change *c, const struct kind *k,
	const struct workload *row);
void reconcile_usage(struct work *w); /* quotas.c, as the next */
/* The same in the rows of orgs, and which kinds have it (quota_orgs.c). */
void orgs_usage(struct work *w);
bool shows_usage(const struct kind *k);
/* What workloads of the org may use, and its name, borrowed; false: it has no quota. */
bool work_limits(struct work *w, const char *org_id, struct plan_limits *out, const char **name);
void limits_of(struct plan_limits *out, const struct quota *q);
/* A change of it could not be stored. */
void reconcile_not_stored(struct active *a);
/* What is known about an event of a life, as far as it has to do with it. */
struct news {
	const char *node;        /* ON_PLACED */
	const char *const *gpus; /* ON_PLACED: UUIDs */
	size_t gpu_count;
	int64_t start_ms; /* ON_STARTED: wall */
	/* What comes of its end: ON_DROP, ON_START_STORED, ON_LAST, ON_AGAIN, ON_NEVER_BEGAN. */
	unsigned state; /* enum work_state */
	enum work_reason reason;
	const char *message;
	const struct task_exit *end; /* NULL: no attempt has ended by this */
	int64_t delay;               /* ON_AGAIN: ms */
};
/* It happens: the life goes on, and what that means is done (reconcile_task.c). */
void reconcile_event(struct active *a, enum life_event ev, const struct news *n);
/* It makes room: stopped once that is on the disk, it waits to run again. */
void reconcile_yield(struct active *a);
/* The same because its node is to be empty. */
void reconcile_evict(struct active *a);
/* What is left of its log; then its policy decides what becomes of it. */
void reconcile_read_rest(struct active *a);
/* Why it waits. */
void reconcile_enqueue(struct active *a, enum work_reason reason, const char *message);
/* What of that has to do with an end (reconcile_end.c): another attempt, the same anew, all over. */
void reconcile_again(struct active *a, const struct news *n);
void reconcile_anew(struct active *a, const struct news *n);
void reconcile_over(struct active *a, const struct news *n);
/* Its end is on the disk: it is freed, and who waited for that is told. */
void reconcile_ended(struct active *a);
/* Stores what could not be stored before. */
void reconcile_repair(struct active *a);
/* Queues a changed copy of the row in moving, in state `state`, and puts it back. */
void reconcile_move(struct change *c, struct draft *d, unsigned state);
/* Why it is where it is; `message` is not copied. */
void reconcile_why(struct draft *d, enum work_reason reason, const char *message);
/* The row of its newest attempt, changed in the change. */
void task_creating(struct change *c, const struct draft *d, const struct claim *held,
	const struct news *n);
void task_running(struct change *c, const struct draft *d, int64_t start_ms);
/* It has ended: its row, and what the workload's says of it. */
void task_ended(struct change *c, struct active *a, struct draft *d, const struct news *n);
/* What task_ended made goes into another change too, until it is dropped: it is known to be stored. */
void task_due_store(struct change *c, const struct active *a);
void task_due_drop(struct active *a);
/* Its only task, at its newest attempt. */
struct task_ref task_of(const struct active *a);
enum { SENTENCE_NOTE = 96 };
/* " (NOTE)", at most so many bytes of it, for a sentence that the planner tells; "" without one. */
void sentence_note(char out[SENTENCE_NOTE], const char *note);
/* The engine's nodes, with the GPUs that are held here. */
struct machine_view {
	struct plan_cluster cluster;
	struct plan_node *nodes;
	struct plan_gpu *gpus; /* of all nodes */
	struct arena text;     /* why nodes are drained */
};
void reconcile_machine(struct work *w, struct machine_view *out);
void machine_view_release(struct machine_view *m);
/* What the engine sees of its GPUs and nodes; all zero where it cannot say. */
void work_sight(struct work *w, struct engine_sight *out);
/* What holds that GPU; NULL: nothing. */
const struct active *work_gpu_holder(const struct work *w, const char *uuid);
/* Could it ever run here: nodes, quota, engine? ERR_UNPROCESSABLE, the field named. */
bool reconcile_possible(struct work *w, const struct kind *k, const void *row, struct err *e);

/* ---- Logs, samples, outputs ---- */

void logs_grew(struct work *w, struct active *a);
/* Reads what is left, shows it, then `then` (NULL is fine): at once unless the engine answers later. */
void logs_read(struct active *a, void (*then)(struct active *a));
void logs_close(struct active *a); /* of this attempt: what comes next is another's */
/* Who follows the log of that one over plain HTTP is told that there may be more: now, or in a moment. */
void logs_wake(struct work *w, const char *uid);
void logs_wake_later(struct work *w, struct follower *f);
/* ---- progress.c: what the log says of progress ---- */
void progress_want(struct active *a); /* there is a reader */
void progress_anew(struct active *a); /* what comes next is of another attempt */
void progress_drop(struct active *a);
/* ---- progress_events.c: what event files say of it ---- */
void events_tick(struct work *w); /* now and then while something runs */
/* A last look, where that may tell something; then `then`, at once where it may not. */
void events_last(struct active *a, void (*then)(struct active *a));
/* progress_told.c */
struct events_told *events_told(struct active *a); /* of its newest attempt; never NULL */
void events_fill(struct active *a, struct progress_values *v); /* what the log does not say */
void events_drop(struct active *a);
/* Into its rows, what has been read so far; of `bytes` of log. */
void progress_show(struct active *a, int64_t bytes);

/* ---- secrets.c: what it is given of its org's secrets ---- */

/* An attempt that is about to be stored is given them: who submitted it is in the audit of the change. */
void secrets_audit(struct active *a, struct change *c, int64_t attempt);
/*
 * Opened for a launch of `whole`, a row with all its texts; false: one is missing or does not open.
 * `out` is wiped by secrets_shut in any case.
 */
struct open_secrets {
	struct task_secret list[TASK_SECRETS_MAX];
	struct secret_text texts[TASK_SECRETS_MAX];
	size_t count;
};
bool secrets_open(struct active *a, const void *whole, struct open_secrets *out, struct err *e);
void secrets_shut(struct open_secrets *s);
/*
 * Covers the values that its attempt was given, as far as they are known, in bytes of a log (base/mask.h);
 * false: it has none. The same of a text, where a value is "***" then. In place.
 */
bool secrets_cover(struct active *a, char *bytes, size_t len);
void secrets_cover_text(struct active *a, char *text);
void secrets_forget(struct active *a);

/*
 * Why its attempt, which has ended as a->end, failed (failure.c): reads the log's end, then `then`,
 * at once unless the engine answers later. failure_put writes it into a row, which borrows from `a`
 * until it is put.
 */
void failure_look(struct active *a, void (*then)(struct active *a));
void failure_put(struct active *a, struct draft *d);
void failure_drop(struct active *a);
/* Into a row of that kind, as far as it has rows for it. */
void sample_put(const struct kind *k, struct workload *w, const struct task_sample *s);
/* The engine sees its GPUs anew: what runs on them is as busy as they are. */
void sample_gpus(struct work *w);
void sample_take(struct work *w, const struct task_ref *ref, const struct task_sample *s);

/* Collects outputs by age and by bytes of an org (outputs_keep.c). */
void outputs_keep_start(struct work *w);
void outputs_keep_stop(struct work *w); /* NULL keeper is fine */

#endif
