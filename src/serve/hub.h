/*
 * Who listens to what: row subscriptions by kind and log subscriptions by what runs. What the
 * platform tells (server.h) costs one look-up and then a bit for each subscription.
 *
 * A row is known to subscriptions by its slot, a small number that stays the same as long as any of
 * them has sent it or owes it; a subscription holds two bits a slot: owed and sent. So nothing is
 * kept about the row itself, and a row that changes a thousand times before the socket takes it is
 * still one bit. Private to the server; everything on the loop thread.
 */
#ifndef MLTOP_SERVE_HUB_H
#define MLTOP_SERVE_HUB_H

#include "base/buf.h"
#include "base/map.h"
#include "base/vec.h"
#include "core/schema/schema.h"

#include <stdint.h>

struct server;
struct stream;
struct hub;

struct slot {
	uint32_t index, refs; /* refs: bits set in any subscription */
	char uid[];
};

/* All subscriptions of one kind. */
struct feed {
	const struct kind *kind;
	struct map by_uid;        /* uid -> struct slot */
	VEC(struct slot *) slots; /* by index; NULL: free */
	VEC(uint32_t) unused;
	VEC(struct row_sub *) subs;
	VEC(struct shared_filter *) filters;
	VEC(struct shared_fields *) fields;
	size_t *text_bytes; /* of all texts of all feeds of the hub */
};

/* A row as subscriptions send it. */
struct row_text {
	char *text; /* NULL: not written, or changed since */
	uint32_t len;
	unsigned char unused; /* sweeps since it was used */
};

/* The fields of all subscriptions that ask for the same: the text of each row is made once. */
struct shared_fields {
	struct fieldset set;
	size_t refs;
	VEC(struct row_text) texts; /* by slot */
};

/*
 * The filter of all subscriptions that ask for the same: each row is matched once, until it changes
 * or, where the filter has the time in it, until time has passed.
 */
struct shared_filter {
	char *text;
	struct filter *filter;
	size_t refs;
	uint64_t *known, *fits; /* bits by slot */
	size_t words;
	bool uses_time;
	size_t next;        /* row that a pass of time goes on with */
	int64_t pass_after; /* monotonic ms: not before it */
};

struct row_sub {
	struct stream *stream;
	struct feed *feed;
	uint32_t id;
	char *org;
	struct shared_filter *filter; /* NULL: all rows */
	struct shared_fields *fields;
	int64_t pass_steps;    /* until it has synced */
	uint64_t *owed, *sent; /* bits by slot */
	size_t words;
	size_t owed_count;
	/* A batch goes once through the slots, and what it meets goes out without waiting. */
	bool in_batch;
	size_t next; /* the slot that it goes on with */
	bool synced;
	int64_t ready_at; /* monotonic ms: before it a new batch does not begin */
};

struct hub *hub_new(struct server *s);
void hub_start(struct hub *h);
void hub_stop(struct hub *h); /* closes all streams and the timers */
void hub_free(struct hub *h); /* after the loop has closed the timers */
int hub_streams(const struct hub *h);

void hub_add_stream(struct hub *h, struct stream *st);
void hub_remove_stream(struct hub *h, struct stream *st);

/* All rows there are become owed. `filter` "": none. NULL with `e`: it does not parse. */
struct row_sub *hub_subscribe(struct hub *h, struct stream *st, const struct kind *k, uint32_t id,
	const char *org, const char *filter, const struct fieldset *fields, struct err *e);
void hub_unsubscribe(struct hub *h, struct row_sub *sub);
bool row_sub_ready(const struct row_sub *sub, int64_t mono); /* has something to send now */

/* A new batch begins where none is on its way. */
void row_sub_batch_begin(struct row_sub *sub);
/* The next owed slot of the batch is taken off; NULL: there is none. */
struct slot *row_sub_take(struct row_sub *sub);
bool row_sub_batch_left(const struct row_sub *sub); /* would row_sub_take find one? */
/* Marks the row as owed and sees to its being sent. */
void row_sub_owe(struct row_sub *sub, struct slot *slot, int64_t mono);
bool row_sub_was_sent(const struct row_sub *sub, const struct slot *slot);
void row_sub_set_sent(struct row_sub *sub, struct slot *slot, bool sent);
/* The batch is out: the next may begin after a pause. Arms the hub's timer when more is owed. */
void row_sub_batch_over(struct row_sub *sub, int64_t mono);
/* The row's slot; made where there is none. */
struct slot *feed_slot(struct feed *f, const char *uid);
/* Drops what no subscription needs of a slot just taken. */
void feed_settle(struct feed *f, struct slot *slot, bool exists);

/* ---- hub_filter.c ---- */

/* The feed's filter of that text, made where there is none yet; NULL: `e`. */
struct shared_filter *filter_obtain(struct feed *f, const char *text, struct err *e);
void filter_let_go(struct feed *f, struct shared_filter *sf);
/* Does the row of this slot fit? *steps as filter_match_within. */
bool filter_fits(struct shared_filter *sf, const struct slot *slot, const void *row, int64_t now,
	int64_t *steps);
/* The row has changed: it is to be matched again. */
void feed_filters_changed(struct feed *f, const struct slot *slot);
/* Rows that filters with the time in them now see otherwise become owed; some at a time. */
void feed_time_passed(struct hub *h, struct feed *f, int64_t mono, int64_t now);

/* ---- hub_texts.c ---- */

/* The feed's set of those fields, made where there is none yet. */
struct shared_fields *fields_obtain(struct feed *f, const struct fieldset *fields);
void fields_let_go(struct feed *f, struct shared_fields *sf);
/* Appends the row of this slot, whose text is there already or is kept for others. */
void row_text_add(struct feed *f, struct shared_fields *sf, const struct slot *slot,
	const void *row, struct buf *out);
/* The row has changed: it is to be written again. */
void feed_texts_changed(struct feed *f, const struct slot *slot);
/* Twice a second: texts that nobody wants any more are given back. */
void feed_texts_sweep(struct feed *f);

/* Between hub.c, hub_rows.c and hub_filter.c. */
struct feed *hub_feed(struct hub *h, const struct kind *k);
struct server *hub_server(const struct hub *h);
void hub_arm_batch(struct hub *h, int64_t ms); /* looks in `ms` for batches that may begin */

/* Log subscriptions, by the uid of what runs. */
struct log_sub;
void hub_add_log(struct hub *h, struct log_sub *sub);
void hub_remove_log(struct hub *h, struct log_sub *sub);

#endif
