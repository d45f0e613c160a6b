/*
 * Is a replica ready? One question to 127.0.0.1:port: does it take a connection, or what does it
 * answer to a GET. What an answer means is the asker's to judge: servers say that they are ready by
 * their status, or in the body. On the loop's thread.
 */
#ifndef MLTOP_BALANCE_PROBE_H
#define MLTOP_BALANCE_PROBE_H

#include <stddef.h>
#include <stdint.h>

struct probe;
struct uv_loop_s; /* uv_loop_t, of uv.h */

enum { PROBE_BODY_MAX = 64 * 1024, PROBE_CONNECTED = 0 };

struct probe_asks {
	int port;
	uint32_t mark;    /* as in struct balance_settings */
	const char *path; /* with its query, as it goes into the request line; NULL: only connect */
	int64_t most_ms;  /* for all of it; above 0 */
	/*
	 * Called once, in a later turn of the loop. status: of the answer; PROBE_CONNECTED where there
	 * was nothing to ask; -1: neither, and `why` says what was wrong, in words for a person ("takes
	 * no connection on port 8080"). `body`: at most PROBE_BODY_MAX bytes of it, ended by NUL.
	 */
	void (*answered)(void *ctx, int status, const char *body, size_t len, const char *why);
	void *ctx;
};

/* `asks` is copied. The probe frees itself after it has answered. */
struct probe *probe_start(struct uv_loop_s *loop, const struct probe_asks *asks);
/* Before it has answered: it will not. It lives until the loop has let go of its handles. */
void probe_stop(struct probe *p);

#endif
