/*
 * What an edit changes: "gpu: 8 -> 16, in use 12" for people, the request and what takes it back for
 * the platform. Forms, the `=` line and the answer to somebody else's change all say it so.
 */
#ifndef MLTOP_UI_DIFFERENCE_H
#define MLTOP_UI_DIFFERENCE_H

#include "ui/app/parts.h"

struct difference {
	struct buf lines; /* one for each field, LF between */
	size_t count;     /* fields */
	bool below;       /* a limit falls under what is used of it */
	bool asks;        /* it may harm: nothing that is done without a question */
	bool for_good;    /* a secret is among it: nobody can take it back */
	json_t *back;     /* what the fields were */
};

/* Takes out of `rec` what is as it was. `before` NULL: that is not known. */
void difference_take(struct difference *d, const struct app *a, const struct kind *k,
	const void *before, void *rec);
void difference_release(struct difference *d);
/*
 * Adds to a->proposed the request that leads from `before` (its version must still hold then; NULL:
 * whatever it is) to `rec`, as difference_take left it. `path` becomes the change's.
 */
struct change *difference_propose(struct app *a, const struct difference *d, const struct kind *k,
	char *path, const char *name, const void *before, const void *rec);
/* The question before a->proposed is sent: `lines` say what it changes, what it leads to follows. */
void difference_ask(struct app *a, const struct kind *k, const char *lines, bool below);

#endif
