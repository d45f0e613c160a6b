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
struct ask;

struct platform {
	struct model model;
	struct work work;
	struct config config;
	struct server_limits limits;
	uv_loop_t *loop;
	char *dir; /* state folder */
	char *shim;
	struct server *server;
	struct hub *hub;   /* NULL until the server is there */
	uv_async_t stored; /* the store has completions */
	uv_timer_t idle_timer;
	int handles; /* open ones of these two and of `work` */
	int held;    /* works of others that still need the platform */
	bool opened, closing;
	void (*closed)(void *ctx);
	void *closed_ctx;
	void (*idle)(void *ctx); /* the private platform has had nothing to do for long */
	void *idle_ctx;

	void (*planned)(struct platform *p); /* after each turn of planning (kinds/look.c) */
	struct package_looks *package_looks;
	struct map package_parts; /* id -> what is being written of it */
	json_t *frameworks;       /* NULL until asked for */
	VEC(struct request *) framework_waiters;
	struct ask *ask;  /* who asks for them just now; NULL: nobody */
	int64_t last_use; /* mono ms of the last request */
	struct disk_use disk;
};

const struct server_limits *platform_limits(const struct platform *p);
bool platform_ready(const struct platform *p, struct err *e); /* /readyz */

/* ---- Other parts ---- */

const struct store_ops *platform_store(void);
void packages_loaded(struct platform *p); /* uploads that are not complete: what has come */
/* The file behind a trainer_uri, checked by who may name it; the caller frees. */
char *packages_path(struct platform *p, const char *org_id, const char *uri, struct err *e);

/* What the model's watchers do (platform.c); their `ctx` is to be the platform. */
extern const struct model_watchers platform_told;
/* Likewise those of work. */
extern const struct work_watchers platform_work_told;
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
