/* The platform as the program runs it: opened, fed with settings, and closed. */
#ifndef MLTOP_MLTOPD_PLATFORM_H
#define MLTOP_MLTOPD_PLATFORM_H

#include "kinds/platform.h"
#include "mltopd/config.h"
#include "serve/asks.h"

const struct store_ops *platform_store(void);

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
	struct uv_loop_s *loop;      /* uv_loop_t, of uv.h */
	struct turns *turns;         /* of the loop: borrowed, outlive the platform */
	bool engine;                 /* false: commands without a daemon */
	bool volatile_data;
	void (*idle)(void *ctx); /* the private platform has had nothing to do for long */
	void *idle_ctx;
};
bool platform_open(struct platform **out, const struct platform_options *o, struct err *e);
/* Starts the engine, adopts what runs, begins to plan. */
bool platform_run(struct platform *p, struct server *s, struct err *e);
void platform_reload(struct platform *p, const struct config *c);
const struct config *platform_config(const struct platform *p);
/* Detaches from the engine, stores what waits, frees; then `done`. */
void platform_close(struct platform *p, void (*done)(void *ctx), void *ctx);
/* For a start that failed before anything ran: closes the store, frees nothing else. */
void platform_abandon(struct platform *p);
void platform_used(struct platform *p); /* somebody asked something */

#endif
