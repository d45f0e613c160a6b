/*
 * Files, whole and durable. All paths are NUL-terminated; relative ones are relative to `dirfd`
 * where one is taken (AT_FDCWD for the working folder).
 */
#ifndef MLTOP_BASE_FSIO_H
#define MLTOP_BASE_FSIO_H

#include "base/buf.h"
#include "base/err.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Makes the folder and its missing parents, each with `mode`. */
bool fsio_mkdirs(const char *path, mode_t mode, struct err *e);
/* Appends the whole file to `out`; more than `limit` bytes is an error. ERR_NOT_FOUND if absent. */
bool fsio_read(const char *path, struct buf *out, size_t limit, struct err *e);
bool fsio_read_at(int dirfd, const char *path, struct buf *out, size_t limit, struct err *e);
/* Writes aside, fsyncs, renames over `path`, fsyncs the folder. */
bool fsio_write(const char *path, const void *data, size_t len, mode_t mode, struct err *e);
/*
 * A new file beside `path`, to be written and renamed over it: "PATH.part-" and some letters, made
 * as open(2) does by the umask. *name is the caller's to free; -1: errno says why.
 */
int fsio_aside(const char *path, char **name);
/* After a rename into the folder: the name is on the disk too. */
bool fsio_sync_folder(const char *path, struct err *e);
/* All of it, through short writes and EINTR. */
bool fsio_write_all(int fd, const void *data, size_t len);
/* Removes the tree without following links; absent is success. */
bool fsio_remove_tree(const char *path, struct err *e);
/* The same, and gives up (ERR_UNAVAILABLE) soon after `stop`, which may be NULL, is set. */
bool fsio_remove_tree_until(const char *path, atomic_bool *stop, struct err *e);
/*
 * Gives the tree `name` in the open folder `parent`, which we own whole, to another user: by
 * descriptors, never by a path, the top last, so that nothing outside it changes hands whatever that
 * user does meanwhile. Links, files of several names and what is not ours are refused, as are more
 * than FSIO_LEVELS_MAX levels; then some of it may have been given.
 */
enum { FSIO_LEVELS_MAX = 128 }; /* folders in each other, the top among them */
bool fsio_give_tree(int parent, const char *name, uid_t uid, gid_t gid, struct err *e);
/* Bytes on the disk of the plain file, or of all in the tree, as du counts them; follows no link. */
int64_t fsio_tree_bytes(int parent, const char *name);
/* What was counted by the time that `stop`, which may be NULL, is set. */
int64_t fsio_tree_bytes_until(int parent, const char *name, atomic_bool *stop);
/* True when the path lies on a network file system, where our locks and SQLite are not safe. */
bool fsio_is_network(const char *path);
/* Joins with one slash; the caller frees. */
char *fsio_join(const char *dir, const char *name);
/* The folder that holds the running program (/proc/self/exe), or "" ; cached by nobody: caller frees. */
char *fsio_program_dir(void);

#endif
