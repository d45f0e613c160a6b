/*
 * What a store is made of: the queue and the thread, which all stores share, and the table of
 * functions that each fills. Included by the files of src/store and by the stores themselves only.
 */
#ifndef MLTOP_STORE_INSIDE_H
#define MLTOP_STORE_INSIDE_H

#include "store/store.h"

#include <pthread.h>
#include <stdatomic.h>

enum op_kind {
	OP_PUT,
	OP_REMOVE,
	OP_BLOB_PUT,
	OP_CHILDREN_REMOVE,
	OP_CHILDREN_TRIM,
	OP_AUDIT_ADD,
	OP_NONCE_PUT,
	OP_NONCES_EXPIRE,
	OP_AUDIT_DROP,
	OP_COUNT,
};

/*
 * What the texts and numbers of an operation are. An object's stand where its members do; of the
 * others: a blob's name is OP_NAME, an audit record OP_NAME; a nonce has its key, itself and its hash
 * first, its expiry and status as numbers; what a trim keeps, and what an audit drops up to, is OP_GONE;
 * an audit record's number in its chain is OP_GIVEN.
 */
enum { OP_KIND, OP_UID, OP_ORG, OP_PARENT, OP_NAME, OP_TEXTS };
enum { OP_GONE, OP_EXPECTED, OP_GIVEN, OP_NUMBERS };
enum { NONCE_KEY = OP_KIND, NONCE_SELF = OP_UID, NONCE_HASH = OP_ORG };
enum { NONCE_EXPIRES = OP_GONE, NONCE_STATUS = OP_EXPECTED };

/* `blob`: an object's pack, a blob's or an answer's bytes. OP_GIVEN: the new revision, once done. */
struct op {
	struct op *next;
	enum op_kind kind;
	const char *text[OP_TEXTS]; /* never NULL */
	int64_t number[OP_NUMBERS];
	const void *blob;
	size_t blob_len;
	char bytes[]; /* where texts and blob lie */
};

struct store_tx {
	struct op *first, **last;
	bool urgent;
};

enum look_kind {
	LOOK_CHILDREN, /* text: kind, parent; number: limit */
	LOOK_BLOBS,    /* text: kind, uid */
	LOOK_AUDIT,    /* text: org; number: before, limit */
	LOOK_OLD,      /* text: time */
	LOOK_NONCE,    /* text: access key, nonce */
	LOOK_VERIFY,   /* text: org */
	LOOK_CHECK,
	LOOK_COPY, /* text: path */
	LOOK_COUNT,
};

/* What waits for the thread, or for the loop afterwards. */
struct item {
	struct item *next;
	struct store_tx *tx; /* a change */
	bool refused;        /* for want of room: the rest of the batch goes without it */
	bool told;           /* that is done: of it the feed is told, and nobody else */
	uint64_t version;
	store_done done;
	/* or a look: run by the thread outside of any transaction */
	bool (*look)(struct store *s, struct item *it, struct err *e);
	char *text[2];
	int64_t number[2];
	struct buf *rows;
	size_t row_count;
	store_rows_done rows_done;
	void *ctx;
	/* how it went */
	bool ok;
	struct err e;
	struct op *now; /* the object in conflict; NULL: none */
};

/*
 * A store. Its own data are s->back. All but open, load and close run on the thread, one at a time.
 */
struct store_ops {
	/* Can it make several objects last together? Then `batch`, else `one` and `settle`. */
	bool many;
	/* Sets s->back, s->version_at_start and s->was_clean. After a failure `close` is called. */
	bool (*open)(struct store *s, struct err *e);
	void (*close)(struct store *s);
	bool (*load)(struct store *s, const struct store_loader *l, struct err *e);
	/* Makes the changes from `first` up to `end` last, together; fills in how each went. */
	void (*batch)(struct store *s, struct item *first, struct item *end);
	/*
	 * Makes one operation last. `carry` (of a first object) are the operations still to come, kept
	 * inside the object until `settle` is called: an object removed with some is only hidden.
	 * It tells the feed of it by store_told. A conflict puts the object as it is into *now.
	 */
	bool (*one)(struct store *s, struct op *op, const struct buf *carry, struct op **now,
		struct err *e);
	bool (*settle)(struct store *s, const struct op *op, struct err *e);
	void (*version)(struct store *s, uint64_t version);
	/* Any thread. Can it take changes, as far as its disk tells? NULL: always. */
	bool (*ready)(const struct store *s, struct err *e);
	/* Nobody waits (or `busy`): a good moment for what must be done some time. NULL: nothing is. */
	void (*pause)(struct store *s, bool busy);
	bool (*look[LOOK_COUNT])(struct store *s, struct item *it, struct err *e);
};

