/*
 * Requests of the load bench: signed with the platform's own signer, sent over connections that stay, many
 * at once. One thread each; what fails ends the program with a sentence.
 */
#ifndef MLTOP_BENCH_LOAD_NET_H
#define MLTOP_BENCH_LOAD_NET_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct key {
	char access[64], secret[128];
};

struct load {
	int port;
	struct key keys[256];
	size_t key_count;
};

_Noreturn void load_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
double load_now(void);     /* monotonic ms */
double load_own_cpu(void); /* ms of this process */

/* "ACCESS SECRET" a line. */
void load_keys(struct load *l, const char *path);
int load_connect(const struct load *l);

/*
 * Appends a request. `target`: path with query, encoded; `body` NULL: none; `extra`: lines of the head that
 * are not signed, each with CRLF.
 */
void load_request(const struct load *l, const struct key *key, const char *method,
	const char *target, const char *body, const char *extra, struct buf *out);

/* A connection on which one request is on its way at most. */
struct link {
	int fd;
	bool busy;
	bool head_over; /* of the answer that comes */
	size_t left;    /* of its body */
	int status;
	size_t bytes; /* of its body */
	struct buf in;
	bool keeps; /* the body stays in `in` */
	size_t number;
	double due; /* when it was to be sent */
};

void link_open(const struct load *l, struct link *k);
void link_send(struct link *k, const struct buf *request);
/* Reads what there is; true: the answer is whole and the link free again. */
bool link_read(struct link *k);
/* One request and its answer, body in k->in. */
void link_ask(struct link *k, const struct buf *request);

/* Times in ms of each request, sorted by load_sort before they are read. */
struct times {
	double *ms;
	size_t count;
};
void times_sort(struct times *t);
double times_at(const struct times *t, double part); /* 0.99: p99 */

/*
 * `count` requests, one behind the other on each of `links` connections. make(ctx, n, out) appends the nth.
 * Any answer other than 2xx ends the program.
 */
void load_closed(const struct load *l, size_t links, size_t count,
	void (*make)(void *ctx, size_t n, struct buf *out), void *ctx, struct times *t,
	size_t *bytes);

#endif
