#include "engine/fake/made.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { RECORDS = 4000, EPOCH = 10 }; /* records of a whole log at most; one in EPOCH ends a line */

/* Steps between two records. */
static int64_t stride(int64_t total)
{
	int64_t n = total / RECORDS;

	return n > 0 ? n : 1;
}

uint64_t made_log_length(int64_t total, double step)
{
	return (uint64_t)((int64_t)step / stride(total)) * MADE_RECORD;
}

struct made_log made_log_of(uint64_t seed, int64_t total, double rate)
{
	uint64_t fate = made_hash(seed, 3, 0);

	return (struct made_log){.seed = seed,
		.total = total,
		.rate = rate,
		.loss_from = 1.5 + 4 * made_unit(made_hash(seed, 1, 0)),
		.diverges = fate % 32 ? total : (int64_t)(fate >> 32) % (total / 2 + 1)};
}

struct made_log made_log(const struct made *m, int attempt)
{
	return made_log_of(made_of(m, 1000 + (uint64_t)attempt), made_total(m, attempt),
		made_rate(m, attempt));
}

/* Falls from loss_from towards a twentieth of it, with noise that the step decides. */
static double loss_at(const struct made_log *g, int64_t step)
{
	double part = (double)step / (double)(g->total > 0 ? g->total : 1);
	double noise = made_unit(made_hash(g->seed, 2, (uint64_t)step)) - 0.5;

	if (step > g->diverges)
		return (double)NAN;
	return g->loss_from * (0.05 + 0.95 * exp(-5 * part)) * (1 + 0.04 * noise);
}

/* ---- Records: a bar, or in its place the line of an epoch ---- */

static int64_t records_of(const struct made_log *g)
{
	return g->total / stride(g->total);
}

/* Record n is about this step; the last one about the last. */
static int64_t step_of(const struct made_log *g, int64_t n)
{
	return n + 1 >= records_of(g) ? g->total : (n + 1) * stride(g->total);
}

static bool tells_epoch(int64_t n)
{
	return n > 0 && n % EPOCH == 0;
}

static int64_t epoch_of(const struct made_log *g, int64_t step)
{
	int64_t n = step * MADE_EPOCHS / g->total + 1;

	return n < MADE_EPOCHS ? n : MADE_EPOCHS;
}

static double acc_of(const struct made_log *g, double loss)
{
	return 1 - loss / (g->loss_from * 1.3);
}

void made_said(struct made_said *out, const struct made_log *g, double step)
{
	int64_t count = (int64_t)step / stride(g->total), n = count - 1;
	int64_t told = n > 0 ? n / EPOCH * EPOCH : 0; /* the newest line of an epoch */

	*out = (struct made_said){0};
	if (count == 0)
		return;
	out->step = step_of(g, tells_epoch(n) ? n - 1 : n);
	out->loss = loss_at(g, step_of(g, n));
	if (!tells_epoch(told))
		return;
	out->epoch = epoch_of(g, step_of(g, told));
	out->acc = acc_of(g, loss_at(g, step_of(g, told)));
}

/* "12:05", and from an hour on "3:12:05". */
static void clock_text(char *out, size_t size, double seconds)
{
	long long s = (long long)seconds;

	if (s >= 3600)
		snprintf(out, size, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
	else
		snprintf(out, size, "%02lld:%02lld", s / 60, s % 60);
}

/* "nan" never has a sign. */
static void value_text(char *out, size_t size, double value)
{
	if (isnan(value))
		snprintf(out, size, "nan");
	else
		snprintf(out, size, "%.4f", value);
}

static void bar(char *out, size_t size, const struct made_log *g, int64_t step)
{
	static const char full[] = "##########", none[] = "          ";
	int percent = (int)(step * 100 / g->total), tenths = percent / 10;
	char gone[32], left[32], loss[32];

	clock_text(gone, sizeof gone, (double)step / g->rate);
	clock_text(left, sizeof left, (double)(g->total - step) / g->rate);
	value_text(loss, sizeof loss, loss_at(g, step));
	snprintf(out, size, "\r%3d%%|%.*s%.*s| %lld/%lld [%s<%s, %.1fit/s, loss=%s]", percent,
		tenths, full, 10 - tenths, none, (long long)step, (long long)g->total, gone, left,
		g->rate, loss);
}

static void epoch(char *out, size_t size, const struct made_log *g, int64_t step)
{
	double value = loss_at(g, step);
	char loss[32], acc[32];

	value_text(loss, sizeof loss, value);
	value_text(acc, sizeof acc, acc_of(g, value));
	snprintf(out, size, "\rEpoch %lld/%d - loss: %s - acc: %s", (long long)epoch_of(g, step),
		MADE_EPOCHS, loss, acc);
}

/* Always MADE_RECORD bytes. */
static void record(char out[MADE_RECORD + 1], const struct made_log *g, int64_t n)
{
	char text[256];

	if (tells_epoch(n))
		epoch(text, sizeof text, g, step_of(g, n));
	else
		bar(text, sizeof text, g, step_of(g, n));
	snprintf(out, MADE_RECORD + 1, "%-*.*s", MADE_RECORD, MADE_RECORD, text);
	if (tells_epoch(n) || n + 1 >= records_of(g))
		out[MADE_RECORD - 1] = '\n';
}

size_t made_log_read(const struct made_log *g, uint64_t end, uint64_t offset, char *out,
	size_t size)
{
	char text[MADE_RECORD + 1];
	size_t done = 0;

	if (offset >= end)
		return 0;
	if (size > end - offset)
		size = (size_t)(end - offset);
	while (done < size) {
		uint64_t at = (offset + done) % MADE_RECORD;
		size_t n = MADE_RECORD - (size_t)at;

		record(text, g, (int64_t)((offset + done) / MADE_RECORD));
		n = n < size - done ? n : size - done;
		memcpy(out + done, text + at, n);
		done += n;
	}
	return size;
}
