/*
 * What stands for a job: the one place that decides which loop a line is of. Inside core/progress
 * only. Plain memory that may be copied.
 */
#ifndef MLTOP_CORE_PROGRESS_TRACK_H
#define MLTOP_CORE_PROGRESS_TRACK_H

#include "core/progress/line.h"

enum { LOOPS_MAX = 4 };

/* The lesser rules; LOG may not say what a higher one has said. */
enum source { SOURCE_LOG, SOURCE_PATTERN, SOURCE_OUTRIGHT };

enum role {
	ROLE_NONE,
	ROLE_TRAIN,  /* its steps are the job's */
	ROLE_EPOCHS, /* holds one that trains */
	ROLE_OTHER,  /* evaluation, preparation */
};

struct loop {
	int64_t step, total; /* -1: unknown */
	uint32_t name;       /* of its words, without numbers; 0: it has none */
	uint8_t role, depth;
	bool bar;
	bool lossy;    /* it told a loss */
	bool doubt;    /* nothing but its place says what it is */
	bool strays;   /* it did not count the epochs that its name says */
	uint8_t alone; /* how often it went on with none below it */
};

struct track {
	unsigned known; /* PROGRESS_*, without percent */
	int64_t step, total, epoch, epochs, eta_ms;
	double rate, loss, metric, percent;
	int64_t total_hint, epochs_hint, first_epoch;
	int64_t stride;               /* from the step before to this one */
	struct loop loops[LOOPS_MAX]; /* the newest first */
	char metric_name[PROGRESS_NAME_MAX], phase[PROGRESS_PHASE_MAX];
	char head[HEAD_MAX]; /* of the table that is being printed */
	uint8_t sources[10]; /* enum source, by the bit of PROGRESS_* */
	uint8_t metric_rank, loss_rank;
	uint8_t decimals;
	uint8_t held; /* enum phase of the lines that follow */
	bool bar;     /* step is of a bar */
	bool anew;    /* steps begin anew each epoch */
	bool runs_on; /* or do not, as was seen */
	bool unsure;  /* or nobody knows: its bar stood there before the first epoch's head */
	bool heads;   /* its epochs have head lines */
	bool headed;  /* a line began an epoch since the last step */
	bool counted; /* the step is of this epoch */
	bool epoch_done;
	bool epochs_stated; /* beside the epoch; else from a hint */
	bool epochs_loop;   /* the epoch is how many are done */
	bool hint_first;    /* the hint came before the first epoch */
	bool whole_eta, whole_percent, gap, trained, skip_next;
};

/* May the log say this field, or did a higher source? */
static inline bool log_may(const struct track *t, unsigned bit)
{
	return t->sources[__builtin_ctz(bit)] == SOURCE_LOG;
}

void track_init(struct track *t);
/* Loops, their steps and phases are unknown; what was said of values stays. */
void track_gap(struct track *t);
/* `metric`: the name asked for, or NULL. */
void track_line(struct track *t, const struct line *l, const struct said *s, const char *metric);
/* Percent of the whole job; false: unknown. */
bool track_percent(const struct track *t, double *percent);
void track_values(const struct track *t, struct progress_values *out);
/* One field from a source above the log. */
void track_set(struct track *t, const struct progress_values *v, enum source source);
bool metric_name_is(const struct metric *m, const char *name);

/* ---- steps.c: how far it is ---- */

/* Of `bits` what the log said is unknown from here on. */
void track_forget(struct track *t, unsigned bits);
/* `word` is the program's own, for PHASE_OTHER. */
void track_phase(struct track *t, enum phase phase, struct span word);
/* An epoch of a line that has no step. */
void track_epoch(struct track *t, const struct said *s);
/* A step of the loop that trains. */
void track_step(struct track *t, const struct said *s);
void track_speed(struct track *t, const struct said *s);
/* A bar that counts epochs; alone it is also the innermost loop. */
void track_epochs_bar(struct track *t, const struct said *s);

/* loops.c: whose loop a bar is; what it did since is kept in the loop. */
struct loop *loops_match(struct track *t, const struct line *l, const struct said *s);

#endif
