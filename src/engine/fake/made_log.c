#include "engine/fake/made.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
	RECORDS = 4000, /* of a whole log, at most */
	EPOCH = 10,     /* one in so many tells of an epoch */
	VALIDATES = 8,  /* those behind this one of them of validation */
	PREPARES = 6,   /* this part of a log, where it begins with a download */
};

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

/* Of four jobs one begins with a download, two validate, one saves what it has. */
struct made_log made_log_of(uint64_t seed, int64_t total, double rate)
{
	uint64_t fate = made_hash(seed, 3, 0), habits = made_hash(seed, 4, 0);
	int64_t records = total / stride(total);
	int64_t prepares = habits % 4 == 0 ? records / PREPARES : 0;

	return (struct made_log){.seed = seed,
		.total = total,
		.rate = rate * (double)records / (double)(records - prepares),
		.loss_from = 1.5 + 4 * made_unit(made_hash(seed, 1, 0)),
		.diverges = fate % 32 ? total : (int64_t)(fate >> 32) % (total / 2 + 1),
		.prepares = prepares,
		.validates = habits >> 8 & 1,
		.saves = (habits >> 9 & 3) == 0};
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

/* ---- Records: a bar, or in its place something else ---- */

enum tells { TELLS_STEP, TELLS_EPOCH, TELLS_VALIDATE, TELLS_SAVE, TELLS_DOWNLOAD, TELLS_TOKENIZE };

static int64_t records_of(const struct made_log *g)
{
	return g->total / stride(g->total);
}

/* Record n is about this step; the last one about the last. */
static int64_t step_of(const struct made_log *g, int64_t n)
{
	int64_t trains = records_of(g) - g->prepares;

	if (n + 1 >= records_of(g))
		return g->total;
	return n < g->prepares ? 0 : (n + 1 - g->prepares) * g->total / trains;
}

static enum tells tells(const struct made_log *g, int64_t n)
{
	int64_t k = n - g->prepares;

	if (k < 0)
		return 2 * n < g->prepares ? TELLS_DOWNLOAD : TELLS_TOKENIZE;
	if (n + 1 >= records_of(g))
		return TELLS_STEP;
	if (k >= EPOCH && k % EPOCH == 0)
		return TELLS_EPOCH;
	if (g->saves && k >= EPOCH && k % EPOCH == 1)
		return TELLS_SAVE;
	return g->validates && k % EPOCH > VALIDATES ? TELLS_VALIDATE : TELLS_STEP;
}

/* The newest record up to n that tells one of them; -1: there is none. */
static int64_t newest(const struct made_log *g, int64_t n, enum tells a, enum tells b)
{
	while (n >= g->prepares && tells(g, n) != a && tells(g, n) != b)
		n--;
	return n >= g->prepares ? n : -1;
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
	static const char *const phases[] = {"train", "train", "validate", "save", "download",
		"tokenize"};
	int64_t last = (int64_t)step / stride(g->total) - 1, n;

	*out = (struct made_said){0};
	if (last < 0)
		return;
	out->phase = phases[tells(g, last)];
	if ((n = newest(g, last, TELLS_STEP, TELLS_STEP)) >= 0)
		out->step = step_of(g, n);
	if ((n = newest(g, last, TELLS_STEP, TELLS_EPOCH)) >= 0)
		out->loss = loss_at(g, step_of(g, n));
	if ((n = newest(g, last, TELLS_EPOCH, TELLS_EPOCH)) < 0)
		return;
	out->epoch = epoch_of(g, step_of(g, n));
	out->acc = acc_of(g, loss_at(g, step_of(g, n)));
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

/* "45%|####      | 450/1000 [00:22<00:27, 20.0it/s", and no bracket behind it. */
static int bar_begin(char *out, size_t size, const char *name, int64_t done, int64_t all,
	double rate)
{
	static const char full[] = "##########", none[] = "          ";
	int percent = (int)(done * 100 / all), tenths = percent / 10;
	char gone[32], left[32];

	clock_text(gone, sizeof gone, (double)done / rate);
	clock_text(left, sizeof left, (double)(all - done) / rate);
	return snprintf(out, size, "\r%s%3d%%|%.*s%.*s| %lld/%lld [%s<%s, %.1fit/s", name, percent,
		tenths, full, 10 - tenths, none, (long long)done, (long long)all, gone, left, rate);
}

static void bar(char *out, size_t size, const struct made_log *g, int64_t step)
{
	int n = bar_begin(out, size, "", step, g->total, g->rate);
	char loss[32];

	value_text(loss, sizeof loss, loss_at(g, step));
	snprintf(out + n, size - (size_t)n, ", loss=%s]", loss);
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

/* What comes before and between: how far it is follows from where the record stands. */
static void aside(char *out, size_t size, const struct made_log *g, int64_t n, enum tells what)
{
	int64_t half = (g->prepares + 1) / 2, at = (n - g->prepares) % EPOCH;
	int end;

	if (what == TELLS_DOWNLOAD)
		end = bar_begin(out, size, "Downloading model.safetensors: ", n + 1, half, g->rate);
	else if (what == TELLS_TOKENIZE)
		end = bar_begin(out, size, "Tokenizing: ", n + 1 - half, g->prepares - half,
			g->rate);
	else if (what == TELLS_VALIDATE)
		end = bar_begin(out, size, "Validating: ", at - VALIDATES, EPOCH - 1 - VALIDATES,
			g->rate);
	else
		end = bar_begin(out, size, "Writing model shards: ", 1, 1, g->rate);
	snprintf(out + end, size - (size_t)end, "]");
}

/* Always MADE_RECORD bytes. */
static void record(char out[MADE_RECORD + 1], const struct made_log *g, int64_t n)
{
	enum tells what = tells(g, n);
	char text[256];

	if (what == TELLS_STEP)
		bar(text, sizeof text, g, step_of(g, n));
	else if (what == TELLS_EPOCH)
		epoch(text, sizeof text, g, step_of(g, n));
	else
		aside(text, sizeof text, g, n, what);
	snprintf(out, MADE_RECORD + 1, "%-*.*s", MADE_RECORD, MADE_RECORD, text);
	if (what == TELLS_EPOCH || what == TELLS_SAVE || n + 1 == g->prepares ||
		n + 1 >= records_of(g))
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
