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

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- Units: structs of one member, so that the compiler tells them apart. ---- */

/* clang-format off */
struct bytes { int64_t v; };   /* bytes */
struct mcpu { int64_t v; };    /* thousandths of a CPU */
struct ms { int64_t v; };      /* a duration in milliseconds */
struct when { int64_t v; };    /* wall time, milliseconds since 1970-01-01 UTC */
struct percent { double v; };  /* 0 to 100, over 100 where several CPUs are meant */
struct strings { const char *const *items; size_t len; };
struct label { const char *key, *value; };
struct labels { const struct label *items; size_t len; };
struct nested { const void *item; };                /* a record of field.embeds; NULL: none */
struct records { const void *items; size_t len; };  /* an array of them: records_at */
/* clang-format on */

/* How a member is stored; the row macro compares it with what its type says. */
/* clang-format off */
enum storage {
	ST_TEXT, ST_INT, ST_BYTES, ST_MCPU, ST_MS, ST_WHEN, ST_PERCENT, ST_REAL, ST_BOOL, ST_ENUM,
	ST_STRINGS, ST_LABELS, ST_RECORD, ST_RECORDS,
};
/* clang-format on */

#define STORAGE_OF(x) \
	_Generic((x), const char *: ST_TEXT, int64_t: ST_INT, struct bytes: ST_BYTES,          \
		struct mcpu: ST_MCPU, struct ms: ST_MS, struct when: ST_WHEN,                  \
		struct percent: ST_PERCENT, double: ST_REAL, bool: ST_BOOL,                    \
		unsigned int: ST_ENUM, struct strings: ST_STRINGS, struct labels: ST_LABELS,   \
		struct nested: ST_RECORD, struct records: ST_RECORDS)

/* ---- Field types: they own the verbs. ---- */

struct field;

/* Whose words they are: what is refused and what is made to fit. */
enum strictness {
	/* From a person: unknown keys, status rows and a lack of needed ones are refused; check(). */
	DECODE_NEW,
	/* From a person: only F_EDIT rows, null takes a value away; check() on the result. */
	DECODE_EDIT,
	/*
	 * From a server: unknown keys are ignored, null and what cannot be read is unknown, texts
	 * are sanitised (blocks, lists and pairs keep LF and TAB) and cut at the field's max.
	 */
	DECODE_SERVER,
};

/* The right side of a filter's comparison, parsed once. */
struct operand {
	double number;    /* numeric types, in the unit of the member; ages in ms */
	const char *text; /* text types: points into the filter's own copy */
	bool bare;        /* a word without quotes */
};

struct ftype {
	const char *name; /* for people and docs: "memory" */
	const char *wire; /* how it looks in JSON, for docs: "string such as \"4G\"" */
	enum storage storage;
	bool right;   /* columns align right */
	bool ordered; /* < and > make sense in a filter */
	json_t *(*encode)(const struct field *f, const void *member);
	/* `member` is written only on success; text goes to the arena unless it equals the old. */
	bool (*decode)(const struct field *f, void *member, struct arena *a, const json_t *in,
		enum strictness how, struct err *e);
	/* What a person typed, as the JSON that decode takes; NULL and `e` when it is none. */
	json_t *(*from_text)(const struct field *f, const char *text, struct err *e);
	int (*compare)(const struct field *f, const void *a, const void *b);
	/* Appends what a table cell shows; never a control character. */
	void (*cell)(const struct field *f, const void *member, int64_t now, struct buf *out);
	bool (*operand)(const struct field *f, const char *text, struct operand *out,
		struct err *e);
	double (*number)(const void *member, int64_t now); /* for filters; NULL: text type */
};

