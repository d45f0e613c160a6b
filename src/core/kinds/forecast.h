/*
 * What a change would lead to, told before it is made (?what_if=1). It is nobody's row: only an
 * answer.
 */
#ifndef MLTOP_CORE_KINDS_FORECAST_H
#define MLTOP_CORE_KINDS_FORECAST_H

#include "core/schema/schema.h"

/* Amounts as a quota has them; -1 where it is a limit: none. */
struct uses {
	struct record record;
	struct mcpu cpu;
	struct bytes memory;
	int64_t gpu, count;
};
extern const struct kind uses_kind;

/* Who is over a line then. */
struct overrun {
	struct record record;
	const char *kind, *name; /* "org", or the kind of an object that runs */
	const char *line;        /* row of the quota: "train_gpu_quota" */
	const char *used, *limit;
};
extern const struct kind overrun_kind;
enum { FORECAST_OVER_MAX = 100, FORECAST_STARTING = 8 };

struct forecast {
	struct record record;
	bool starts_now;
	int64_t behind;
	int64_t starts;          /* of a quota: how many that wait start then */
	struct strings starting; /* their names, FORECAST_STARTING at most */
	unsigned reason;         /* enum work_reason */
	const char *message;
	struct nested used, limit, after, limit_after; /* struct uses */
	struct records over;                           /* struct overrun */
};
extern const struct kind forecast_kind;

/* A record of amounts, in `text`. */
void forecast_uses(struct nested *out, struct mcpu cpu, struct bytes memory, int64_t gpu,
	int64_t count, struct arena *text);

/* What it says for people; each appends. */

/* "starts now", "waits behind 2: needs 4 GPUs: 2 of the 8 here are free". */
void forecast_say(const struct forecast *f, struct buf *out);
enum { FORECAST_RESOURCES = 4 };
extern const char *const forecast_resources[FORECAST_RESOURCES]; /* "gpu" */
/* Of a quota: "2 start now: a, b; 1 waits for it still", "nobody waits for it". */
void forecast_say_limits(const struct forecast *f, struct buf *out);
/* "2/8 -> 6/8". False: nothing of it would change. */
bool forecast_change(const struct forecast *f, size_t resource, struct buf *out);
/* "org vision: 6 of 4 (train_gpu_quota)" */
void forecast_over(const struct overrun *o, struct buf *out);

#endif
