/*
 * A reverse proxy over the replicas of one service: HTTP/1.1 with clients and with backends, each
 * request to a backend that has the fewest in flight. It knows no kind and no store: its owner says
 * which backends there are, and reads the counters. Everything runs on the loop's thread.
 *
 * - A request is kept, up to `retry_bytes`, until the first byte of its answer; when its connection
 *   breaks before that byte, it is sent once more, to another backend where there is one. A backend
 *   that refuses the connection has taken nothing, so that the next one is tried whatever its size.
 * - What is larger, and all where `retry` is false, is given to another backend only when nothing of
 *   it was taken; it goes over a new connection, because one that was kept may just be closing.
 * - Bodies go through in pieces, in both directions: a side that does not take stops the other one.
 * - A websocket is passed on as bytes after its upgrade. Other upgrades are not offered to backends:
 *   what follows them would be requests that nobody here has read.
 */
#ifndef MLTOP_BALANCE_BALANCE_H
#define MLTOP_BALANCE_BALANCE_H

#include "base/err.h"
#include "balance/latency.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct balancer;
struct backend;
struct head;
struct uv_loop_s; /* uv_loop_t, of uv.h */

enum { BALANCE_BACKENDS_MAX = 64 };

/* Zero in a number means what stands beside it. */
struct balance_settings {
	size_t connections_max; /* of clients at once; 1024 */
	size_t retry_bytes;     /* of a request that is kept; 256 KiB */
	size_t held_max;        /* bytes of all requests that are kept or wait; 16 MiB */
	size_t waiting_max;     /* requests that wait for a backend; 256 */
	bool retry;             /* false: nothing is sent twice */
	int64_t wait_ms;        /* for a backend where none is ready; 0: not at all */
	int64_t answer_ms;      /* to the next byte of an answer; 10 minutes */
	uint32_t mark;          /* of connections to backends (SO_MARK), where we may; 0: none */
	/* Names of fields, lower case, that backends do not see; NULL-ended, kept; NULL: none. */
	const char *const *hidden;
};

struct balance_calls {
	/* May this request be passed on? False: answered with *status and *e's sentence. */
	bool (*admit)(void *ctx, const struct head *h, int *status, struct err *e);
	/* A request waits, and no backend is ready; once for each such request. */
	void (*wanted)(void *ctx);
	/* A backend that drains has nothing in flight any more: it may be removed. Once, later. */
	void (*drained)(void *ctx, struct backend *backend);
};

/* What it did since it was made, and what is now. */
struct balance_stats {
	uint64_t requests; /* answered, or broken off by us or a backend */
	uint64_t errors;   /* of these: answered with 500 and above, or broken off */
	uint64_t retries;  /* sent once more */
	size_t in_flight, waiting, connections, held_bytes;
	struct latency latency; /* from a request's whole head to its answer's last byte */
};

/* `settings` is copied. `calls` and `ctx` are kept; any of the calls may be NULL. */
struct balancer *balancer_new(struct uv_loop_s *loop, const struct balance_settings *settings,
	const struct balance_calls *calls, void *ctx);
/* For requests that begin from now on. */
void balancer_set(struct balancer *b, const struct balance_settings *settings);
/* Numeric address; *port 0: one that is free, which it becomes. Once. */
bool balancer_listen(struct balancer *b, const char *address, int *port, struct err *e);
/* Breaks off what there is. `freed` comes in a later turn of the loop, when nothing is left of it. */
void balancer_free(struct balancer *b, void (*freed)(void *ctx), void *ctx);

/*
 * A backend at 127.0.0.1:port that is ready. NULL: there are BALANCE_BACKENDS_MAX. `owner` is the
 * caller's. Owned by the balancer, until balancer_remove.
 */
struct backend *balancer_add(struct balancer *b, int port, void *owner);
void *backend_owner(const struct backend *backend);
size_t backend_in_flight(const struct backend *backend);
/* Gives it no more requests and closes what is idle; calls->drained says when it has done all. */
void balancer_drain(struct backend *backend);
/* At once: what it has in flight is sent elsewhere where that is right, else broken off. */
void balancer_remove(struct backend *backend);

void balancer_stats(const struct balancer *b, struct balance_stats *out);

#endif
