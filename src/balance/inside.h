/*
 * What the parts of the balancer share. Private to this folder.
 *
 * A request goes: client.c reads its head -> relay.c makes the head that backends see and finds it
 * an upstream (pick.c) -> upstream.c connects and sends -> answer.c reads the answer and passes it to
 * the client. Each of the four calls the next one; what goes wrong goes back to relay.c, which
 * sends once more or answers itself. balance.c is above them: life, listener, backends, time.
 */
#ifndef MLTOP_BALANCE_INSIDE_H
#define MLTOP_BALANCE_INSIDE_H

#include "balance/balance.h"
#include "base/buf.h"
#include "http/chunks.h"
#include "http/head.h"

#include <netinet/in.h>
#include <sys/types.h>
#include <uv.h>

enum {
	BALANCE_PIECE = 64 * 1024,   /* bytes received at once */
	BALANCE_AHEAD = 64 * 1024,   /* bytes of a request that a backend has not taken yet */
	BALANCE_HEAD_MS = 10 * 1000, /* from accept, or its first byte, to a whole head */
	BALANCE_IDLE_MS = 75 * 1000, /* a client's connection between two requests */
	BALANCE_STALL_MS = 60 *
		1000,             /* a client that neither sends its body nor takes its answer */
	BALANCE_LINGER_MS = 1000, /* after the last answer, so that no reset can overtake it */
	BALANCE_TUNNEL_MS = 3600 * 1000, /* an upgraded connection that carries nothing */
	BALANCE_CONNECT_MS = 2000,       /* to a backend */
	BALANCE_KEEP_MS = 2900, /* an idle connection to a backend: servers close after 5 s */
	BALANCE_TICK_MS = 1000,
};

/* ---- sock.c: a socket and what is waited for ---- */

enum { SOCK_AGAIN = -1, SOCK_BROKEN = -2 };

struct sock {
	struct balancer *b;
	uv_poll_t poll;
	int fd, events;
	bool open;
	void (*ready)(struct sock *s, bool readable, bool writable);
	void (*freed)(struct sock *s); /* nobody has it any more; after sock_close */
};

/* Takes over the descriptor; false: it is closed, and `freed` will not come. */
bool sock_open(struct sock *s, struct balancer *b, int fd);
void sock_watch(struct sock *s, bool read, bool write);
/* Bytes; 0: the other side has ended; SOCK_AGAIN; SOCK_BROKEN. */
void sock_mark(int fd, uint32_t mark); /* before it connects; 0, or where we may not: not at all */
ssize_t sock_read(struct sock *s, char *to, size_t size);
bool sock_silent(
	const struct sock *s); /* open at the other side, and nothing came that waits to be read */
/* Bytes taken, maybe 0; SOCK_BROKEN. */
ssize_t sock_write(struct sock *s, const char *from, size_t len);
void sock_reset(struct sock *s); /* closing it will be a reset, not an orderly end */
void sock_close(struct sock *s);
void balancer_handle_closed(struct balancer *b); /* the last one takes it along, once it closes */

/* ---- body.c: a body on its way ---- */

/* UNTIL_CLOSE: of an answer that nothing but the end of its connection ends. */
enum body_kind { BODY_NONE, BODY_LENGTH, BODY_CHUNKED, BODY_UNTIL_CLOSE };

struct body {
	enum body_kind kind;
	bool over, wrong;
	uint64_t left;
	struct chunks chunks;
	bool as_chunks; /* how it is passed on */
};

void body_begin(struct body *b, enum body_kind kind, uint64_t length, bool as_chunks);
/* Adds to `to` what is the body's, and returns how many bytes that were. */
size_t body_pass(struct body *b, const char *bytes, size_t len, struct buf *to);
/* The end of one that goes until the close. */
void body_close(struct body *b, struct buf *to);

/* ---- heads.c: heads as they are passed on ---- */

struct relay_line {
	const char *address; /* of the client */
	bool upgrade;        /* to a websocket */
	const char *const *hidden;
};

/* `bytes` is what `h` was read from. */
void heads_request(struct buf *to, const struct head *h, const char *bytes,
	const struct relay_line *line);
/* `body` is what follows; close: the client's connection ends with it. */
void heads_answer(struct buf *to, const struct head *h, const char *bytes, const struct body *body,
	bool http11, bool close);
bool heads_websocket(const struct head *h); /* asks for an upgrade to one */
/* An answer of our own: {"error": true, "message": ...}. */
void heads_error(struct buf *to, int status, const char *sentence, bool body, bool close);

/* ---- The parts ---- */

struct backend {
	struct balancer *b;
	void *owner;
	unsigned slot; /* in b->backends */
	struct sockaddr_in address;
	bool draining, told; /* told: calls->drained was called */
	size_t in_flight;
	uint64_t shy_until;           /* loop ms: it refused, others are asked first */
	struct upstream *busy, *idle; /* the newest first */
};

struct upstream {
	struct sock sock;
	struct backend *backend;
	struct upstream *before, *next; /* in busy or idle of its backend */
	struct relay *x;                /* NULL: idle */
	bool connecting, used;          /* used: it has carried a request before */
	bool write_broken;   /* it takes no more; maybe there is an answer all the same */
	uint64_t idle_since; /* loop ms */
	struct head_scan scan;
	struct buf in; /* of a head that is not whole */
};

