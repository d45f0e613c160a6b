/*
 * The control socket of a shim: FOLDER/ctl.sock, SOCK_SEQPACKET, one record (base/items.h) a
 * packet, mode 0600 in a 0700 folder. Daemon and shim may be of different versions: keys that are
 * not known are ignored, and a request that is not known is answered by `error`.
 *
 *   daemon                 shim
 *   hello                  state          who it is, what runs; answered once the first step's program
 *                                         runs, and by `exit` alone if that could not be executed
 *   stat                   state          the same with memory and processor time measured now
 *   stop grace_ms=N        ok             TERM to the running step's group, KILL to the whole tree
 *                                         after grace_ms; asking again can only shorten the time
 *   kill                   ok             KILL to the whole tree now; finish does not run
 *   subscribe              ok, then events: `log` and `exit`
 *   ack                    (nothing)      the daemon has seen the last `log`: send the next
 *
 * Events: `log` log_end=N says that the log grew; at most one is on its way until it is acked, so a
 * slow daemon costs nothing and a fast one misses nothing. `exit` comes after the exit record is
 * durable; then the shim closes the socket and is gone. End of file without `exit`: the shim died.
 * At most SHIMCTL_CLIENTS connect at once; one more gets an `error` and is closed.
 *
 * Nothing here allocates. Sockets are non-blocking and close on exec; the caller owns them.
 */
#ifndef MLTOP_BASE_SHIMCTL_H
#define MLTOP_BASE_SHIMCTL_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SHIMCTL_VERSION = 1, SHIMCTL_MAX = 1024, SHIMCTL_CLIENTS = 4 };
#define SHIMCTL_SOCKET "ctl.sock"

enum shimctl_type {
	SHIMCTL_UNKNOWN, /* of a newer version */
	SHIMCTL_HELLO,
	SHIMCTL_STAT,
	SHIMCTL_STOP,
	SHIMCTL_KILL,
	SHIMCTL_SUBSCRIBE,
	SHIMCTL_ACK,
	SHIMCTL_STATE,
	SHIMCTL_OK,
	SHIMCTL_ERROR,
	SHIMCTL_LOG,
	SHIMCTL_EXIT,
};

enum shimctl_state {
	SHIMCTL_PREPARING,
	SHIMCTL_RUNNING,
	SHIMCTL_FINISHING, /* the finish command runs */
	SHIMCTL_CLEARING, /* the last step ended; what it left behind is ended, then the record written */
};

struct shimctl_message {
	int type;                /* enum shimctl_type */
	int state;               /* state: enum shimctl_state */
	int shim_pid, child_pid; /* state: child 0 between steps */
	int stopping;            /* state: 1 when a stop was asked for or a limit passed */
	int processes;           /* stat: how many the task has now */
	int64_t memory,
		memory_peak; /* stat: bytes resident, of the tree; 0 in the answer to hello */
	int64_t cpu_ms;      /* stat */
	int64_t start_ms;    /* state: wall time of the task's start */
	uint64_t log_end, log_lost; /* state, log: as in the exit record */
	int64_t grace_ms;           /* stop */
	char text[256];             /* error: a sentence */
	char name[24];              /* the type's word as sent: of use where it is not known */
};

/* Length, at most SHIMCTL_MAX; 0 when it does not fit. */
size_t shimctl_encode(char *out, size_t size, const struct shimctl_message *m);
bool shimctl_decode(struct shimctl_message *m, const char *data, size_t len, struct err *e);

/* The folder's path may be of any length. ERR_UNAVAILABLE when nobody listens there. */
int shimctl_connect(const char *folder, struct err *e);
/* For the shim: binds and listens in the open folder, replacing a socket file nobody listens on. */
int shimctl_listen(int folder, struct err *e);
/* False also when the other side does not read (ERR_BUSY) or is gone (ERR_UNAVAILABLE). */
bool shimctl_send(int fd, const struct shimctl_message *m, struct err *e);
/* 1: a message; 0: none yet; -1: closed or broken, *e says which (ERR_UNAVAILABLE: end of file). */
int shimctl_receive(int fd, struct shimctl_message *m, struct err *e);

#endif
