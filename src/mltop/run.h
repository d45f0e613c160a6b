/*
 * The dashboard's runner: turns what happens (keys, rows, bytes, time) into messages for
 * app_update, and the commands that come back into calls of the client library. Everything runs on
 * one loop thread; only the terminal's writer and the search for the platform have their own.
 */
#ifndef MLTOP_RUN_H
#define MLTOP_RUN_H

#include "base/vec.h"
#include "client/api.h"
#include "client/finder.h"
#include "client/logstore.h"
#include "client/stream.h"
#include "ui/screens/screens.h"
#include "ui/kit/input.h"
#include "mltop/term.h"
#include "ui/app/app.h"
#include "ui/kit/theme.h"

#include <uv.h>

/* A subscription as the dashboard asked for it; kept so that a new stream can ask again. */
struct run_sub {
	uint32_t id;
	bool is_log;
	char *kind, *org, *fields, *filter; /* rows */
	char *job, *task;                   /* log */
	int64_t attempt;
	struct logstore *store;
	bool changed, final, left; /* left: the platform it came from was left */
	bool raw;                  /* lines of the stream are shown, not what one sees of them */
	struct stream_log_state state;
	char end[160]; /* how the log ended, "" while it goes on */
	/* a search under way */
	char *pattern;
	bool backwards;
	int64_t find_line, find_resume;
};

/* A request that waits for the platform to be found. */
struct run_request {
	uint64_t id;
	struct run *run;
	bool sent;      /* false while it waits for its turn */
	struct cmd cmd; /* method, path, body */
};

struct run {
	/* Gives a message its time, updates the model, carries out what comes back, asks for a frame. */
	void (*tell)(struct run *r, struct msg *m);
	uv_loop_t loop;
	struct app *app;
	struct kind_screens screens;
	struct grid grid;
	struct term *term;
	struct input input;
	struct theme theme;
	struct cmds cmds;
	int cols, rows;

	uv_poll_t keys;
	uv_timer_t frame, wake, held, again, remember, late;
	uv_idle_t search;
	uv_signal_t winch, stop[3], cont, tstp;
	uint64_t painted; /* loop time of the last frame, ms */
	bool quitting;
	int exit_code;

	/* the platform */
	struct context_options find;
	char *chosen; /* the context that was switched to; find points to it */
	struct context context;
	bool found, who_asked;
	char *wanted; /* the context to switch to, until it is found or not */
	struct finder *finder;
	char *finder_name;       /* the name it looks for; "" none */
	struct err finder_error; /* why it found none */
	struct api *api;
	struct stream *stream;
	VEC(struct run_sub *) subs;
	VEC(struct run_request *) requests;

	/* files */
	json_t *config, *remembered;
	char *cache_dir;
	bool remember_changed;
	FILE *record;
};

/* run_frame.c: frames */
void run_paint(struct run *r);     /* now, when something changed */
void run_ask_frame(struct run *r); /* soon, but at most one frame each 16 ms */
void run_tell_size(struct run *r); /* MSG_SIZE: of the terminal as it is now */

/* run_signals.c: signals, leaving, job control */
/* Before curses is opened: it leaves signals alone that have a handler. */
void run_signals_open(struct run *r);
void run_signals_close(struct run *r);
void run_quit(struct run *r, int code); /* once; the loop ends */
/*
 * The shell gets its terminal back, then all of the job stops as if the terminal's own key had done
 * it (make and sh that wait for us are in it too). Where no shell is there to continue us the kernel
 * ignores the stop, and we go on at once.
 */
void run_suspend(struct run *r);

/* run_link.c: the platform */
void run_link_start(struct run *r);
void run_link_stop(struct run *r);
void run_contexts(struct run *r, const struct cmd *c); /* which there are, as a reply */
bool run_link_searching(const struct run *r);          /* a worker looks for the platform */
/* Connects now, or where that is done asks for all rows anew. */
void run_link_refresh(struct run *r);
/*
 * Leaves the platform for the one of that name in the person's config, once that is found; until
 * then, and when there is none, the one that there is stays.
 */
void run_link_switch(struct run *r, const char *context);
/* MSG_LINK; rtt_ms 0: not known; `why` it is gone, NULL otherwise. */
void run_tell_link(struct run *r, enum link_state link, int64_t rtt_ms, const struct err *why);

/* run_request.c: requests, and who the key is */
void run_request(struct run *r, const struct cmd *c);
void run_requests_send(struct run *r); /* those that waited for a platform */
void run_requests_drop(struct run *r); /* answered with a failure: the platform is left */
void run_requests_release(struct run *r);
void run_who_begin(struct run *r); /* MSG_CONTEXT: what the context says of us */
void run_who_ask(struct run *r);   /* once for a platform: MSG_CONTEXT with org, role and user */

/* run_stream.c: subscriptions and what the stream brings */
void run_stream_open(struct run *r);
void run_subscribe(struct run *r, const struct cmd *c);
void run_unsubscribe(struct run *r, uint32_t id);
struct run_sub *run_sub_find(struct run *r, uint32_t id);
/* Asks the stream for what the dashboard wants; a log goes on where its store ends. */
void run_sub_ask(struct run *r, const struct run_sub *s);
void run_subs_release(struct run *r);

/* run_log.c: logs */
void run_log_open(struct run *r, struct run_sub *s);
/* What is stored is not what the platform has any more: forgotten, and begun anew. */
void run_log_reset(struct run *r, struct run_sub *s);
void run_log_bytes(struct run *r, struct run_sub *s, uint64_t offset, const void *bytes,
	size_t len);
void run_log_gap(struct run *r, struct run_sub *s, uint64_t offset, uint64_t lost);
void run_log_state(struct run *r, struct run_sub *s, const struct stream_log_state *state);
void run_log_tell(struct run *r, struct run_sub *s); /* MSG_LOG_STATE */
void run_log_window(struct run *r, const struct cmd *c);
void run_log_find(struct run *r, const struct cmd *c);
void run_log_at(struct run *r, const struct cmd *c);
void run_log_save(struct run *r, const struct cmd *c);

/* run_files.c: config, state, themes, saving, clipboard */
bool run_files_load(struct run *r, char *notice, size_t size, struct err *e);
void run_files_release(struct run *r);
void run_theme(struct run *r, const char *name);
void run_remember(struct run *r, const char *name, const char *text);
void run_remember_now(struct run *r);
void run_save_text(struct run *r, const struct cmd *c);
void run_copy(struct run *r, const char *text);

#endif