/* One token each; FT_STORAGE_<token> ties it to how its member must be stored. */
#define FTYPES(X)                                                                  \
	X(text, ST_TEXT)       /* one line */                                      \
	X(block, ST_TEXT)      /* may have newlines: commands */                   \
	X(name, ST_TEXT)       /* DNS label, 63 at most */                         \
	X(int, ST_INT)         /* JSON number */                                   \
	X(id, ST_INT)          /* number, as a string on the wire */               \
	X(mode, ST_INT)        /* JSON number, shown and typed in octal */         \
	X(memory, ST_BYTES)    /* "4G" */                                          \
	X(bytes, ST_BYTES)     /* JSON number */                                   \
	X(cpu, ST_MCPU)        /* "0.5" */                                         \
	X(duration, ST_MS)     /* number of seconds, or "2h" */                    \
	X(when, ST_WHEN)       /* RFC 3339 UTC */                                  \
	X(age, ST_WHEN)        /* the same, shown and filtered as time since */    \
	X(percent, ST_PERCENT) /* JSON number */                                   \
	X(real, ST_REAL)       /* JSON number */                                   \
	X(flag, ST_BOOL)                                                           \
	X(enum, ST_ENUM)          /* one of field.names, as a string */            \
	X(strings, ST_STRINGS)    /* array of strings */                           \
	X(labels, ST_LABELS)      /* object of strings */                          \
	X(record, ST_RECORD)      /* one of field.embeds: an object */             \
	X(records, ST_RECORDS)    /* an array of them, field.max at most */        \
	X(quota_memory, ST_BYTES) /* "4.0G"; "-1.0K" is no limit (stored as -1) */ \
	X(quota_cpu, ST_MCPU)     /* "4.0"; "-1.0" is no limit */                  \
	X(quota_count, ST_INT)    /* "4"; "-1" is no limit */

enum ftype_storage {
#define X(token, st) FT_STORAGE_##token = st,
	FTYPES(X)
#undef X
};
#define X(token, st) extern const struct ftype ft_##token;
FTYPES(X)
#undef X

/* ---- Fields: they own the facts. ---- */

enum field_flag {
	F_KEY = 1,       /* identifies the object to a person (its name) */
	F_UID = 2,       /* identifies the object for ever */
	F_NEEDED = 4,    /* must be there when it is made */
	F_NEW = 8,       /* a person may give it when making one */
	F_EDIT = 16,     /* a person may change it later */
	F_STATUS = 32,   /* the platform's own; refused from a person */
	F_SECRET = 64,   /* never encoded, never shown, never stored by the generic code */
	F_MASKED = 128,  /* keys shown, values masked in every view: env */
	F_PAD = 256,     /* answered as "" when unknown: the public client pads it */
	F_NULL = 512,    /* answered as null when unknown: the public client reads the key */
	F_ALIAS = 1024,  /* a short name of another row's member, for filters and columns only */
	F_HIDDEN = 2048, /* accepted and echoed, but in no form, table or describe by default */
	F_SAMPLE =
		4096, /* changes often: raises no version and is stored only beside other changes */
	F_LARGE = 16384, /* a long text of it is kept beside the record: record_split */
	F_DOTS = 8192,   /* a name that may have dots inside: the old public client sends them */
};

/* How a word of an enum looks, wherever it is shown. */
enum tone { TONE_PLAIN, TONE_GOOD, TONE_BAD, TONE_WAIT, TONE_GONE };
/* What a word of a state says about life. */
enum life { LIFE_NONE, LIFE_WAITING, LIFE_LIVE, LIFE_FINAL };
struct word_look {
	uint8_t tone, life; /* enum tone, enum life */
};

/*
 * A value of an enum that people see as two words: a job is "failed", or "cancelled" where its flag
 * of that name is set. Filters, ?state= and cells tell the two apart; JSON keeps the enum's own
 * word and has the flag beside it.
 */
struct word_split {
	unsigned value;
	const char *word;
	size_t flag; /* offset of the bool member; its row has the word as its name */
	struct word_look look;
};

struct field {
	const char *name;  /* on the wire, in filters, flags and YAML */
	const char *title; /* column title; NULL: the name in capitals */
	const char *label; /* forms: in a word or two; NULL: the name, with blanks */
	const struct ftype *type;
	uint32_t flags;
	uint16_t offset, size;
	uint8_t width;    /* cells a column wants */
	uint8_t section;  /* forms and describe group by it: index into kind.sections */
	int64_t min, max; /* of the member's unit; both 0: none. Text: bytes (max 0: 1024) */
	const char *const *names;       /* enum: words by value, NULL-ended */
	const struct word_look *looks;  /* enum: as many, by value; NULL: all plain */
	const struct word_split *split; /* enum: NULL for most */
	const struct kind *embeds;      /* record, records: the kind of what is inside */
	const char *follows;  /* rows, "a,b", that kind.settle makes it from; NULL: none */
	const char *of;       /* the row that is its whole: tables show "378/2400" */
	const char *standard; /* what holds when it is not given, as a person types it */
	const char *hint;     /* form: an example */
	const char *doc;      /* one line for docs, help and completion */
};

