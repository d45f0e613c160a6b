/*
 * One line of a log as the readers see it, and what a reader says of it. Inside core/progress only.
 */
#ifndef MLTOP_CORE_PROGRESS_LINE_H
#define MLTOP_CORE_PROGRESS_LINE_H

#include "core/progress/progress.h"

#include <string.h>

enum {
	NUMBERS_MAX = 40, /* of a line that are looked at */
	METRICS_MAX = 10, /* of a line */
	SETS_MAX = 4,     /* of a line that have their part of it */
	COLUMNS_MAX = 16, /* of a table */
	HEAD_MAX = 200,   /* bytes of a table's head */
};

struct span {
	const char *at;
	size_t len;
};

/* ---- What a name means ---- */

enum name_kind {
	NAME_NOTHING,
	NAME_STEP,
	NAME_GLOBAL_STEP,
	NAME_TOTAL_STEPS,
	NAME_EPOCH,
	NAME_EPOCHS,
	NAME_LOSS,
	NAME_LOSS_PART, /* of something that has no other word: "embedding_loss" */
	NAME_METRIC,
	NAME_RATE,
	NAME_SECONDS_A_STEP,
	NAME_ETA,
	NAME_RANKS,
};

enum name_set { SET_NONE, SET_TRAIN, SET_VALIDATION };

struct meaning {
	enum name_kind kind;
	enum name_set set;
	uint8_t loss_rank; /* as in struct said */
	uint8_t metric;    /* 3 as accuracy, 2 as an error, 1 a loss, 0 no metric */
	bool strict;       /* counts only with : or = behind it */
	bool plain;        /* of known words alone */
	bool leads;        /* counts only at the begin of a line that says more */
};

struct number {
	const char *at, *end; /* in the text */
	double value;
	int64_t whole;          /* where `integer` */
	bool integer;           /* without point and exponent, up to 15 digits */
	bool percent;           /* a % follows */
	bool argument;          /* of a call that is shown: "PSO(epoch=20)" */
	bool loose;             /* name and value stand side by side: "loss 0.5" */
	bool doubtful;          /* the line may go on within it */
	struct span name;       /* "val_loss"; empty where none stands before it */
	struct span before;     /* the word before the name: "train" in "train loss: 0.5" */
	struct meaning meaning; /* of the name */
};

/* From here on it is of that set. */
struct set_mark {
	const char *at;
	enum name_set set;
};

struct line {
	const char *text; /* clean, NUL at `len` */
	size_t len;
	const char *begin; /* behind the time, level and name that logging puts in front */
	bool ended;        /* false: bytes of it may still come */
	uint8_t depth;     /* rows that the cursor goes up behind it: it stands below another */
	const char *head;  /* of the table that these lines are in, or "" */
	uint8_t decimals;  /* of the last number of the line before, or DECIMALS_UNKNOWN */
	struct number numbers[NUMBERS_MAX];
	size_t count;
	struct set_mark sets[SETS_MAX];
	size_t set_count;
	bool named; /* a name means something */
	bool call;  /* while scanning: within a call's brackets */
	bool drawn; /* a percentage or a cell of a bar is there */
};

enum { DECIMALS_UNKNOWN = 255 };

enum phase {
	PHASE_UNKNOWN,
	PHASE_TRAIN,
	PHASE_VALIDATE,
	PHASE_EVALUATE,
	PHASE_DOWNLOAD,
	PHASE_TOKENIZE,
	PHASE_LOAD,
	PHASE_SAVE,
	PHASE_OTHER, /* the program's word */
};

/* What a step counts. */
enum unit { UNIT_STEP, UNIT_EPOCH, UNIT_BYTE, UNIT_OTHER };

struct metric {
	struct span before, name;
	double value;
	uint8_t rank; /* the more, the better it stands for the job */
	bool plain;   /* no words in its name but those that are known */
	bool no_set;  /* its name says neither training nor validation */
};

enum shape {
	SHAPE_NOTHING,
	SHAPE_VALUES, /* names and values, with a step among them or not */
	SHAPE_BAR,    /* tells all of its loop: what it leaves out is unknown */
};

struct said {
	const char *reader;
	enum shape shape;
	unsigned has; /* PROGRESS_* */
	int64_t step, total, epoch, epochs, eta_ms;
	double percent, rate, loss;
	enum unit unit;
	bool no_total;      /* the log says that it is unknown */
	bool whole_eta;     /* of the job, not of the loop */
	bool whole_percent; /* likewise */
	bool global_step;   /* counts training even where it is said during an evaluation */
	bool epoch_fraction;
	bool epoch_heads; /* the line does nothing but begin an epoch */
	bool epoch_other; /* an epoch of something else: an evaluation engine's own */
	bool summary;     /* of what is over: its means are no news */
	bool phase_holds; /* `phase` is of the lines that follow, too */
	enum phase phase;
	struct span phase_word;
	struct span name;  /* of the bar */
	uint8_t loss_rank; /* 3 a loss by name, 2 a known kind of loss, 1 the training's error */
	int64_t total_hint, epochs_hint; /* 0: none */
	int expected_ranks;
	struct metric metrics[METRICS_MAX];
	size_t metric_count;
	bool table_head;  /* keep it for the lines that follow */
	const char *rest; /* text behind a bar, that is a line of its own; NULL: none */
	struct span
		taken; /* of a bar that needs no numbers found: where they need not be looked for */
};

