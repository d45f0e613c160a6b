/*
 * Edits that were made from what somebody else has changed meanwhile. The platform refused them and
 * said what stands there now; the person is asked, for each: theirs stays, or mine goes over it. It
 * is asked once all of what was accepted together is answered and nothing else is open, and nothing
 * is sent that was not chosen: theirs is the default.
 */
#ifndef MLTOP_UI_CONFLICT_H
#define MLTOP_UI_CONFLICT_H

#include "base/arena.h"
#include "ui/app/change.h"
#include "ui/kit/grid.h"
#include "ui/kit/layout.h"

struct conflict {
	struct change mine; /* as it was sent; owned */
	json_t *theirs;     /* the whole object as it is now */
	struct buf lines;   /* "gpu: was 8, theirs 4, mine 16", LF between */
	bool over;          /* mine goes over it */
};

struct conflicts {
	struct conflict *items;
	size_t len, cap;
	size_t at;      /* the row that keys are about */
	int64_t opened; /* mono ms when the question came */
};

enum { CONFLICT_CALM_MS = 500 }; /* it comes unasked: keys so soon were meant for something else */

/* The three that one is about: records of its kind. */
struct sides {
	void *was, *theirs, *mine;
	struct arena text;
};
/* False: the platform's words cannot be read. To be released either way. */
bool sides_open(struct sides *s, const struct change *c, const json_t *theirs);
void sides_release(struct sides *s);

void conflicts_release(struct conflicts *c);
/* True when the reply says so of `c`, whose contents are kept here then. */
bool conflict_take(struct app *a, struct change *c, const struct msg *m);

/* ---- conflict_ask.c ---- */

/* Opens the question when it is time, and asks what the choice would lead to. */
void conflict_tick(struct app *a);
void conflict_input(struct app *a, const struct msg *m, struct cmds *out);
void conflict_draw(const struct app *a, struct grid *g, struct rect body);

#endif
