/* A kind: its rows, what can be done with its objects, and how they are looked up. */
#ifndef MLTOP_CORE_KIND_H
#define MLTOP_CORE_KIND_H

#include "core/schema/field.h"

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

struct kind;

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
	const char *other;  /* action that the key means where this cannot be done; NULL: none */
	const char *ask;    /* of a person, before the name: "Stop" */
	const char *doing;  /* after the name, when it was accepted: "is being cancelled" */
	const char *stakes; /* a sentence about what it costs whatever the row; NULL: none */
	/* Lines about what it costs this row, each ended by LF; NULL: no more than stakes. */
	void (*at_stake)(const void *rec, struct buf *out);
	/* Rows (F_NEW) of what its body may say, a kind without routes; NULL: nothing. */
	const struct kind *takes;
	const char *undo;     /* action that takes it back; NULL: none */
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
	CAN_STREAM = 512,   /* rows streams */
	CAN_WHAT_IF = 1024, /* POST and PUT tell what they would lead to: ?what_if=1 */
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
	/* And are told of all where no org is named, as of a kind that only they may see. */
	bool all_at_once;
	/*
	 * A row with a text in `holder` is that org's; one with a text in `veils` stands in place of it
	 * for who may not see that org's; all others are everybody's. It has no row `org_id`.
	 */
	bool veiled;
	/*
	 * Its objects are in the store as their rows are, each in a set of the model's that is made from
	 * this; what more the model knows of a kind makes it a set of its own (model/model.c).
	 */
	bool stored;
	bool org_names; /* the key is unique within an org only */
	bool sheet;     /* its CSV is for spreadsheets: a text is never a formula there (csv.h) */
	const struct kind *parent; /* what an object of it belongs to; NULL: an org or nothing */
	const struct kind_action *actions;
	size_t action_count;
	const struct field *fields;
	size_t field_count, size;    /* size: of the struct in bytes */
	const char *const *sections; /* titles, NULL-ended */
	const char *list_fields;     /* default columns of `mltop X list` */
	const char *wide_fields;     /* of -o wide */
	/* Its rows' numbers are in /metrics under these texts of a row, "a,b"; NULL: they are not. */
	const char *measured;
	/* The command that makes one, where what a form can give is not enough; NULL: the form does. */
	const char *made_by;
	/* Across fields, after decode with DECODE_NEW or DECODE_EDIT. NULL: nothing to check. */
	bool (*check)(const void *record, struct err *e);
	/*
	 * Of what the store has from an older program: what has come since (NULL: nothing), and how a
	 * record is read that was JSON then (NULL: none was).
	 */
	void (*renew)(void *record);
	bool (*from_json)(void *record, struct arena *a, const void *text, size_t len,
		struct err *e);
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
/* The same of one that is to be changed: GPU, what is used, means GPU MAX, what may be. */
const struct field *kind_field_to_edit(const struct kind *k, const char *name);
/*
 * The row whose name is spelt nearly so; NULL: none. `give`: F_NEW or F_EDIT, where only rows that a
 * person may give are meant; 0: any that is ever known.
 */
const struct field *kind_similar(const struct kind *k, const char *name, unsigned give);
/*
 * The row that a platform does not know, where `text` is its refusal of one: an older platform lacks rows
 * that we have. NULL: it is another error.
 */
const struct field *field_refused(const struct kind *k, const char *text);
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
bool fieldset_empty(const struct fieldset *s);
void fieldset_add(struct fieldset *s, size_t index);
void fieldset_drop(struct fieldset *s, size_t index);
/* All that is in `more` too; all that is not in `some`. */
void fieldset_join(struct fieldset *s, const struct fieldset *more);
void fieldset_remove(struct fieldset *s, const struct fieldset *some);
/* A server answers the flag of a split word (field.split) beside the word. */
void fieldset_add_splits(struct fieldset *s, const struct kind *k);
/* What to ask a server for: rows that follow from others are left out for these. */
void fieldset_ask(struct fieldset *s, const struct kind *k);
/* Every row that is neither an alias nor secret. */
void fieldset_all(struct fieldset *out, const struct kind *k);
/* The same without records inside and long texts: what lists and streams have where nobody says which. */
void fieldset_rows(struct fieldset *out, const struct kind *k);

/* "a" or "an", by the sound of its name: "a usage". */
const char *kind_article(const struct kind *k);
const struct kind_action *kind_action_find(const struct kind *k, const char *name); /* NULL: none */
/* Whether it can be done in the state that the row has (not whether the caller's role may). */
bool kind_action_may(const struct kind *k, const struct kind_action *a, const void *rec);
/* The row named "state"; NULL where the kind has none. */
const struct field *kind_state(const struct kind *k);
/* What the row's state says: LIFE_NONE where it has none or it is not known. */
enum life kind_life(const struct kind *k, const void *rec);
enum tone kind_tone(const struct kind *k, const void *rec);

#endif
