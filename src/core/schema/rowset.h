/*
 * Rows of one kind by uid, with an order kept outside: what a list, a stream or a screen holds.
 * Owner: whoever holds the struct; rows stay at their address until removed. Texts live in the
 * set's arena, which is rewritten when more than half of it is waste (rows then keep their address,
 * their texts move: never keep a text of a row over a change of the set, unless it keeps what moved).
 */
#ifndef MLTOP_CORE_ROWSET_H
#define MLTOP_CORE_ROWSET_H

#include "base/map.h"
#include "core/schema/schema.h"

struct rowset {
	const struct kind *kind;
	struct map by_uid;
	void **rows; /* compact; in order of arrival, or of uid where `by_order` */
	size_t len, cap;
	bool by_order; /* set before the first row comes */
	struct arena text;
	/*
	 * For who copies a row, changes the copy and puts it back: where texts were before they last
	 * moved. A copy is good until they move again, which is two puts of its size later at least.
	 */
	bool keeps_moved;
	struct arena moved;
	size_t live_estimate;
	uint64_t changes; /* counts every put and remove */
};

void rowset_init(struct rowset *s, const struct kind *k);
void rowset_release(struct rowset *s);
void rowset_clear(struct rowset *s);
void *rowset_find(const struct rowset *s, const char *uid);
/*
 * Decodes in place of the row with the uid in `in` (DECODE_SERVER), or makes it; what `in` does not
 * say is unknown from then on. NULL on failure, and the row stays as it was.
 */
void *rowset_put_json(struct rowset *s, const json_t *in, bool *added, struct err *e);
void *rowset_put(struct rowset *s, const void *rec, bool *added); /* copies */
bool rowset_remove(struct rowset *s, const char *uid);
/* With `by_order`: the place of the first row behind that uid, which may be of no row. NULL: 0. */
size_t rowset_after(const struct rowset *s, const char *uid);

#endif
