/*
 * The state folder: where it is, that it is ours alone, and that one daemon at a time uses it.
 */
#ifndef MLTOP_STORE_FOLDER_H
#define MLTOP_STORE_FOLDER_H

#include "base/err.h"

#include <stdbool.h>

/*
 * The default folder: $MLTOP_STATE_DIR, else $XDG_STATE_HOME/mltop/<machine-id>, else
 * ~/.local/state/mltop/<machine-id>. The caller frees. NULL with `e` when there is no home.
 */
char *folder_default(struct err *e);

/*
 * Makes it (0700) where it is missing and checks that it is ours, that others can neither list nor
 * write it (passing through is allowed: tasks of other users do), and that it is not on a network
 * file system, where neither SQLite nor our locks are safe.
 */
bool folder_prepare(const char *dir, struct err *e);

/*
 * Locks it for this process: *fd is to be kept open for as long. ERR_CONFLICT: another process has
 * it; the lock is on the file itself and goes with the process, however that ends.
 */
bool folder_lock(const char *dir, int *fd, struct err *e);

/* Reads a secret file of `size` bytes, or makes it from getrandom, 0600. Refuses other modes. */
bool folder_secret(const char *dir, const char *name, void *secret, int size, struct err *e);

#endif
