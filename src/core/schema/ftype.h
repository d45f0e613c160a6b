/*
 * What the field types share among themselves. Nothing outside core includes this.
 */
#ifndef MLTOP_CORE_FTYPE_H
#define MLTOP_CORE_FTYPE_H

#include "core/schema/schema.h"

/* Bytes of a text field where its row says nothing; of a name, as DNS labels have it. */
enum { TEXT_MAX_DEFAULT = 1024, NAME_MAX_DEFAULT = 63 };
/* The mask of F_MASKED values in JSON and in cells. */
#define MASK "***"

/* "NAME is VALUE: WANT". The value is cut short, and left out where the field hides it. */
bool field_wrong(const struct field *f, const json_t *in, struct err *e, const char *want, ...)
	__attribute__((format(printf, 4, 5)));
/* The same for what was typed into a filter or form. Bytes that cannot be shown are made visible.
 */
bool field_wrong_text(const struct field *f, const char *text, struct err *e, const char *want, ...)
	__attribute__((format(printf, 4, 5)));
/*
 * "NAME is not a field of a job; did you mean OTHER?". `give`: F_NEW or F_EDIT, where only rows that
 * a person may give are meant; 0: any that is ever known.
 */
bool field_unknown(const struct kind *k, const char *name, unsigned give, struct err *e);
/* Appends `text` between double quotes, sanitised, at most 40 bytes of it. */
void quote_text(const char *text, struct buf *out);
/* True in DECODE_SERVER and where the row has no limits; else an error that says them as `show`
 * does. */
bool field_in_range(const struct field *f, int64_t value, const json_t *in, enum strictness how,
	void (*show)(int64_t value, struct buf *out), struct err *e);

/* A number in JSON or as text in JSON; false when it is neither or has a part. */
bool json_to_i64(const json_t *in, int64_t *out);
bool json_to_double(const json_t *in, double *out);
json_t *json_from_double(double value); /* null for NaN and infinities */
/* A JSON string from any bytes: what is not UTF-8 is sanitised. */
json_t *json_from_text(const char *text);
/* What a person typed as a JSON string, without the blanks around it. */
json_t *from_text_trimmed(const struct field *f, const char *text, struct err *e);

/* A JSON document that a person typed; NULL and `e` when it is none. */
json_t *json_typed(const struct field *f, const char *text, struct err *e);

/* ---- Records inside ---- */

/* Items where the row says nothing, of any row, and bytes of all items of one value. */
enum { RECORDS_MAX_DEFAULT = 256, RECORDS_MAX = 4096, RECORDS_BYTES_MAX = 1 << 20 };
size_t field_records_max(const struct field *f);
/* `request`: as record_encode_request, else what is known. */
json_t *nested_encode(const struct field *f, const void *member, bool request);

/* ---- Text ---- */

size_t field_text_max(const struct field *f);
/* True when every byte is printable ASCII. */
bool text_is_plain(const char *text, size_t len);
/*
 * Text from a server as a record may hold it, in `out`: sanitised, cut at `max` bytes between
 * characters. `lines` keeps LF and TAB.
 */
void text_from_server(const char *text, size_t len, size_t max, bool lines, struct buf *out);
/* NULL where a person may give these bytes, else what is wrong with them, to follow "is VALUE: ".
 */
const char *text_refusal(const char *text, size_t len, bool lines);
/* Appends one line without control characters. */
void text_cell(const char *text, struct buf *out);
/* The value of F_MASKED rows as anyone may see it. */
json_t *field_masked_json(const struct field *f, const void *member);
void field_masked_cell(const struct field *f, const void *member, struct buf *out);
/* Index of the word, -1 where there is none. `any_case` ignores case. */
int words_find(const char *const *words, const char *text, bool any_case);
/* The word of an enum member, NULL where its value has none. */
/* What an enum's split word is compared as: no value has so large a number. */
enum { ENUM_SPLIT = 1000000 };
const char *enum_word(const struct field *f, const void *member);
/* Appends "a, b or c". */
void words_list(const char *const *words, struct buf *out);

/* ---- Comparing members; also double_same for "the same number" ---- */

int compare_i64(const struct field *f, const void *a, const void *b);
int compare_double(const struct field *f, const void *a, const void *b);
double number_i64(const void *member, int64_t now);
double number_double(const void *member, int64_t now);
/* A measure that is nan or infinite: it looks bad, sorts last in either direction, and no < or > finds it. */
bool field_is_nonfinite(const struct field *f, const void *member);

/* ---- Showing ---- */

void size_cell(int64_t bytes, struct buf *out); /* three digits and a unit: "1.2G" */
void show_i64(int64_t value, struct buf *out);
/* Exact, as a person may type it: "2G", "1h30m", "0022". */
void show_size(int64_t bytes, struct buf *out);
void show_duration(int64_t ms, struct buf *out);
void show_mode(int64_t value, struct buf *out);
void show_thousands(double value, struct buf *out); /* from 1000 on: "1.25k" */
void count_cell(int64_t value, struct buf *out);    /* "12400", from 100,000 on "124k" */
void count_short(int64_t value, struct buf *out);   /* 9999, 12.4k, 90k, 1.5M */
void decimal_text(int64_t scaled, int places, struct buf *out); /* 500, 3 -> "0.5" */

/* How near two words are: number of changes of one letter, at most `limit` + 1. */
size_t word_distance(const char *a, const char *b, size_t limit);
/* The nearest of a NULL-ended list, NULL when none is near. */
const char *words_nearest(const char *const *words, const char *text);

#endif
