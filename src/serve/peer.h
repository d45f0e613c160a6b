/*
 * Who is at the other end of a connection: its address, the user of a program on this machine, and,
 * behind a proxy that is trusted, whom that says it speaks for. Addresses are texts as
 * getnameinfo(3) writes them, IPv4 in IPv6 as IPv4.
 */
#ifndef MLTOP_SERVE_PEER_H
#define MLTOP_SERVE_PEER_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct head;

enum { PEER_SIZE = 64 };

struct peer {
	char address[PEER_SIZE];
	/* As what it counts: the address, and on loopback its user where the kernel says it. */
	char counted[PEER_SIZE + 24];
};

/* Of an accepted socket: "unix" on a Unix one, "unknown" where it is gone already. */
void peer_of(struct peer *p, int fd);
bool peer_loopback(const char *address);

/* 192.0.2.0/24, 2001:db8::/32, or one address. */
struct network {
	uint8_t bytes[16]; /* IPv4 as ::ffff:a.b.c.d */
	unsigned bits;
};
bool network_parse(struct network *n, const char *text, struct err *e);
bool networks_have(const struct network *n, size_t count, const char *address);

/*
 * X-Forwarded-For of a request that a trusted proxy sent: the rightmost address that is not itself
 * trusted. False: there is none.
 */
bool peer_forwarded(const struct head *h, const struct network *trusted, size_t count,
	char out[PEER_SIZE]);

#endif
