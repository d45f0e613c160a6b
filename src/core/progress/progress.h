/*
 * What training programs say about how far they are, read from their log: bars of any library,
 * tables, `name: value`, dictionaries, several ranks in one log. tests/corpus/progress holds real
 * output with what a person would read from it, and says what each field means.
 *
 * Pure: no clock, no allocation but progress_rules; one object belongs to one thread at a time.
 * Bounded: PROGRESS_SIZE_MAX a job; PROGRESS_LINE_MAX bytes of a line count; PROGRESS_LINES_A_SECOND
 * lines that look like progress are read, the newest of each second among them. What is told
 * depends on the bytes and on the time alone, never on how the bytes were cut.
 */
#ifndef MLTOP_CORE_PROGRESS_PROGRESS_H
#define MLTOP_CORE_PROGRESS_PROGRESS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PROGRESS_SIZE_MAX = 4096, /* sizeof(struct progress) is below */
	PROGRESS_LINE_MAX = 1024,
	PROGRESS_NAME_MAX = 48,  /* a metric's name with its NUL */
	PROGRESS_PHASE_MAX = 64, /* with NUL */
	PROGRESS_LINES_A_SECOND = 200,
	PROGRESS_CELL_FULL = 2,     /* stands for a cell of a bar in the text of a line */
	PROGRESS_CELL_EMPTY = 3,    /* as well */
	PROGRESS_PATTERNS_MAX = 16, /* of at most REGEX_BYTES_MAX bytes each */
	/* What patterns may cost, in steps of core/text/regex.h (some 10 ns each). */
	PROGRESS_STEPS_A_LINE = 100 * 1000,   /* what costs more fits no pattern */
	PROGRESS_STEPS_A_SECOND = 400 * 1000, /* then lines are passed over as above */
};

enum progress_known {
	PROGRESS_STEP = 1 << 0,
	PROGRESS_TOTAL = 1 << 1,
	PROGRESS_EPOCH = 1 << 2,
	PROGRESS_EPOCHS = 1 << 3,
	PROGRESS_PERCENT = 1 << 4,
	PROGRESS_RATE = 1 << 5,
	PROGRESS_ETA = 1 << 6,
	PROGRESS_LOSS = 1 << 7,
	PROGRESS_METRIC = 1 << 8, /* name and value */
	PROGRESS_PHASE = 1 << 9,
	PROGRESS_RANKS = 1 << 10,
};

struct progress_ranks {
	int seen;            /* ranks that said a step; at least 2 where PROGRESS_RANKS is known */
	int expected;        /* as the log states it; 0: it does not */
	int behind;          /* the rank furthest behind, -1: none is behind the others */
	int64_t behind_step; /* its step; -1 where nobody is behind */
};

/* A field counts only where its bit is in `known`: a field whose bit is not there is unknown now. */
struct progress_values {
	unsigned known;        /* PROGRESS_* */
	int64_t step, total;   /* of the innermost loop that trains; 0 and up */
	int64_t epoch, epochs; /* as the log numbers them */
	double percent;        /* of the whole job, 0 to 100 */
	double rate;           /* steps a second, finite, above 0 */
	int64_t eta_ms;        /* until the end of the whole job, 0 and up */
	double loss;   /* the newest of training; may be NAN or an infinity: the log says so */
	double metric; /* may be NAN or an infinity */
	char metric_name[PROGRESS_NAME_MAX];
	char phase[PROGRESS_PHASE_MAX]; /* train validate evaluate download tokenize load save */
	struct progress_ranks ranks;
	/*
	 * Of `known`, what the line "mltop: progress" said, what patterns did, and what stands in event
	 * files; the rest: the log.
	 */
	unsigned outright, patterned, events;
};

/*
 * What people taught: patterns of their own and the name of the metric to show. Made once for a
 * job, shared by any number of readers of it, and outlives them.
 */
struct progress_rules;

/*
 * `patterns`: `count` expressions (core/text/regex.h) with named parts among step total epoch
 * epochs loss metric percent, as in `(?<step>[0-9]+)`. `metric`: NULL or the name of the metric.
 * NULL and ERR_INVALID where a pattern does not parse, has no named part, or has an unknown one.
 */
struct progress_rules *progress_rules_new(const char *const *patterns, size_t count,
	const char *metric, struct err *e);
void progress_rules_free(struct progress_rules *r); /* NULL is fine */

/* What was made of one line (or redraw), for who wants to see all. Valid during the call. */
struct progress_line {
	uint64_t line; /* which of the log, from 1; redraws of one line have one number */
	const char *
		text; /* without escape sequences, at most PROGRESS_LINE_MAX bytes; may be no UTF-8 */
	const char *reader;            /* who read it, as "tqdm"; NULL: nothing was read */
	unsigned known;                /* PROGRESS_*: fields that this line states */
	struct progress_values values; /* those fields */
	const char *phase;             /* that stands after it; "": unknown */
	const char *loop; /* whose bar it is: "train", "epochs" or "other"; NULL: it is none */
	int rank;         /* -1: it names none */
	bool other_rank;  /* a lower one speaks: of this line only the step is kept */
	bool passed;      /* passed over because of the bound, so it was not read */
};

typedef void progress_line_fn(void *ctx, const struct progress_line *line);

struct progress;

size_t progress_size(
	void); /* of struct progress, for who allocates it: at most PROGRESS_SIZE_MAX */
/* `rules` may be NULL; not owned. */
void progress_init(struct progress *p, const struct progress_rules *rules);
/* NULL stops it. Called from progress_feed for each line as it ends, empty ones left out. */
void progress_watch(struct progress *p, progress_line_fn *line_done, void *ctx);
/*
 * New bytes of the log, in any pieces. Lines end at LF, CR, backspaces and where the cursor goes up.
 * now_ms: any clock that does not go back.
 */
void progress_feed(struct progress *p, const void *bytes, size_t len, int64_t now_ms);
/* Bytes of the log were skipped: what is held of a line is dropped, loops and phases are unknown. */
void progress_skip(struct progress *p);
/*
 * What stands now, the line that has not ended included as far as it is complete. Changes nothing
 * of what later bytes tell.
 */
void progress_pause(struct progress *p, int64_t now_ms, struct progress_values *out);
/* The job has ended: the last line is complete, there is no ETA and no rate any more. */
void progress_finish(struct progress *p, int64_t now_ms, struct progress_values *out);
/* Lines that looked like progress and were passed over because of the bound. */
uint64_t progress_passed(const struct progress *p);

/* A curve of an event file (core/events), at its newest point; texts are borrowed. */
struct progress_scalar {
	const char *run, *tag;
	int64_t step, wall; /* ms since 1970 */
	double value;
};
/* What they say of a training: step, epoch, loss and metric. `metric`: the name asked for, or NULL. */
void progress_scalars(const struct progress_scalar *list, size_t count, const char *metric,
	struct progress_values *out);
/* What the log does not say, and has not said before (`said`), is as event files have it. */
void progress_add(struct progress_values *v, unsigned said, const struct progress_values *events);

/* Who said what is known, the first of them first: "line", "patterns, log"; NULL where nothing is. */
const char *progress_source(const struct progress_values *v);
/* A name of one bit of `known` as the API has it ("progress_step"); NULL for no bit. */
const char *progress_field(unsigned bit);

#endif
