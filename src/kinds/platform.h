/*
 * What the daemon's parts share: the model, jobs in motion, what kinds keep. The program makes it
 * (mltopd/platform.h); requests carry it. Loop thread only.
 */
#ifndef MLTOP_KINDS_PLATFORM_H
#define MLTOP_KINDS_PLATFORM_H

#include "base/map.h"
#include "base/vec.h"
#include "model/model.h"
#include "serve/asks.h"
#include "serve/request.h"
#include "serve/server.h"
#include "work/work.h"

/* Bytes of the state folder's parts; `outputs` are among the tasks'. */
struct disk_use {
	int64_t tasks, outputs, packages, store;
	int64_t until; /* mono ms: told again without a look until then */
};

/* As they may be at this moment: a reload of the settings changes them. Texts and lists are borrowed. */
struct kinds_settings {
	const char *engine; /* its name */
	int64_t jobs_per_org, packages_per_org;
	int64_t package_keep;                   /* ms; 0: for ever */
	int64_t audit_keep;                     /* ms; 0: for ever */
	int64_t package_max;                    /* bytes */
	int64_t package_entries, package_ratio; /* bounds of what may be unpacked */
	const struct strings *package_roots;    /* folders of files that a job may name */
	const char *python;
	const struct strings *frameworks; /* that it is asked for */
	const char *metrics_token;        /* of who may read /metrics; "": nobody may */
	const char *services_listen;      /* address of all services */
	int64_t replica_ports;            /* the first of those that replicas are given */
	struct prices prices;             /* of what is held; all 0: nothing has a price */
	const char *currency;
};

struct package_looks;
struct ask;
struct services;

struct platform {
	struct model model;
	struct work work;
	struct kinds_settings settings;
	struct server_limits limits;
	struct uv_loop_s *loop; /* uv_loop_t, of uv.h */
	struct turns *turns;    /* of the loop; NULL in commands without a daemon */
	char *dir;              /* state folder */
	struct server *server;
	struct hub *hub;                    /* NULL until the server is there */
	bool opened;                        /* that it is closing, `work` says */
	int held;                           /* works of others that still need the platform */
	void (*let_go)(struct platform *p); /* they were the last, while it is closing */

	void (*planned)(struct platform *p); /* after each turn of planning (kinds/look.c) */
	struct package_looks *package_looks;
	struct map looked;         /* what looked-up rows were over time (kinds/look_samples.c) */
	int64_t looked_at;         /* mono ms of the newest of these */
	struct services *services; /* NULL until the engine is there (kinds/services.h) */
	struct map package_parts;  /* id -> what is being written of it */
	json_t *frameworks;        /* NULL until asked for */
	json_t *catalogue;         /* of frameworks (kinds/catalogue.h) */
	VEC(struct request *) framework_waiters;
	struct ask *ask; /* who asks for them just now; NULL: nobody */
	struct disk_use disk;
	bool audit_busy;    /* it is being verified */
	int64_t audit_kept; /* wall ms of the last look for old records */
};

/*
 * What works for the platform in the pool or in a process holds it: a platform that closes waits
 * until all of them have let go, with its store open.
 */
void platform_hold(struct platform *p);
void platform_let_go(struct platform *p);
/*
 * The key among turns (io/turns.h) of long work that somebody of the org waits for: it is not that of
 * what goes on by itself, for nobody's answer shall wait behind what the org's jobs unpack.
 */
enum { PLATFORM_TURN_SIZE = 128 };
const char *platform_turn(const char *org_id, char out[PLATFORM_TURN_SIZE]);

#endif
