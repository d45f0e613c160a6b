/*
 * A change on its way to the disk, as the files of the model see it. change.c composes it, flight.c
 * lets it wait for its turn, commit.c sends it there and takes it back, feed.c shows what arrived
 * there; nobody else sees inside.
 */
#ifndef MLTOP_MODEL_CHANGE_H
#define MLTOP_MODEL_CHANGE_H

#include "model/sets.h"
#include "model/model.h"

#define LARGE_BLOB "large" /* of the texts of an object that are long: record_split */

/* A record of any kind. */
union any_record {
	struct record record;
	char bytes[KIND_SIZE_MAX];
};

/* One object of a change. */
struct entry {
	const struct set *set;
	char *uid, *org_id, *parent, *name;
	struct buf pack;         /* of the record; empty: it is removed */
	struct buf sealed;       /* a key's secret, beside it */
	struct fieldset touched; /* what this change is about: all else is left as others make it */
	struct fieldset own; /* of these, what composing it changed in the row that work goes by */
	uint64_t base;       /* revision of the row that it was made from */
	bool fresh;          /* must not be there yet */
	bool strict;         /* must be as it was when the change was composed */
	bool any;            /* is ours alone: no revision is compared */
	bool gone;           /* gives its name up */
	bool done;           /* nothing is to be stored of it */
	bool stored;         /* the store has told of it */
	bool coming;         /* counted in model_coming */
	int64_t bytes;       /* that the store will have of it, and beside it */
	bool took, gave;     /* the name was reserved, or given up, when it was composed */
};

struct change {
	struct model *m;
	VEC(struct entry) entries;
	struct store_tx *before; /* what goes before the objects: texts beside them */
	struct store_tx *more;   /* and behind them */
	uint64_t version;
	int tries;
	bool running;
	/* who asked */
	struct author by;
	bool asked, audited;
	char *actor, *actor_org;
	int64_t expires; /* of the nonce */
	int status, kept_status;
	char *answer;
	const char *kept; /* what a repeated request gets; NULL: the answer itself */
	change_after after;
	void *after_ctx;
	change_answered answered;
	void *answered_ctx;
};

/* flight.c. The change waits for those before it at each of its objects; is it the first at all? */
void flights_join(struct change *c);
bool flights_first(struct change *c);
/* It is over: those behind it may be first now, and flights_next gives those that are; NULL: none. */
void flights_leave(struct change *c);
struct change *flights_next(struct model *m);
/* What the changes of that object that are on their way are about: they are put over what others make. */
void flight_touches(const struct model *m, const struct kind *k, const char *uid,
	struct fieldset *out);
/* The store has told of what the first of these made of it: what others make now comes after that. */
void flight_stored(const struct model *m, const struct kind *k, const char *uid);
struct entry *entry_find(struct change *c, const char *kind, const char *uid); /* NULL: none */
/* coming.c: the change is on its way; it is over. */
void coming_begin(struct change *c);
void coming_end(struct change *c);
/* change.c: what composing it did to the model is taken back. */
void entry_undo(struct model *m, const struct entry *en);
/* Frees it as it is; change_free is for one that was never committed. */
void change_release(struct change *c);

/* keys_known.c: the secret that is sealed beside a key goes into its record, by way of `secret`. */
bool keys_unseal(struct model *m, struct key *k, const struct store_object *o, struct buf *secret,
	struct err *e);

void entry_pack(struct entry *en, const void *rec);
/* feed.c: what the store has of an object, as a record with its revision. */
bool object_read(const struct kind *k, const struct store_object *o, union any_record *rec,
	struct arena *text, struct err *e);

#endif
