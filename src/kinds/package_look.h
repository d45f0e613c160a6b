/*
 * Looking into packages: by a worker thread, in turn of the org (io/turns.h); what was found of an
 * uploaded one is remembered by its hash.
 */
#ifndef MLTOP_KINDS_PACKAGE_LOOK_H
#define MLTOP_KINDS_PACKAGE_LOOK_H

#include "io/archive.h"
#include "kinds/kinds.h"

/* Everything is copied. */
struct package_question {
	const char *org_id;
	const char *path;
	const char *label;  /* what people call it; NULL: the file's name */
	const char *sha256; /* NULL: nothing is remembered */
	const char *module; /* NULL or "": only checked */
};

typedef void (*package_looked)(void *ctx, bool good, const struct err *e);

/*
 * `looked` is called once, on the loop thread: later, or at once where the answer is known or too
 * many of the org wait (ERR_BUSY).
 */
void package_look(struct platform *p, const struct package_question *q, package_looked looked,
	void *ctx);
/* Nothing may wait any more. */
void package_looks_release(struct package_looks *l); /* NULL is fine */

#endif