/*
 * ROW(struct, member, type token, .title = ..., ...): a row whose type does not fit its member
 * does not compile (the array has a negative size). ROW_AS is the same under another name.
 */
/* clang-format off */
#define ROW_CHECKED(S, member, token)                                              \
	(sizeof(char[STORAGE_OF(((struct S *)0)->member) ==                        \
				     (enum storage)FT_STORAGE_##token ? 1 : -1]) * \
		sizeof(((struct S *)0)->member))
/* clang-format on */
#define ROW_AS(S, wire_name, member, token, ...)                                        \
	{                                                                               \
		.name = wire_name, .offset = offsetof(struct S, member),                \
		.size = ROW_CHECKED(S, member, token), .type = &ft_##token, __VA_ARGS__ \
	}
#define ROW(S, member, token, ...) ROW_AS(S, #member, member, token, __VA_ARGS__)

/* ---- Kinds ---- */

/* KIND_SIZE_MAX: bytes of a struct; records are decoded into a copy on the stack. */
enum { KNOWN_WORDS = 2, KIND_FIELDS_MAX = KNOWN_WORDS * 64, KIND_SIZE_MAX = 2048 };

/* Every record starts with this. */
struct record {
	uint64_t known[KNOWN_WORDS];
	uint64_t revision; /* the store's, opaque; 0: it is not from a store */
	uint32_t packed;   /* bytes that the store has of it, and of what is beside it: */
	uint32_t
		large; /* the whole F_LARGE texts, of which this record has the beginnings; 0: none */
};
#define KIND_FITS(rows) \
	_Static_assert(ARRAY_SIZE(rows) <= KIND_FIELDS_MAX, "more rows than known bits")

/* What an action asks of a person before it is sent. */
enum action_asks { ASKS_NOTHING, ASKS_CONFIRM };

/* The bit of a state's word in kind_action.from. */
#define FROM(state) ((uint64_t)1 << (state))

/*
 * One thing that can be done to an object of a kind. The route, the command-line verb, the key, the
 * prompt, bulk, completion, man page and docs/API.md are made from the row.
 */
struct kind_action {
	const char *name;   /* "cancel": the verb */
	const char *method; /* "POST", "DELETE" */
	const char *tail;   /* behind the object's path: "/cancel"; "" for DELETE */
	uint8_t least;      /* enum role (core/kinds/key.h) */
	uint8_t asks;       /* enum action_asks */
	char key;           /* in the dashboard; 0: none */
	uint64_t from;      /* FROM() of the states from which it can be done; 0: any */
	const char *flag;   /* row of a flag that must be as flag_set says; NULL: none */
	bool flag_set;
	const char *other;    /* action that the key means where this cannot be done; NULL: none */
	const char *ask;      /* of a person, before the name: "Stop" */
	const char *doing;    /* after the name, when it was accepted: "is being cancelled" */
	const char *stakes;   /* a sentence about what it costs whatever the row; NULL: none */
	const char *not_from; /* why not else: "it is over already"; with from or flag */
	const char *doc;      /* one sentence */
};

/* The row of the action that every kind with DELETE has. */
#define ACTION_DELETE(role, at_stake, text)                                               \
	{                                                                                 \
		.name = "delete", .method = "DELETE", .tail = "", .least = role,          \
		.asks = ASKS_CONFIRM, .key = 'D', .ask = "Delete", .doing = "is deleted", \
		.stakes = at_stake, .doc = text                                           \
	}

/* What a kind's routes are. Deleting is an action: its row has the method DELETE. */
enum kind_can {
	CAN_LIST = 1,    /* GET path */
	CAN_ONE = 2,     /* GET path/NAME-OR-UID */
	CAN_CREATE = 4,  /* POST path: F_NEW rows */
	CAN_EDIT = 8,    /* PUT path/NAME-OR-UID: F_EDIT rows */
	CAN_EVENTS = 16, /* GET path/NAME/events */
	CAN_TASKS = 32,  /* GET path/NAME/tasks */
	CAN_LOGS = 64,   /* GET path/NAME/logs, and log streams */
	CAN_METRICS = 128,
	CAN_OUTPUTS = 256,
	CAN_STREAM = 512, /* rows streams */
	/* Its objects run: a record begins with a struct workload (core/kinds/workload.h). */
	CAN_RUN = CAN_TASKS | CAN_LOGS | CAN_OUTPUTS | CAN_EVENTS,
};

struct kind {
	const char *name;   /* "job": in stream frames and docs */
	const char *plural; /* "jobs": the CLI noun and the palette's word */
	const char *path;   /* REST collection: "/cloud_ml/v1/train" */
	const char *doc;
	unsigned can;              /* enum kind_can */
	uint8_t see, make, change; /* least enum role to read, to create, to edit */
	/* Least role that may name another org, or all: kind_others(). 0: an admin. */
	uint8_t others;
	/*
	 * Its objects are named without an org: those who may see other orgs' find them whatever
	 * their own is.
	 */
	bool everywhere;
	bool org_names;            /* the key is unique within an org only */
	const struct kind *parent; /* what an object of it belongs to; NULL: an org or nothing */
	const struct kind_action *actions;
	size_t action_count;
	const struct field *fields;
	size_t field_count, size;    /* size: of the struct in bytes */
	const char *const *sections; /* titles, NULL-ended */
	const char *list_fields;     /* default columns of `mltop X list` */
	const char *wide_fields;     /* of -o wide */
	/* The command that makes one, where what a form can give is not enough; NULL: the form does. */
	const char *made_by;
	/* Across fields, after decode with DECODE_NEW or DECODE_EDIT. NULL: nothing to check. */
	bool (*check)(const void *record, struct err *e);
	/* Sets the members that follow from others: of what is decoded or put into a set of rows. */
	void (*settle)(void *record);
};

/* A set of rows of a kind. */
struct fieldset {
	uint64_t bits[KNOWN_WORDS];
};

const struct field *kind_field(const struct kind *k, const char *name); /* NULL: none */
/* Also by the title that its column has, whatever its case: a person sees that one. */
const struct field *kind_field_or_title(const struct kind *k, const char *name);
/*
 * The row whose name is spelt nearly so; NULL: none. `give`: F_NEW or F_EDIT, where only rows that a
 * person may give are meant; 0: any that is ever known.
 */
const struct field *kind_similar(const struct kind *k, const char *name, unsigned give);
const struct field *kind_key(const struct kind *k);
const struct field *kind_uid(const struct kind *k); /* the key where a kind has no uid */
/* The row that holds f's member: f itself, or the row that an alias stands for. */
const struct field *kind_owner(const struct kind *k, const struct field *f);
/* Index of that row: its bit in `known` and in field sets. */
size_t kind_index(const struct kind *k, const struct field *f);
/* As kind_field; looks from *hint on and leaves it behind the hit: for names that come in order. */
const struct field *kind_lookup(const struct kind *k, const char *name, size_t *hint);
/*
 * "a,b,c" -> set; an alias adds the row it stands for. An unknown name is an error that lists the
 * nearest one. "" is an error.
 */
bool fieldset_parse(struct fieldset *out, const struct kind *k, const char *text, struct err *e);
bool fieldset_has(const struct fieldset *s, size_t index);
void fieldset_add(struct fieldset *s, size_t index);
/* A server answers the flag of a split word (field.split) beside the word. */
void fieldset_add_splits(struct fieldset *s, const struct kind *k);
/* What to ask a server for: rows that follow from others are left out for these. */
void fieldset_ask(struct fieldset *s, const struct kind *k);
/* Every row that is neither an alias nor secret. */
void fieldset_all(struct fieldset *out, const struct kind *k);
/* The same without records inside and long texts: what lists and streams have where nobody says which. */
void fieldset_rows(struct fieldset *out, const struct kind *k);

const struct kind_action *kind_action_find(const struct kind *k, const char *name); /* NULL: none */
/* Whether it can be done in the state that the row has (not whether the caller's role may). */
bool kind_action_may(const struct kind *k, const struct kind_action *a, const void *rec);
/* The row named "state"; NULL where the kind has none. */
const struct field *kind_state(const struct kind *k);
/* What the row's state says: LIFE_NONE where it has none or it is not known. */
enum life kind_life(const struct kind *k, const void *rec);
enum tone kind_tone(const struct kind *k, const void *rec);

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
/* The known rows that a person gives (F_NEW or F_EDIT), masked values in the clear: a request. */
json_t *record_encode_request(const struct kind *k, const void *rec);
/* Gives every F_NEW row that is not known its `standard`. */
void record_set_standards(const struct kind *k, void *rec, struct arena *a);
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

/* Known rows but F_SECRET ones; masked values in the clear. Appends. */
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
