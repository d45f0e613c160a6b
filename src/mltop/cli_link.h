/*
 * A verb that goes on (logs -f, run, list --watch): its platform may go away and come back, and so
 * may who reads its output. All on the loop's thread.
 */
#ifndef MLTOP_CLI_LINK_H
#define MLTOP_CLI_LINK_H

#include "mltop/cli.h"

#include "client/finder.h"
#include "client/stream.h"

#include <uv.h>

struct cli_link {
	struct cli *cli;
	void *ctx;
	/* The platform has moved: c->api and c->context are new, what was open is to be opened anew. */
	void (*moved)(void *ctx);
	/* It refuses us, or cannot be had again. */
	void (*lost)(void *ctx, const struct err *why);
	/* Nobody reads standard output any more. */
	void (*unread)(void *ctx);
	/* its own */
	struct finder *finder;
	uv_timer_t again;
	uv_poll_t reader;
	int reader_fd;   /* -1: standard output is nothing that can be left */
	int64_t lost_ms; /* monotonic, since when the platform is away; 0: it is not */
	bool open;
};

/* The four members above are set; the struct stays where it is until the loop has run out. */
void cli_link_open(struct cli_link *l);
void cli_link_close(struct cli_link *l);
/*
 * For the stream's `link`. A cut is no end: the stream comes back by itself, and a private platform,
 * which has another port after each start, is looked for, and started. Says once that it is away.
 */
void cli_link_state(struct cli_link *l, enum stream_link link, const struct err *why);

#endif
