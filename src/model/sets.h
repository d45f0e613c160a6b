/*
 * What the model holds of each kind: its rows as the last commit left them, and the names that are
 * taken, those of changes on their way to the disk included.
 */
#ifndef MLTOP_MODEL_SETS_H
#define MLTOP_MODEL_SETS_H

#include "base/map.h"
#include "core/schema/rowset.h"

enum { KIND_SETS = 24 };

struct set {
	const char *name; /* of the kind, in the store */
	const struct kind *kind;
	struct rowset *rows; /* NULL in sets_add: its own */
	struct rowset own;
	bool stored; /* the store has them; else they are looked up */
	/* The row that a name is in, and the row it is unique in ("": everywhere); NULL: not unique. */
	const char *name_field, *org_field;
	const char *parent_field; /* NULL: none */
	bool ours;                /* nobody else writes them: no revision is compared */
	struct map names;         /* "org_id/name" -> char[], uid of the newest */
	struct rowset moving;     /* of a kind that runs: those in motion, ahead of `rows` */
};

struct sets {
	struct set items[KIND_SETS];
	size_t len;
};

void sets_add(struct sets *s, const struct set *one);
void sets_release(struct sets *s);
/* Names of the kinds that the store has, in the order in which they were added; NULL-ended. */
void sets_stored(const struct sets *s, const char *names[KIND_SETS + 1]);
struct set *sets_of(struct sets *s, const struct kind *k); /* NULL: none */
struct set *sets_named(struct sets *s, const char *name);  /* NULL: none */
const char *set_name_uid(const struct set *s, const char *org_id, const char *name);
void set_name_take(struct set *s, const char *org_id, const char *name, const char *uid);
/* Only if it is still that one's; tells whether it was. */
bool set_name_give(struct set *s, const char *org_id, const char *name, const char *uid);

#endif
