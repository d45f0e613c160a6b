/*
 * What attempts spent, by days: pure sums in whole numbers, so that parts add up to the whole exactly.
 * A day is one of UTC, numbered from 1970-01-01; an attempt that runs over midnight is split there, to
 * the millisecond. Times are wall ms.
 */
#ifndef MLTOP_CORE_SPENT_H
#define MLTOP_CORE_SPENT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	DAY_MS = 24 * 60 * 60 * 1000,
	SPENT_DAYS_MAX = 3660,    /* days of one sum that can be read back */
	SPENT_TEXT_MAX = 1 << 19, /* bytes of these as text */
	DAY_TEXT = 16,            /* room for "2026-11-30" with its NUL */
};

/* From `from` to before `to`. */
struct span {
	int64_t from, to;
};

/* What an attempt holds from its start to its end, whether it uses it or not. */
struct holding {
	int64_t gpus, mcpu, memory; /* memory in bytes */
};

__extension__ typedef unsigned __int128 spent_sum; /* a cluster's bytes, for years of ms */

struct spent {
	spent_sum gpu_ms, mcpu_ms, byte_ms;
	int64_t attempts; /* that ran on that day, at whatever time of it */
};
void spent_add(struct spent *to, const struct spent *more);

/* What a unit costs, in millionths of the currency. */
struct prices {
	int64_t gpu_hour, cpu_hour, gib_hour;
};
enum { PRICE_MAX = 1000000 }; /* of the currency */

/* In millionths, cut; INT64_MAX where that is too little. */
int64_t spent_gpu_seconds(const struct spent *s);
int64_t spent_cpu_seconds(const struct spent *s);
int64_t spent_gib_seconds(const struct spent *s);
/* Each of the three parts is rounded to a millionth, half up, and they are added. */
int64_t spent_cost(const struct spent *s, const struct prices *p);

int64_t day_of(int64_t ms);
/* "2026-11-30"; what is not within the years 1 to 9999 is told as the nearest that is. */
void day_text(int64_t day, char out[DAY_TEXT]);
bool day_read(const char *text, int64_t *day);

/* The days that it touches: one at least, for it has begun on one. */
void span_days(const struct span *s, int64_t *first, int64_t *last);
/* Adds the part of it that lies on that day; false: none does. */
bool spent_on(struct spent *to, const struct span *s, const struct holding *h, int64_t day);

struct spent_day {
	int64_t day;
	struct spent spent;
};
/* In order of days. Zeroed at first; vec_release frees it. */
struct spent_days {
	struct spent_day *items;
	size_t len, cap;
};
/* The sum of that day, made where there is none; good until the next one is made. */
struct spent *spent_days_at(struct spent_days *d, int64_t day);
/* All days of it from `first` to `last`, both included. */
void spent_days_add(struct spent_days *d, const struct span *s, const struct holding *h,
	int64_t first, int64_t last);
void spent_days_join(struct spent_days *to, const struct spent_days *more);
/* Days before that one go. */
void spent_days_drop(struct spent_days *d, int64_t before);

/* "20422:3600000:14400000:9663676416000:1 ..." in order of days. */
void spent_days_write(const struct spent_days *d, struct buf *out);
bool spent_days_read(struct spent_days *out, const char *text, struct err *e);

#endif
