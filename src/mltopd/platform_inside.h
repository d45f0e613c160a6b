/*
 * What the platform's own files share: the model, jobs in motion, and changes.
 *
 * Two views of a job exist. The row in `jobs` is what the last commit holds; it is what everybody
 * sees. The row in `work` (only jobs that are not final) is ahead of it by the changes that are on
 * their way to the disk; the reconciler decides by it. A change is composed from `work`, queued,
 * and applied to `jobs` by its completion, in the order of queueing.
 */
#ifndef MLTOPD_PLATFORM_INSIDE_H
#define MLTOPD_PLATFORM_INSIDE_H

#include "base/map.h"
#include "base/ulid.h"
#include "base/vec.h"
#include "mltopd/config.h"
#include "mltopd/platform.h"
#include "serve/server.h"
#include "model/sets.h"
#include "store/store.h"
#include "work/work.h"

#include <uv.h>

enum {
	NONCE_CACHE = 256,      /* newest answers kept in memory */
	NONCES_PER_KEY = 65536, /* in the window; more are refused */
	RETRY_AFTER_S = 5,      /* told when the store cannot take changes */
};

/* Bytes of the state folder's parts; `outputs` are among the tasks'. */
struct disk_use {
	int64_t tasks, outputs, packages, store;
	int64_t until; /* mono ms: told again without a look until then */
};

struct nonce;
struct package_looks;
struct keeper;
struct ask;

struct platform {
	struct config config;
	struct server_limits limits;
	uv_loop_t *loop;
	char *dir; /* state folder */
	char *shim;
	struct store *store;
	struct engine *engine; /* NULL in commands without a daemon */
	struct server *server;
	struct hub *hub;   /* NULL until the server is there */
	uv_async_t stored; /* the store has completions */
	uv_timer_t plan_timer, progress_timer, repair_timer, idle_timer;
	int handles; /* open ones of the above */
	int held;    /* works of others that still need the platform */
	bool loaded, opened, adopting, closing;
	void (*closed)(void *ctx);
	void *closed_ctx;
	void (*idle)(void *ctx); /* the private platform has had nothing to do for long */
	void *idle_ctx;

	struct rowset jobs, tasks, events, orgs, keys, quotas; /* as committed */
	struct rowset work;                                    /* jobs in motion, ahead of `jobs` */
	struct sets sets;              /* of these, by kind, with the names that are taken */
	struct map record_bytes;       /* org_id -> intptr_t: bytes of its jobs in the store */
	struct map flights;            /* "kind/uid" -> struct flight: changes on their way */
	int64_t org_given, user_given; /* the greatest id and Unix user ever given to an org */
	struct map actives;            /* uid -> struct active, in one of the two lists: */
	VEC(struct active *) live;     /* in no order */
	VEC(struct active *) waiting;  /* in the order in which they may start */
	struct map queues;             /* org_id -> struct org_queue */
	size_t orgs_waiting;           /* that have a job in `waiting` */
	uint64_t next_order;
	uint64_t version, next_version;
	size_t changes_waiting;

	struct map nonces;       /* "access_key nonce" -> struct nonce */
	struct map nonce_counts; /* access key -> number */
	int64_t nonce_swept;
	struct {
		char *key, *body;
		size_t len;
	} answers[NONCE_CACHE];
	size_t answer_next;

	struct rowset packages;
	void (*planned)(struct platform *p); /* after each turn of planning (kinds/look.c) */
	struct package_looks *package_looks;
	struct map package_parts; /* id -> what is being written of it */
	struct keeper *keeper;    /* of outputs */
	json_t *frameworks;       /* NULL until asked for */
	struct ages ages;
	VEC(struct request *) framework_waiters;
	struct ask *ask; /* who asks for them just now; NULL: nobody */
	struct follower *followers;
	int64_t uid_ms; /* of the newest ULID */
	uint8_t uid_random[10];
	int64_t last_use;              /* mono ms of the last request */
	int64_t plan_cost_us, plan_at; /* of the last plan of all jobs: how dear it was, mono ms */
	bool plan_full;                /* the last plan left no room for any job */
	uint64_t plan_turn;
	struct disk_use disk;
};

