/*
 * Loopback between orgs that have a Unix user each: a connection of one's task to a port that
 * another's holds is refused. By rules of nftables on what goes out on `lo`, asked for by owner: the
 * first packet of a connection marks it with who opens it, and where the answer comes from the socket
 * of another org it goes no further; what is sent again is refused. A datagram has no answer to wait
 * for: UDP of tasks on `lo` is for the name service alone. Everybody else (root, so the daemon; who
 * has no org) is left alone, and so is all that does not go over `lo`.
 *
 * One table a platform. It outlives the daemon, as tasks do, and goes when the daemon ends without
 * any. Calls block for some milliseconds, in which nft(8) runs.
 */
#ifndef MLTOP_ENGINE_LOCAL_LOOPBACK_H
#define MLTOP_ENGINE_LOCAL_LOOPBACK_H

#include "base/err.h"

#include <stdbool.h>

/* False: no such rules can be had here, and why. `id` is a word of letters, digits and hyphens. */
bool local_loopback_close(const char *id, struct err *e);
/* That user is an org's from now on. */
bool local_loopback_add(const char *id, unsigned uid, struct err *e);
/* Removes the table. */
void local_loopback_open(const char *id);

#endif
