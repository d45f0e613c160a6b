/*
 * What filters may cost. A step is what core/text/regex.h counts, some 5 to 10 ns; rows that are
 * looked at and sent are counted in steps as well. All work on the loop is paid from three purses:
 * of this turn of the loop, so that others are served in between; of the request or the first pass
 * of a subscription; and of the access key, which fills again with time (shared platforms only).
 */
#ifndef MLTOP_SERVE_STEPS_H
#define MLTOP_SERVE_STEPS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct server;
struct key_use;

enum {
	STEPS_TURN = 500 * 1000,         /* some 4 ms */
	STEPS_LATERS = STEPS_TURN / 4,   /* of it for what began in an earlier one, at least */
	STEPS_ROW = 500 * 1000,          /* of one filter for one row */
	STEPS_PASS = 50 * 1000 * 1000,   /* of a request, or until a subscription has synced */
	STEPS_SECOND = 20 * 1000 * 1000, /* what a key gets back in a second: a sixth of a core */
	STEPS_BURST = 100 * 1000 * 1000, /* what it has at most */
	STEPS_PARSE = 50,                /* to read a byte of a filter */
	STEPS_LOOK = 10,                 /* to look at a row */
	STEPS_SEND = 200,                /* to write one on a stream */
	STEPS_BYTE = 1,                  /* to write a byte of a list */
	BEGIN_ROWS = 4 * 1000 * 1000, /* rows that a key's subscriptions may begin with at once */
	BEGIN_SECOND = 200 * 1000,    /* of them it gets back in a second */
	BEGIN_LEAST = 1000,           /* what each counts for besides its rows */
};

/* No more in this turn of the loop: go on in the next. */
bool steps_turn_over(const struct server *s);
/* Ms until the key has steps again; 0: it has. `use` may be NULL. */
int64_t steps_wait_ms(const struct server *s, struct key_use *use, int64_t mono);
void steps_spend(struct server *s, struct key_use *use, int64_t steps);
/*
 * May a subscription begin, each row of which is noted for it? Of a purse of its own: who merely waits for
 * steps may. False: `e` (ERR_BUSY).
 */
bool steps_begin(const struct server *s, struct key_use *use, size_t rows, int64_t mono,
	struct err *e);
/* The sentences of a filter that costs too much (ERR_UNPROCESSABLE); both return false. */
bool steps_refuse_row(struct err *e);
bool steps_refuse_pass(struct err *e);

#endif
