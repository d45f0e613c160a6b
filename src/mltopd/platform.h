/*
 * What the platform's own files share: the model, jobs in motion, and what kinds keep.
 */
#ifndef MLTOPD_PLATFORM_H
#define MLTOPD_PLATFORM_H

#include "base/map.h"
#include "base/ulid.h"
#include "base/vec.h"
#include "mltopd/config.h"
#include "model/model.h"
#include "serve/asks.h"
#include "serve/request.h"
#include "serve/server.h"
#include "work/work.h"

#include <uv.h>

/* Bytes of the state folder's parts; `outputs` are among the tasks'. */
struct disk_use {
	int64_t tasks, outputs, packages, store;
	int64_t until; /* mono ms: told again without a look until then */
};

struct package_looks;
struct keeper;
struct ask;

struct platform {
	struct model model;
	struct config config;
	struct server_limits limits;
	uv_loop_t *loop;
	char *dir; /* state folder */
	char *shim;
	struct engine *engine; /* NULL in commands without a daemon */
	struct server *server;
	struct hub *hub;   /* NULL until the server is there */
	uv_async_t stored; /* the store has completions */
	uv_timer_t plan_timer, progress_timer, repair_timer, idle_timer;
	int handles; /* open ones of the above */
	int held;    /* works of others that still need the platform */
	bool opened, adopting, closing;
	void (*closed)(void *ctx);
	void *closed_ctx;
	void (*idle)(void *ctx); /* the private platform has had nothing to do for long */
	void *idle_ctx;

	struct map actives;           /* uid -> struct active, in one of the two lists: */
	VEC(struct active *) live;    /* in no order */
	VEC(struct active *) waiting; /* in the order in which they may start */
	struct map queues;            /* org_id -> struct org_queue */
	size_t orgs_waiting;          /* that have a job in `waiting` */
	uint64_t next_order;
	void (*planned)(struct platform *p); /* after each turn of planning (kinds/look.c) */
	struct package_looks *package_looks;
	struct map package_parts; /* id -> what is being written of it */
	struct keeper *keeper;    /* of outputs */
	json_t *frameworks;       /* NULL until asked for */
	struct ages ages;
	VEC(struct request *) framework_waiters;
	struct ask *ask; /* who asks for them just now; NULL: nobody */
	struct follower *followers;
	int64_t last_use;              /* mono ms of the last request */
	int64_t plan_cost_us, plan_at; /* of the last plan of all jobs: how dear it was, mono ms */
	bool plan_full;                /* the last plan left no room for any job */
	uint64_t plan_turn;
	struct disk_use disk;
};

/* Is what happened at `since` (wall ms) older than `keep` for certain? Notes and tells of steps. */
bool platform_older(struct platform *p, int64_t since, int64_t keep);

struct active *platform_active(struct platform *p, const char *uid);
/*
 * A place in the log of a job's attempt (work/cursor.h); 0: the newest. NULL: there is no such task
 * or attempt, or not yet.
 */
struct log_cursor *platform_log_open(struct platform *p, const struct job *j, const char *task,
	int attempt, void (*ready)(void *ctx), void *ctx, struct err *e);
const struct server_limits *platform_limits(const struct platform *p);
bool platform_ready(const struct platform *p, struct err *e); /* /readyz */

/* ---- Other parts ---- */

const struct store_ops *platform_store(void);
void packages_loaded(struct platform *p); /* uploads that are not complete: what has come */
/* The file behind a trainer_uri, checked by who may name it; the caller frees. */
char *packages_path(struct platform *p, const char *org_id, const char *uri, struct err *e);

/* What the model's watchers do here (platform.c); its `ctx` is to be the platform. */
extern const struct model_watchers platform_told;
/* What the server asks of the platform. */
extern const struct server_asks platform_asks;

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
