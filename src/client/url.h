/* The endpoint of a platform, taken apart. Pure. */
#ifndef MLTOP_CLIENT_URL_H
#define MLTOP_CLIENT_URL_H

#include "base/err.h"

#include <stdbool.h>

/* Owner: whoever holds the struct; nothing is allocated. */
struct url {
	bool tls;
	char host[256]; /* name or address, IPv6 without brackets */
	int port;
	char authority
		[300];    /* as the Host header has it: without a port that is the scheme's own */
	char prefix[512]; /* "" or "/cluster/a": before every path; no final slash */
};

/*
 * "http://127.0.0.1:8080", "https://ml.example.com/prefix/"; without a scheme https is meant, as
 * the public client has it. ERR_INVALID says what is wrong; user names, queries and fragments are
 * refused.
 */
bool url_parse(struct url *u, const char *text, struct err *e);
/* Is it this machine's loopback: 127.0.0.0/8, ::1 or localhost? */
bool url_is_loopback(const struct url *u);

#endif
