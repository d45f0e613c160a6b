/*
 * Scalars of what runs or ran, from the event files among its outputs (work/event_folder.h). What was
 * read is kept, so that the next look reads only what is new: of all objects together SCALARS_BYTES,
 * those longest not asked for go first.
 *
 * All but `read` happens on the loop thread.
 */
#ifndef MLTOP_WORK_SCALARS_H
#define MLTOP_WORK_SCALARS_H

#include "base/ulid.h"
#include "io/turns.h"
#include "work/event_folder.h"

struct work;
struct scalars_store;

enum { SCALARS_BYTES = 64 * 1024 * 1024 };

/* One look; in the memory of whoever wants it, who may free it in `over`. */
struct scalars_look {
	/* In the pool, with what there is: good until it returns. */
	void (*read)(struct scalars_look *look, const struct event_folder *folder);
	/* Once; `ran` false: the platform is starting or closing, and `read` was not called. */
	void (*over)(struct scalars_look *look, bool ran);
	bool patient;   /* nobody waits for an answer */
	struct work *w; /* in `over`: NULL when it is closed */
	/* scalars.c's own */
	struct turn turn;
	struct scalars_of *of;
	char *key;
};

void scalars_start(struct work *w);
void scalars_stop(struct work *w); /* looks that are under way are told; not started is fine */
/* `key`: whose turn it is among turns (io/turns.h). `over` may be called before this returns. */
void scalars_look(struct work *w, const char *uid, const char *key, struct scalars_look *look);
void scalars_forget(struct work *w, const char *uid); /* its row is gone */

#endif