/*
 * What stands before a store: objects that are made up and in no file until they are changed. Its data
 * are s->before. All of the store's own are told after, and win.
 */
struct store_front {
	void (*open)(struct store *s);
	void (*close)(struct store *s);
	bool (*load)(struct store *s, const struct store_loader *l, struct err *e);
	void (*children)(struct store *s, struct item *it); /* the thread's; before the store's */
};

struct store {
	const struct store_ops *ops;
	void *back;
	const struct store_front *front; /* NULL: none */
	void *before;
	struct store_config config;
	struct store_feed feed;
	char *dir;
	uint8_t master[STORE_VAULT_KEY];
	bool was_clean;
	uint64_t version_at_start, lost;

	pthread_t thread;
	bool running;
	pthread_mutex_t lock;
	pthread_cond_t more, idle;
	struct item *queue, **queue_last, *finished, **finished_last;
	struct item *
		*half; /* in `finished`: where a change begins that is half done; NULL: none is */
	bool stop, busy;
	atomic_int health;
	/* The thread's: */
	uint64_t making; /* version of the change that it is at */
	struct store_tx
		*rest; /* of a decided change, from its object on: could not be finished yet */
};

/* thread.c */
void *store_thread(void *arg);
void item_free(struct item *it);
void store_queue(struct store *s, struct item *it);
/* Appends a row to what a look answers. */
struct buf *item_row(struct item *it);
/*
 * Any thread. Tells the feed of objects put or removed, in the order of the calls. `version`:
 * s->making for what was done for us, 0 for what somebody else did. Consumes tx.
 */
void store_told(struct store *s, struct store_tx *tx, uint64_t version);
/*
 * The thread's. Between these nothing that is told comes to the loop: there a change of ours is seen
 * whole, and all in the order in which the store did it.
 */
void store_half_done(struct store *s);
void store_whole(struct store *s);
void store_fault(struct store *s, const char *point);

/* tx.c: copies the model op with all that it points at behind it. */
struct op *op_copy(const struct op *model);
void op_append(struct store_tx *tx, struct op *op);
struct store_object op_object(const struct op *op);

/* steps.c: a change on a store that does one object at a time. */
void steps_run(struct store *s, struct item *it);
/* At the start: what was still to come when the object was read. */
bool steps_resume(struct store *s, const struct op *object, const struct buf *carry, struct err *e);
void ops_write(const struct op *first, struct buf *out);
/* NULL: these are not what ops_write wrote. */
struct store_tx *ops_read(const void *data, size_t len);

/* ---- audit.c: what chains are in any store ---- */

void audit_next(const unsigned char before[32], const char *record, size_t len,
	unsigned char after[32]);
void audit_hex(const void *hash, size_t len, char out[STORE_HASH_HEX]);
/* A chain, looked at record by record: zeroed by walk_begin. */
struct audit_walk {
	const char *chain;
	int64_t first,
		n;       /* numbers: of the last that was dropped, of the last that was looked at */
	int64_t dropped; /* what the newest checkpoint says */
	char dropped_hash[STORE_HASH_HEX];
	unsigned char hash[32], base[32];
};
void walk_begin(struct audit_walk *w, const char *chain, int64_t first, const void *base);
bool walk_record(struct audit_walk *w, int64_t n, const char *record, size_t len, const void *hash,
	size_t hash_len, struct err *e);
/* `n`, `hash`: what the newest is known to be. */
bool walk_end(struct audit_walk *w, int64_t n, const void *hash, struct err *e);
/* The sentence, and `each` (a line a chain: org, records, dropped, hash) in rows of their own. */
void audit_verified(struct item *it, int64_t count, const struct buf *each);

#endif
