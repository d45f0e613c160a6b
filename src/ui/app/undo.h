/*
 * `u` after a change that was accepted: what was made is deleted again, what was edited gets the
 * values back that it had, and after an action that has an opposite that is done. For UNDO_MS only, and until the next change: later it would take away
 * more than the change did.
 */
#ifndef MLTOP_UI_UNDO_H
#define MLTOP_UI_UNDO_H

#include "ui/kit/msg.h"

struct app;
struct change;
struct kind;

enum { UNDO_MS = 30000 };

struct undo {
	const struct kind *kind; /* NULL: there is nothing to take back */
	const char *method;      /* static */
	char *path, *name;
	json_t *body;
	int64_t until; /* mono ms */
};

void undo_release(struct undo *u);
/* The platform accepted `c` with that answer. Tells whether it can be taken back. */
bool undo_offer(struct app *a, const struct change *c, const json_t *answer);
/* Asks for what takes the newest one back; false when there is none. */
bool undo_take(struct app *a, struct cmds *out);

#endif
