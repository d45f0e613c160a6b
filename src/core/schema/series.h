/*
 * What the F_SERIES fields of a record were over time: for its charts. A series covers a whole life,
 * however long, in at most SERIES_ROWS rows: when it is full, rows are joined two by two and stand for
 * twice the time. Times are wall ms, as people read them.
 *
 * Its one form outside of memory (the API's answer, a file) is
 * {"step_ms": N, "from": MS, "fields": [...], "rows": [[value or null, ...], ...]}; values that are no
 * number are "nan", "inf" and "-inf", as measures are everywhere.
 */
#ifndef MLTOP_CORE_SERIES_H
#define MLTOP_CORE_SERIES_H

#include "core/schema/schema.h"

enum {
	SERIES_ROWS = 240,
	SERIES_FIELDS_MAX = 12,
	SERIES_STEP_MS = 1000,      /* at first */
	SERIES_BYTES_MAX = 1 << 18, /* of its JSON text: more is refused */
};

struct series {
	const struct kind *kind;
	const struct field *fields[SERIES_FIELDS_MAX]; /* by their rows in the kind */
	size_t field_count;
	int64_t from, step; /* wall ms of the first row; ms that a row stands for */
	size_t rows;
	float *values;                   /* rows of field_count; SERIES_UNKNOWN where unknown */
	size_t room;                     /* rows that there is memory for */
	uint32_t met[SERIES_FIELDS_MAX]; /* values that the last row's is the mean of */
};
/* A value that is known may be nan: this is none that a field can have. */
#define SERIES_UNKNOWN (-0x1.fffffep127f)

void series_init(struct series *s, const struct kind *k);
void series_release(struct series *s);
/* Has this kind fields with a history? */
bool kind_has_series(const struct kind *k);

/*
 * The record's values as they are at `now`. A value is the mean of those met in its row, a measure the
 * newest: a mean of losses is none that the program said. A clock that was set back adds to the last row.
 */
void series_add(struct series *s, const void *rec, int64_t now);
float series_at(const struct series *s, size_t row, size_t field);
/* Where the field is among the series's; SERIES_FIELDS_MAX: it has none. */
size_t series_field(const struct series *s, const char *name);
/* The newest that is known of it; false: none is. */
bool series_newest(const struct series *s, size_t field, float *out);

/* What a table cell shows of such a value. */
void series_cell(const struct field *f, float v, struct buf *out);

/*
 * `only` NULL: all fields of which something is known. Only rows that end after `since` (wall ms).
 * The caller owns it.
 */
json_t *series_encode(const struct series *s, const struct fieldset *only, int64_t since);
/* `s` is initialised and empty; fields of other names are passed over. False: it stays so. */
bool series_decode(struct series *s, const json_t *in, struct err *e);

#endif
