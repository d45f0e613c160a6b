/*
 * A row of a kind: the facts of one field, and the types that own the verbs. Read with schema.h, which
 * has the whole and says what it is for.
 */
#ifndef MLTOP_CORE_FIELD_H
#define MLTOP_CORE_FIELD_H

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
struct micro { int64_t v; };   /* millionths of whatever it counts */
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
	ST_STRINGS, ST_LABELS, ST_RECORD, ST_RECORDS, ST_MICRO,
};
/* clang-format on */

#define STORAGE_OF(x) \
	_Generic((x), const char *: ST_TEXT, int64_t: ST_INT, struct bytes: ST_BYTES,          \
		struct mcpu: ST_MCPU, struct ms: ST_MS, struct when: ST_WHEN,                  \
		struct micro: ST_MICRO,                                                        \
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
	X(decimal, ST_MICRO)   /* "0.333334": exact, six places at most */         \
	X(duration, ST_MS)     /* number of seconds, or "2h" */                    \
	X(when, ST_WHEN)       /* RFC 3339 UTC */                                  \
	X(age, ST_WHEN)        /* the same, shown and filtered as time since */    \
	X(percent, ST_PERCENT) /* JSON number */                                   \
	X(real, ST_REAL)       /* JSON number */                                   \
	X(measure, ST_REAL)    /* JSON number, or "nan", "inf", "-inf" */          \
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
	F_LARGE = 16384,  /* a long text of it is kept beside the record: record_split */
	F_DOTS = 8192,    /* a name that may have dots inside: the old public client sends them */
	F_SERIES = 32768, /* a sample whose history is kept: series.h */
	F_SEALED =
		65536, /* of an F_SECRET row: nobody could read it, so it is stored as others are */
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

#endif
