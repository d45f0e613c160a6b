/*
 * A store that knows no transaction over objects, with a writer beside ours: what the platform must
 * be able to stand on. Objects are in memory, each operation is one step (with a pause at random
 * before it), and a thread of its own touches jobs, orgs, keys and quotas at random moments: it gives
 * them a new revision, and jobs another current_rank, which nobody but it writes; it ends the program
 * when one of its changes was lost. A running job named taken-away it removes. Where MLTOPD_ALONE is
 * set there is no such thread. What is done is first appended to a file, so that a start finds it;
 * where that finds no room the store is full.
 */
#ifndef MLTOP_TESTS_APART_H
#define MLTOP_TESTS_APART_H

#include "store/inside.h"

#include "base/map.h"
#include "base/vec.h"

struct apart_object {
	struct op *op;    /* as a put; OP_GIVEN is the revision */
	struct buf carry; /* what is still to be done of the change that made it so */
	bool hidden;      /* removed, but for that */
	int64_t rank;     /* what the other writer wrote last; 0: nothing */
};

struct apart {
	struct store *store;
	pthread_mutex_t lock;   /* all below */
	struct map objects;     /* "kind uid" -> struct apart_object */
	struct map blobs;       /* "kind uid name" -> struct op */
	struct map nonces;      /* "key nonce" -> struct op */
	VEC(struct op *) audit; /* OP_GIVEN: number in its chain, OP_EXPECTED: among all */
	struct map dropped; /* org_id -> struct op: the last record of its chain that was dropped */
	int64_t audited;    /* number of the newest of all */
	uint64_t revision;
	int file;
	pthread_t other;
	bool others, stop;
	bool full; /* a test says that there is no room */
	unsigned seed;
};

/* memory.c: may it be done? False: conflict, with the object as it is in *now. */
bool apart_may(struct apart *a, const struct op *op, struct op **now, struct err *e);
/* One step; again, at a start, it changes nothing. */
void apart_do(struct apart *a, struct op *op, const struct buf *carry);
/* The change is whole: nothing is carried any more. */
void apart_settle(struct apart *a, const struct op *op);
void apart_release(struct apart *a);
/* Objects of that kind (and parent, "": any) in order of uid. The caller frees *out. */
size_t apart_list(struct apart *a, const char *kind, const char *parent, struct op ***out);

/* apart.c: notes it in the file; false: there is no room. */
bool apart_note(struct apart *a, const struct op *op, const struct buf *carry, struct err *e);

/* other.c: the writer beside ours. */
void *apart_other(void *arg);

extern const struct store_ops store_apart;

#endif
