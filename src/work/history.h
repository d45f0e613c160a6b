/*
 * Histories of what runs: once a second the F_SERIES fields of each live workload are added to its
 * series (core/schema/series.h), which is kept in samples/UID of the state folder: written now and
 * then, when the workload is over and at the daemon's end. It is no record that anybody was promised:
 * a power cut may cost what was not yet written, and a file that cannot be read is as if there were
 * none. Loop thread only, but for history_read.
 */
#ifndef MLTOP_WORK_HISTORY_H
#define MLTOP_WORK_HISTORY_H

#include "core/schema/series.h"

struct active;
struct history;
struct work;

void history_start(struct work *w);  /* also removes files of what is not there any more */
void history_stop(struct work *w);   /* writes what is not yet; not started is fine */
void history_soon(struct work *w);   /* something holds resources from now on */
void history_over(struct active *a); /* it is freed next */
void history_forget(struct work *w, const char *uid); /* its row is gone */

/* Of one in motion; NULL: it has none in memory, or not yet. Good until the next turn of the loop. */
const struct series *history_series(const struct active *a);
/* Where it is otherwise; the caller frees. */
char *history_path(const struct work *w, const char *uid);
/* What the engine knows from before, where nothing else is known. */
void history_past(const struct work *w, const char *uid, struct series *s);
/* Into `s`, which is initialised; any thread. False: there is none that can be read. */
bool history_read(struct series *s, const char *path);

#endif