/* ---- text.c: characters, numbers and words ---- */

static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static inline char to_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

const char *skip_blanks(const char *s);
/* `text` is in lower case; case of `s` does not count. */
bool starts_with(const char *s, const char *text);
bool span_is(struct span s, const char *text);
int span_compare_rest(struct span s, const char *text);

/* As strcmp, whatever the case of `s`. Most of a search by halves ends at the first letter. */
static inline int span_compare(struct span s, const char *text)
{
	int apart = s.len > 0 ? (unsigned char)to_lower(*s.at) - (unsigned char)*text : 0;

	return apart != 0 ? apart : span_compare_rest(s, text);
}

/* Is the word there, with no letter on either side? Its place, or NULL. */
const char *find_word(const char *s, const char *word);
/*
 * Digits, with commas between thousands; NULL where there are none, or more than 15.
 */
const char *take_count(const char *s, int64_t *out);
/* A count that may be scaled: 4,096 1.5k 300M; *scaled says so. */
const char *take_scaled(const char *s, double *out, bool *scaled);
/* 1, 0.53, 1e-05, -2.5, 1,234.5, nan, -inf, nan.0; NULL for anything else. */
const char *take_real(const char *s, double *out);
/* "00:20" "1:02:03.5" "1 day, 2:03:04" "0h 0m26s" "9.09s" "375ms" "1.5m": milliseconds. */
const char *take_duration(const char *s, int64_t *ms);
/* "33.0it/s" "1.63kit/s" "2.2s/it" "13ms/step": steps a second, and what is counted. */
const char *take_rate(const char *s, double *rate, struct span *unit);
/* What a unit of a rate counts: "MB" bytes, "examples" what is prepared, else a step. */
enum unit unit_of(struct span unit);

/* ---- front.c ---- */

/* Behind what logging puts in front. */
const char *message_begin(const char *text);

/* ---- scan.c ---- */

/* Without a table above it, and without numbers: those are not cleared, as they are many. */
void line_init(struct line *l, const char *text, bool ended, uint8_t depth);
/* Finds where the message of l->text begins. */
void line_begin(struct line *l);
/* After line_begin: finds its numbers and their names, but for those within `taken`. */
void line_scan(struct line *l, struct span taken);
/* After line_scan: may a reader find something? Most lines of a log end here. */
bool line_promises(const struct line *l);
/* The number whose digits begin at `at`, or NULL. */
const struct number *line_number_at(const struct line *l, const char *at);

/* ---- sets.c ---- */

/* Finds the words that say of all that follows whose it is. */
void line_sets(struct line *l);
/* Of what stands at `at`. */
enum name_set line_set_at(const struct line *l, const char *at);
bool line_validates(const struct line *l);

/* ---- names.c ---- */

struct meaning name_meaning(struct span name, struct span before);
/* ---- counters.c: false where the name counts nothing ---- */
bool counter_meaning(struct span name, struct span before, struct meaning *m);

/* Is the name of a set in it, as in "valid_0's"? */
bool name_has_set(struct span name);
/* How good a metric is for the job: the set before the kind. */
uint8_t metric_rank(const struct meaning *m, enum phase phase);
/* The phase that words of a bar or a heading name. */
enum phase phase_of_words(struct span text, struct span *word);

static inline bool phase_trains(enum phase p)
{
	return p == PHASE_UNKNOWN || p == PHASE_TRAIN;
}

/* ---- readers ---- */

typedef bool line_reader(const struct line *l, struct said *s);

/*
 * One table of them, in readers.c: the first that reads the line gives the loop its shape. False
 * where none can find something; the line is as line_init left it, with head and decimals.
 */
bool line_read(struct line *l, struct said *s);

line_reader read_tqdm, read_tqdm_counting, read_ignite, read_bar_format, read_keras, read_rich,
	read_alive, read_progressbar2, read_fastprogress, read_poutyne, read_click, read_chainer,
	read_table, read_bracket_steps, read_fairseq, read_of, read_catboost, read_leading_step,
	read_pairs, read_front, read_cyclegan, read_espnet, read_marian, read_wenet, read_minisom,
	read_darknet, read_clu, read_share, read_values;
/* Names and values of the line: loss and metrics beside any shape; steps and epochs where none is. */
void values_take(const struct line *l, struct said *s);
/* "13ms/step", "96.6 steps/s": the value first. */
void rates_take(const struct line *l, struct said *s);
/* A row of the table that ends in a bar: the epoch in front of it. */
void table_bar(const struct line *l, struct said *s);

#endif
