/*
 * What a task has to itself of what all users of a machine share: /tmp, /var/tmp, /dev/shm, System V
 * and POSIX shared memory, queues and semaphores, and the names of abstract unix sockets. For the
 * child of a shim, as root; calls only what may be called after fork(2).
 */
#ifndef MLTOP_BASE_TASKVIEW_H
#define MLTOP_BASE_TASKVIEW_H

#include <stdbool.h>

/*
 * A mount view and an IPC namespace of its own, in which /tmp and /var/tmp are the folder `tmp` and
 * /dev/shm is empty. `keep`, the folder that the task lives in, is still at its path where that is
 * below one of these. Afterwards files are looked up with the rights of `uid` and `gid`, where these
 * are not -1, until the process becomes that user. False: errno.
 */
bool taskview_own(const char *tmp, const char *keep, int uid, int gid);
/* From here on no abstract unix socket that was made outside is connected to; needs no_new_privs. */
bool taskview_close_sockets(void);

/* Tried in a child; block for some milliseconds. */
bool taskview_can_own(void);
bool taskview_can_close_sockets(void);

#endif