struct relay {
	struct balancer *b;
	struct client *client;
	struct upstream *up;                   /* NULL: it has none yet, or none any more */
	struct relay *wait_before, *wait_next; /* of those that wait for a backend */
	bool waits;
	struct buf out;    /* what backends get, from its first byte where `whole` */
	size_t out_at;     /* bytes that this upstream has taken */
	bool whole, large; /* large: too much to be kept until an answer comes */
	size_t head_len;
	size_t held;      /* bytes counted in b->held_bytes */
	uint64_t tried;   /* slots of backends */
	uint64_t stale;   /* of these: where only a connection that was kept broke */
	int sends;        /* upstreams that have taken something of it */
	uint64_t began;   /* ns */
	uint64_t until;   /* loop ms; 0: no limit now */
	struct body body; /* what the client sends */
	bool is_head, http11, upgrade;
	/* Its answer. */
	bool heard;    /* its first byte has come */
	bool begun;    /* something of it was given to the client */
	bool headed;   /* its head is read, `answer` is its body */
	bool tunnel;   /* bytes are passed in both directions */
	bool up_keeps; /* the upstream can carry another one after it */
	int status;
	struct body answer;
};

enum client_phase { CLIENT_IDLE, CLIENT_HEAD, CLIENT_REQUEST, CLIENT_LINGER };

struct client {
	struct sock sock;
	struct client *before, *next;
	enum client_phase phase;
	struct relay *x;  /* NULL: none */
	bool taking;      /* client_take runs: what ends in it goes on there */
	bool close_after; /* the connection ends with this answer */
	uint64_t until;   /* loop ms; 0: no limit now */
	struct head_scan scan;
	struct buf in; /* received, and not yet anybody's */
	struct buf out;
	size_t out_at;
	char address[INET6_ADDRSTRLEN];
};

struct balancer {
	uv_loop_t *loop;
	struct balance_settings set;
	const struct balance_calls *calls;
	void *ctx;
	size_t handles; /* that are open, sockets and those below */
	uv_poll_t listener;
	int listen_fd; /* -1: none */
	uv_timer_t tick, later;
	bool closing;
	void (*freed)(void *ctx);
	void *freed_ctx;
	struct backend *backends[BALANCE_BACKENDS_MAX];
	unsigned turn; /* where the next choice among equals begins */
	struct client *clients;
	struct relay *waiting, *waiting_last;
	struct balance_stats stats;
};

/* ---- client.c ---- */

void client_open(struct balancer *b, int fd, const char *address);
void client_kill(struct client *c);
/* Sends what was added to c->out, as far as its socket takes it. */
void client_flush(struct client *c);
bool client_choked(const struct client *c);
void client_resume(struct client *c);   /* its request may have room for more of its body */
void client_answered(struct client *c); /* its request is over and freed */
void client_look(struct client *c, uint64_t now); /* are its limits of time over? */

/* ---- relay.c ---- */

/* Of a head that was read from `bytes`. It may be over when this returns. */
void relay_begin(struct client *c, const struct head *h, const char *bytes);
void relay_sent(struct relay *x); /* its upstream took something */
/* Takes what is its body's; 0 where it takes nothing now. */
size_t relay_body(struct relay *x, const char *bytes, size_t len);
bool relay_takes(const struct relay *x); /* would it take more? */
void relay_go(struct relay *x);          /* to a backend, or on waiting */
void relay_heard(struct relay *x); /* the first byte of its answer: nothing is kept any more */
/* Its upstream was lost and is closed; refused: it was never connected. */
void relay_lost(struct relay *x, bool refused);
/* Answers itself, where no answer has begun; else breaks off. */
void relay_fail(struct relay *x, int status, const char *sentence);
void relay_over(struct relay *x); /* all of its answer is with its client */
void relay_gone(struct relay *x); /* its client has left */
void relay_look(struct relay *x, uint64_t now);
/* Bytes of a tunnel, from its client. */
void relay_tunnel(struct relay *x, const char *bytes, size_t len);

/* ---- upstream.c ---- */

/* Gives the request a connection to that backend; fresh: one that has carried nothing. */
void upstream_take(struct backend *backend, struct relay *x, bool fresh);
void upstream_send(struct upstream *u); /* what there is in its request's out */
void upstream_watch(struct upstream *u);
void upstream_leave(struct upstream *u, bool keep); /* its request is done with it */
void upstream_close(struct upstream *u);
void upstream_lose(struct upstream *u);                             /* as if it had broken */
void upstream_expire(struct backend *backend, uint64_t idle_since); /* closes idle ones */

/* ---- answer.c ---- */

/* Takes what has come from the request's upstream. The upstream may be closed afterwards. */
void answer_take(struct relay *x, const char *bytes, size_t len);
/* The upstream has ended its side; broken: not in order. */
void answer_ended(struct relay *x, bool broken);

/* ---- pick.c ---- */

/* One with the fewest in flight, none of the slots in `not`; NULL: there is none. */
struct backend *pick_backend(struct balancer *b, uint64_t not );
void backend_enter(struct backend *backend);
void backend_leave(struct backend *backend);
void backend_look_drained(struct backend *backend); /* its owner is told, where it is */

#endif
