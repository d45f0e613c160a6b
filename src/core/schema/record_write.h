/*
 * A record straight to JSON text, for lists of thousands of rows: the same values as
 * record_encode(k, rec, only), without a tree of objects in between. Records inside and long
 * texts are left out unless `only` names them: a list is of rows, and the whole object has both.
 */
#ifndef MLTOP_CORE_RECORD_WRITE_H
#define MLTOP_CORE_RECORD_WRITE_H

#include "core/schema/schema.h"

/* Appends one object. `only` NULL: as lists have it, with F_PAD and F_NULL rows filled in. */
void record_write_json(const struct kind *k, const void *rec, const struct fieldset *only,
	struct buf *out);
/* Appends all of one object: what record_encode(k, rec, NULL) has. */
void record_write_whole(const struct kind *k, const void *rec, struct buf *out);
/* Appends a JSON string with its quotes; what is not UTF-8 is sanitised. */
void json_write_text(const char *text, struct buf *out);

#endif