/*
 * Wall ms. MLTOPD_CLOCK names a file that says by how many ms it is wrong, read each time: tests set
 * the clock by it. Always compiled in, as the crash points are.
 */
int64_t platform_now(void);
/* Is what happened at `since` (wall ms) older than `keep` for certain? Notes and tells of steps. */
bool platform_older(struct platform *p, int64_t since, int64_t keep);
/* A new ULID, greater than all before it: also within a millisecond, order is that of creation. */
void platform_uid(struct platform *p, char out[ULID_SIZE], int64_t now);

/* ---- Changes ---- */

struct change;
struct change *change_new(struct platform *p);
/* Who asks for a change. Borrowed until it is over. */
struct author {
	const char *access_key, *key_name, *org_id, *peer;
	enum role role;
	const char *nonce, *request_hash; /* "" or NULL: none */
	int64_t now;                      /* wall ms when it was asked for */
};
/* A change that somebody asked for: its nonce is stored with it, and its audit record is due. */
struct change *change_by(struct platform *p, const struct author *who);
/* The same for a request, which it answers. */
struct change *change_for(struct request *r);
/* What is told of it: of any change, `ctx` being the request. */
void request_answered(void *ctx, bool ok, const struct err *e, int status, const char *answer);
/* One that is not to be committed after all: names that it reserved are free again. */
void change_free(struct change *c);
/* Packs the row as it is now. Its name is reserved, or given up when it is being deleted. */
void change_job(struct change *c, const struct job *j);
void change_job_remove(struct change *c, const char *uid);
void change_task(struct change *c, const struct task *t);
/* Folds into the newest event of the job when it says the same. */
void change_event(struct change *c, const struct job *j, enum event_type type, const char *reason,
	const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Keeps the newest events.per_job of them. */
void change_events_trim(struct change *c, const char *uid);
struct platform *change_platform(const struct change *c);
/* An object of any kind, made from the row that has its uid; by its uid, it goes. */
void change_row(struct change *c, const struct kind *k, const void *rec);
void change_row_remove(struct change *c, const struct kind *k, const char *uid);
bool change_key(struct change *c, const struct key *k, struct err *e);
/* What a person did: {"time","key","role","peer","action","object","detail"}. */
void change_audit(struct change *c, const char *action, const char *object, const char *detail);
/* Who, where there is no request: "control socket, user 1000". */
void change_actor(struct change *c, const char *actor, const char *org_id);
/* Called after the commit and after the rows are applied, before the answer leaves. */
typedef void (*change_after)(void *ctx, bool ok, const struct err *e);
void change_then(struct change *c, change_after after, void *ctx);
/* Last of all: what whoever asked is told. */
typedef void (
	*change_answered)(void *ctx, bool ok, const struct err *e, int status, const char *answer);
void change_told(struct change *c, change_answered answered, void *ctx);
/* What is told when all went well; `body` is consumed. */
void change_answer(struct change *c, int status, json_t *body);
/* The answer holds a secret: a repeated request gets a refusal in its place. */
void change_answer_once(struct change *c);
void change_commit(struct change *c);
/*
 * A row's long texts are beside it in the store: `done` gets a record that has them all, at once where
 * there are none; NULL with the error when they could not be read or the object is gone.
 */
typedef void (*whole_read)(void *ctx, const void *rec, const struct err *e);
void platform_whole(struct platform *p, const struct kind *k, const void *row, whole_read done,
	void *ctx);
/* The same for a copy of a row; waits for the store's thread. Texts go to `text`. */
bool platform_whole_now(struct platform *p, const struct kind *k, void *rec, struct arena *text,
	struct err *e);
/* Bytes of the org's records in the store. */
int64_t platform_record_bytes(const struct platform *p, const char *org_id);
/* Is a change of that object on its way to the disk? */
bool change_in_flight(const struct platform *p, const struct kind *k, const char *uid);
/* For starts, before the loop runs: waits for it. */
bool change_commit_now(struct change *c, struct err *e);

/* ---- Lookups ---- */

struct active *platform_active(struct platform *p, const char *uid);
struct job *platform_work(struct platform *p, const char *uid);
const struct org *platform_org(struct platform *p, const char *org_id);
const struct org *platform_org_named(struct platform *p, const char *name);
/* Of jobs. */
const char *platform_name_uid(struct platform *p, const char *org_id, const char *name);
void platform_name_set(struct platform *p, const char *org_id, const char *name, const char *uid);
void platform_name_clear(struct platform *p, const char *org_id, const char *name, const char *uid);
/* Copies the F_SAMPLE members of a job: a change must not set them back. */
void job_samples_copy(struct job *to, const struct job *from);
/* Writes `j` over its row in `work`. */
void platform_work_put(struct platform *p, const struct job *j);

/* Rows go out: committed, then shown. */
void platform_show(struct platform *p, const struct kind *k, const char *uid);

/* ---- Other parts ---- */

const struct store_ops *platform_store(void);
bool platform_load(struct platform *p, struct err *e);

bool platform_nonce_load(struct platform *p, const struct store_nonce *n);
/* The change of that nonce is stored, and n beside it. */
void platform_nonce_keep(struct platform *p, const struct store_nonce *n);
void platform_nonces_sweep(struct platform *p, int64_t now, struct store_tx *tx);
void platform_nonces_release(struct platform *p);

void packages_loaded(struct platform *p); /* uploads that are not complete: what has come */
/* The file behind a trainer_uri, checked by who may name it; the caller frees. */
char *packages_path(struct platform *p, const char *org_id, const char *uri, struct err *e);

/* Makes a key with fresh halves; texts in `a`. */
void keys_make(struct key *k, struct arena *a, const struct org *o, const char *name,
	enum role role, int64_t now);
void keys_secret(char out[64]);
/* A disabled copy of the key is queued, with its audit record; its streams close once it is stored. */
bool keys_disable(struct change *c, const struct key *row, struct err *e);
/* A second key like `row`. */
void keys_rotate(struct key *out, struct arena *a, const struct key *row, int64_t now);
bool keys_private(struct platform *p, struct err *e); /* <state>/private.key */

/* The org of that name, or a new one in the change; texts in `a`. */
bool orgs_obtain(struct change *c, const char *name, struct org *out, struct arena *a,
	struct err *e);
/*
 * Before anything runs: orgs that were made while this platform was private, had another engine
 * or was not root get their Unix user now; false where tasks of two orgs would share one.
 */
bool orgs_separate(struct platform *p, struct err *e);

/*
 * Named crash points of the fault tests: MLTOPD_CRASH=<point> kills the daemon there, <point>:N at
 * the Nth time, <point>:N:MS so much later. Points: before-commit, after-commit, before-checkpoint
 * (these three in the store's thread), before-start, after-start, before-ended-commit. Always
 * compiled in: whoever sets the daemon's environment may kill it anyway.
 */
void platform_fault(const char *point);

/* ---- Life ---- */

struct platform_options {
	const struct config *config; /* copied */
	const char *dir;             /* state folder, locked by the caller */
	uv_loop_t *loop;
	bool engine; /* false: commands without a daemon */
	bool volatile_data;
};
bool platform_open(struct platform **out, const struct platform_options *o, struct err *e);
/* Starts the engine, adopts what runs, begins to plan. */
bool platform_run(struct platform *p, struct server *s, struct err *e);
void platform_reload(struct platform *p, const struct config *c);
/* Detaches from the engine, stores what waits, frees; then `done`. */
void platform_close(struct platform *p, void (*done)(void *ctx), void *ctx);
/* For a start that failed before anything ran: closes the store, frees nothing else. */
void platform_abandon(struct platform *p);
void platform_used(struct platform *p); /* somebody asked something */
/*
 * What works for the platform in the pool or in a process holds it: a platform that closes waits
 * until all of them have let go, with its store open.
 */
void platform_hold(struct platform *p);
void platform_let_go(struct platform *p);

/* framework.c: the question to the platform's Python ends at once. */
void frameworks_stop(struct platform *p);

#endif
