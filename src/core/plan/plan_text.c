#include "core/plan/plan_parts.h"

#include <string.h>

void text_add(struct text *t, const char *s)
{
	while (*s && t->len + 1 < t->size)
		t->out[t->len++] = *s++;
	t->out[t->len] = '\0';
}

void text_number(struct text *t, int64_t n)
{
	char digits[24];
	size_t at = sizeof digits - 1;
	uint64_t u = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;

	digits[at] = '\0';
	do
		digits[--at] = (char)('0' + u % 10);
	while ((u /= 10) > 0);
	if (n < 0)
		digits[--at] = '-';
	text_add(t, digits + at);
}

/* n / 10^places, without zeros at the end. */
static void text_decimal(struct text *t, int64_t n, int places)
{
	int64_t scale = 1;

	for (int i = 0; i < places; i++)
		scale *= 10;
	text_number(t, n / scale);
	int64_t rest = n % scale;

	if (rest <= 0)
		return;
	text_add(t, ".");
	while (rest > 0) {
		scale /= 10;
		char digit[2] = {(char)('0' + rest / scale), '\0'};

		text_add(t, digit);
		rest %= scale;
	}
}

/* One decimal of the largest unit that leaves a whole part. */
static void text_bytes(struct text *t, int64_t n, bool up)
{
	static const char *const units[] = {"", "K", "M", "G", "T", "P"};
	int64_t unit = 1;
	size_t u = 0;

	while (u + 1 < ARRAY_SIZE(units) && n / unit >= 1024) {
		unit *= 1024;
		u++;
	}
	int64_t whole = n / unit, rest = n % unit;
	/* rest < 2^50, so times ten fits. */
	int64_t tenths = (rest * 10 + (up ? unit - 1 : 0)) / unit;

	text_decimal(t, whole * 10 + tenths, 1);
	text_add(t, units[u]);
}

void text_bare(struct text *t, enum dim dim, int64_t n, bool up)
{
	if (dim == DIM_MEMORY)
		text_bytes(t, n, up);
	else if (dim == DIM_CPU)
		text_decimal(t, n, 3);
	else
		text_number(t, n);
}

void text_amount(struct text *t, enum dim dim, int64_t n)
{
	static const struct {
		int64_t one;
		const char *single, *many;
	} words[] = {
		[DIM_GPUS] = {1, " GPU", " GPUs"},
		[DIM_MEMORY] = {0, " of memory", " of memory"},
		[DIM_CPU] = {1000, " CPU", " CPUs"},
		[DIM_TASKS] = {1, " task", " tasks"},
		[DIM_JOBS] = {1, " job", " jobs"},
	};

	text_bare(t, dim, n, true);
	text_add(t, n == words[dim].one ? words[dim].single : words[dim].many);
}

enum work_reason block_reason(const struct block *b)
{
	static const enum work_reason reasons[] = {
		[DIM_GPUS] = REASON_GPU,
		[DIM_MEMORY] = REASON_MEMORY,
		[DIM_CPU] = REASON_CPU,
		[DIM_TASKS] = REASON_TASKS,
		[DIM_JOBS] = REASON_QUOTA,
	};

	if (b->kept)
		return REASON_PRIORITY;
	return b->pool->org ? REASON_QUOTA : reasons[b->dim];
}

static void needs(struct text *t, enum dim dim, const struct amounts *need)
{
	text_add(t, "needs ");
	text_amount(t, dim, need->v[dim]);
	text_add(t, ": ");
}

static void message_quota(struct text *t, const struct block *b, const struct amounts *need)
{
	int64_t total = b->pool->total.v[b->dim], used = b->pool->used.v[b->dim];
	bool jobs = b->dim == DIM_JOBS;

	if (used < total)
		needs(t, b->dim, need);
	text_add(t, "org ");
	text_add(t, b->pool->org);
	text_add(t, jobs ? " may run " : " may use ");
	text_amount(t, b->dim, total);
	text_add(t, jobs ? " at once and runs " : " and uses ");
	text_bare(t, b->dim, used, true);
}

static void message_tasks(struct text *t, const struct block *b, const struct amounts *need)
{
	int64_t total = b->pool->total.v[DIM_TASKS], used = b->pool->used.v[DIM_TASKS];

	if (need->v[DIM_TASKS] > 1)
		needs(t, DIM_TASKS, need);
	text_amount(t, DIM_TASKS, total);
	text_add(t, " may run at once here and ");
	text_number(t, used);
	text_add(t, used == 1 ? " does" : " do");
}

static void message_machine(struct text *t, const struct block *b, const struct amounts *need)
{
	enum dim d = b->dim;
	int64_t total = b->pool->total.v[d], left = total - b->pool->used.v[d];
	int64_t one = d == DIM_CPU ? 1000 : 1;

	if (left < 0)
		left = 0;
	needs(t, d, need);
	text_bare(t, d, left, false);
	text_add(t, " of the ");
	text_bare(t, d, total, false);
	text_add(t,
		d == DIM_MEMORY || (left > 0 && left <= one) ? " here is free" : " here are free");
}

void block_message(char *out, size_t size, const struct block *b, const struct amounts *need)
{
	struct text t = {.out = out, .size = size};

	if (b->kept) {
		needs(&t, b->dim, need);
		text_add(&t, "what is free is kept for ");
		text_add(&t, b->pool->keeper ? b->pool->keeper : "a job");
		text_add(&t, ", which has waited longer");
	} else if (b->pool->org) {
		message_quota(&t, b, need);
	} else if (b->dim == DIM_TASKS) {
		message_tasks(&t, b, need);
	} else {
		message_machine(&t, b, need);
	}
}

void spread_message(char *out, size_t size, enum dim dim, const struct amounts *each, int64_t most)
{
	struct text t = {.out = out, .size = size};

	if (dim == DIM_TASKS) {
		text_add(&t, "no node has room for all that one of its tasks needs");
		return;
	}
	text_add(&t, "needs ");
	text_amount(&t, dim, each->v[dim]);
	text_add(&t, " on one node: the most that is free on one is ");
	text_bare(&t, dim, most, false);
}
