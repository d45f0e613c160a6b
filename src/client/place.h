/*
 * A file that is to be written below a folder by a path that comes from elsewhere. Every step goes
 * by descriptor and follows no link: what stands below the folder may be anybody's (a download into
 * a shared place, or over an earlier one), and nothing is written outside it.
 */
#ifndef MLTOP_CLIENT_PLACE_H
#define MLTOP_CLIENT_PLACE_H

#include "base/err.h"

#include <stdbool.h>

struct place {
	int folder;       /* that holds it; -1: not open */
	char name[256];   /* in that folder */
	char aside[280];  /* the file that is being written; "": none */
	const char *path; /* below the top, for errors; borrowed */
};

/* Makes the folders of `path` below the descriptor `top` as the umask has it. */
bool place_open(struct place *p, int top, const char *path, struct err *e);
/* Something has its name, be it a link to nothing. */
bool place_taken(const struct place *p);
/* A new file beside it, to be written; -1: `e` says why. The caller closes it. */
int place_begin(struct place *p, struct err *e);
/* What was written takes its name, and replaces a file or a link that had it. */
bool place_keep(struct place *p, struct err *e);
/* A link to `target` takes its name. */
bool place_link(struct place *p, const char *target, struct err *e);
/* Removes what was begun and not kept. */
void place_close(struct place *p);

/*
 * Where the link at `path` with that target leads, below the same top, as a path of plain names.
 * The caller frees; NULL: out of it, or to the top itself.
 */
char *place_resolve(const char *path, const char *target);

#endif
