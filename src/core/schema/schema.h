/*
 * One table per kind of resource: a plain struct and an array of rows, a row for each field. From
 * the rows alone come JSON and YAML in, JSON out, table cells, sorting, filters, forms, command
 * line flags, the describe view, persistence and the field tables of docs/API.md.
 *
 * Everything here is pure: no I/O, no clock (`now` comes as an argument), no globals.
 * Absent is not zero: each record begins with its `known` bit set, one bit a row; a field that is
 * not known is not encoded, prints "-", sorts last and matches no filter.
 */
#ifndef MLTOP_CORE_SCHEMA_H
#define MLTOP_CORE_SCHEMA_H

#include "core/schema/kind.h"

/* ---- Records ---- */

/*
 * A member by its name, checked by the compiler: record_set(job, j, loss, 0.5) assigns and marks as
 * known, record_has(job, j, loss) asks, record_drop(job, j, loss) forgets and zeroes. KIND is the
 * name of the struct and of its kind.
 */
#define record_set(kind, rec, member, value) \
	((rec)->member = (value), record_know(&kind##_kind, (rec), ROW_OFFSET(kind, rec, member)))
#define record_has(kind, rec, member) \
	record_knows_at(&kind##_kind, (rec), ROW_OFFSET(kind, rec, member))
#define record_drop(kind, rec, member) \
	record_forget(&kind##_kind, (rec), ROW_OFFSET(kind, rec, member))
/* The offset, where `rec` is a pointer to that struct: of anything else it does not compile. */
#define ROW_OFFSET(kind, rec, member)    \
	(offsetof(struct kind, member) + \
		0 * sizeof _Generic((rec), struct kind * : 1, const struct kind * : 1))

bool record_knows(const struct kind *k, const void *rec, const struct field *f); /* aliases too */
bool record_knows_at(const struct kind *k, const void *rec, size_t member_offset);
void record_know(const struct kind *k, void *rec, size_t member_offset);
void record_forget(const struct kind *k, void *rec, size_t member_offset); /* and zeroes it */
/*
 * What is inside a row of records or of one record (then: one or none). An embedded kind is a kind
 * without routes; its records are given and compared whole. A person is told of "gpus[2].uuid".
 */
struct records record_inside(const void *rec, const struct field *f);
const void *records_at(const struct kind *k, const struct records *r, size_t i);
bool field_nests(const struct field *f); /* of either type */
/* Rows are neither filtered nor sorted by a long text (F_LARGE): false, and `e` names all such. */
bool field_orders(const struct kind *k, const struct field *f, struct err *e);
const void *record_member(const void *rec, const struct field *f);
/* The word of an enum that people see, a split one included; NULL: unknown or without a word. */
const char *record_word(const struct kind *k, const void *rec, const struct field *f);
/* How that word looks. */
struct word_look record_look(const struct kind *k, const void *rec, const struct field *f);
const char *record_text(const void *rec, const struct field *f); /* a text member, "" if unknown */
const char *record_key(const struct kind *k, const void *rec);
const char *record_uid(const struct kind *k, const void *rec);
/* Copies all members; texts and lists go to `a`. */
void record_copy(const struct kind *k, void *to, const void *from, struct arena *a);
/* Sets *changed to the rows that differ. */
void record_diff(const struct kind *k, const void *a, const void *b, struct fieldset *changed);
/* Takes the members of `which` from another record, known or not; texts are borrowed. */
void record_overlay(const struct kind *k, void *to, const void *from, const struct fieldset *which);

/*
 * Decodes `in` over what `rec` holds, into a copy first: on failure `rec` is untouched, and
 * `e->field` names the field at fault. Texts go to `a` (a text equal to the old one is not copied).
 */
bool record_decode(const struct kind *k, void *rec, struct arena *a, const json_t *in,
	enum strictness how, struct err *e);
/*
 * `only` NULL: the whole object with F_PAD and F_NULL rows filled in; else the known rows of the
 * set. Values of F_MASKED rows are encoded as "***". The caller owns the object.
 */
json_t *record_encode(const struct kind *k, const void *rec, const struct fieldset *only);
/* The known rows that a person gives (F_NEW or F_EDIT), masked and secret values in the clear: a request. */
json_t *record_encode_request(const struct kind *k, const void *rec);
/*
 * One field from what a person typed; the same checks as DECODE_NEW has for it, but for check().
 * "" makes it unknown, unless the field is needed.
 */
bool record_set_text(const struct kind *k, void *rec, struct arena *a, const struct field *f,
	const char *text, struct err *e);

/*
 * Total order by `f` (unknown last, whatever the direction), then by key, then uid. Masked and
 * secret fields do not order: an order would tell about their values. Long texts do not either: a
 * row has only how they begin.
 */
int record_compare(const struct kind *k, const struct field *f, bool descending, const void *a,
	const void *b);
/* Appends the cell, "-" when unknown, "***" for masked values. */
void record_cell(const struct kind *k, const void *rec, const struct field *f, int64_t now,
	struct buf *out);
/*
 * The same for a table: a count that is part of another (field.of) comes with its whole, both in four
 * or five characters ("79.1k/250k").
 */
void record_part_cell(const struct kind *k, const void *rec, const struct field *f, int64_t now,
	struct buf *out);

/*
 * ---- Compact form for the store: rows tagged by a hash of their names. Unknown tags are skipped,
 * so rows may come and go without a migration. ----
 */

/* Known rows but F_SECRET ones that are not F_SEALED; masked values in the clear. Appends. */
void record_pack(const struct kind *k, const void *rec, struct buf *out);
/* Replaces what `rec` holds: rows that were not packed are unknown afterwards. */
bool record_unpack(const struct kind *k, void *rec, struct arena *a, const void *data, size_t len,
	struct err *e);
/*
 * Bytes beside a record's own, under a name that is no field's: appended to what record_pack made.
 * pack_extra_find's pointer leads into the pack; NULL: it has none of that name.
 */
void pack_extra(struct buf *out, const char *name, const void *data, size_t len);
const void *pack_extra_find(const void *pack, size_t pack_len, const char *name, size_t *len);
uint32_t field_tag(const char *name); /* FNV-1a; kinds_check finds collisions within a kind */

/*
 * ---- Long texts: a record that is kept in memory has their first LARGE_SHOWN bytes, what is beside
 * it in the store has all ----
 */

enum { LARGE_FROM = 1024, LARGE_SHOWN = 120 };
/*
 * Cuts the known F_LARGE texts and lists of more than LARGE_FROM bytes, after packing them whole
 * into `out`; sets rec->large. False: there were none (or `rec` is cut already), nothing changed.
 */
bool record_split(const struct kind *k, void *rec, struct arena *a, struct buf *out);
/* Puts what record_split packed over the beginnings. */
bool record_join(const struct kind *k, void *rec, struct arena *a, const void *data, size_t len,
	struct err *e);

/*
 * ---- Filters: the same language in /, --filter and ?filter= ----
 *
 *   state=running|creating gpu>=4 age<2h owner~=li !name~=test "exact part" fuzzy
 *
 * Terms joined by blanks must all match. A term is FIELD OP VALUE with = != < <= > >= ~= (POSIX
 * extended regular expression, without case where it has no capital), a word (fuzzy on
 * the key, part of any other column of words) or
 * a quoted text (part of the key); `!` before a term negates it, `|` between values means "or".
 * A name that resembles no field's is that of a label, where the kind has labels: team=vision.
 * Long texts (F_LARGE) are refused: a row has only how they begin.
 * Values are in the field's own units. A comparison with an unknown field is false, whatever the
 * operator: `loss!=1` does not match a job without loss, `!loss=1` does.
 * Bounds: 64 terms, 64 values a term, 4,096 bytes; for a regular expression those of core/text/regex.h.
 */

struct filter;
/* `e` points at the column: "column 5: ...". "" gives a filter that matches all. Caller frees. */
struct filter *filter_parse(const struct kind *k, const char *text, struct err *e);
/* No expression fits a text of more than FILTER_TEXT_MAX bytes. */
bool filter_match(const struct filter *f, const void *rec, int64_t now);
/*
 * The same within a budget: *steps is counted down as in core/text/regex.h. Below 0 the answer is
 * false and means nothing.
 */
bool filter_match_within(const struct filter *f, const void *rec, int64_t now, int64_t *steps);
/* The first name in it that is no field's and stands for a label (`team=vision`); NULL: none. Borrowed. */
const char *filter_label(const struct filter *f);
bool filter_uses_time(const struct filter *f); /* a row may change sides without changing */
void filter_free(struct filter *f);
/*
 * Completions of the term that ends at `cursor` (bytes): field names, operators, enum words. Each
 * is the whole term, to stand in place of what follows the last blank. NUL-separated, appended.
 */
void filter_complete(const struct kind *k, const char *text, size_t cursor, struct buf *out);
/* Fuzzy match of a word in a text: 0 none, larger is better. Shared with the palette. */
int fuzzy_score(const char *word, const char *text);

/* ---- Docs ---- */

void kind_docs(const struct kind *k, struct buf *markdown);  /* the field table of docs/API.md */
void kind_flag_name(const struct field *f, struct buf *out); /* job_name -> job-name */

#endif
