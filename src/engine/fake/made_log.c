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

struct made_log made_log_of(uint64_t seed, int64_t total)
{
	return (struct made_log){.seed = seed,
		.total = total,
		.loss_from = 1.5 + 4 * made_unit(made_hash(seed, 1, 0))};
}

struct made_log made_log(const struct made *m, int attempt)
{
	return made_log_of(made_of(m, 1000 + (uint64_t)attempt), made_total(m, attempt));
}

/* Falls from loss_from towards a twentieth of it, with noise that the step decides. */
static double loss_at(const struct made_log *g, int64_t step)
{
	double part = (double)step / (double)(g->total > 0 ? g->total : 1);
	double noise = made_unit(made_hash(g->seed, 2, (uint64_t)step)) - 0.5;

	return g->loss_from * (0.05 + 0.95 * exp(-5 * part)) * (1 + 0.04 * noise);
}

double made_loss(const struct made_log *g, double step)
{
	return loss_at(g, (int64_t)step);
}

static void bar(char *out, size_t size, const struct made_log *g, int64_t step)
{
	static const char full[] = "##########", none[] = "          ";
	int percent = (int)(step * 100 / g->total), tenths = percent / 10;
	long long left = (long long)(g->total - step) / 20;

	snprintf(out, size,
		"\r%3d%%|%.*s%.*s| %lld/%lld [%02lld:%02lld<%02lld:%02lld, 20.0it/s, loss=%.4f]",
		percent, tenths, full, 10 - tenths, none, (long long)step, (long long)g->total,
		(long long)step / 20 / 60, (long long)step / 20 % 60, left / 60, left % 60,
		loss_at(g, step));
}

static void epoch(char *out, size_t size, const struct made_log *g, int64_t record, int64_t step)
{
	double loss = loss_at(g, step);

	snprintf(out, size, "\rEpoch %lld/%lld - loss: %.4f - acc: %.4f",
		(long long)(record / EPOCH + 1),
		(long long)(g->total / stride(g->total) + EPOCH - 1) / EPOCH, loss,
		1 - loss / (g->loss_from * 1.3));
}

/* Record n is about step (n + 1) * stride; always MADE_RECORD bytes. */
static void record(char out[MADE_RECORD + 1], const struct made_log *g, int64_t n)
{
	char text[256];
	int64_t step = (n + 1) * stride(g->total);
	bool last = n % EPOCH == EPOCH - 1;

	if (last)
		epoch(text, sizeof text, g, n, step);
	else
		bar(text, sizeof text, g, step);
	snprintf(out, MADE_RECORD + 1, "%-*.*s", MADE_RECORD, MADE_RECORD, text);
	if (last)
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
