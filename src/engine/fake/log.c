#include "engine/fake/fake.h"

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

uint64_t fake_log_length(int64_t total, double step)
{
	return (uint64_t)((int64_t)step / stride(total)) * FAKE_RECORD;
}

struct fake_log fake_log_of(const struct fake *f, uint32_t index, int attempt, int64_t total)
{
	struct fake_log g = {.total = total};

	g.seed = fake_hash(f->seed, index, (uint64_t)attempt);
	g.loss_from = 1.5 + 4 * fake_unit(fake_hash(g.seed, 1, 0));
	return g;
}

/* Falls from loss_from towards a twentieth of it, with noise that the step decides. */
static double loss_at(const struct fake_log *g, int64_t step)
{
	double part = (double)step / (double)(g->total > 0 ? g->total : 1);
	double noise = fake_unit(fake_hash(g->seed, 2, (uint64_t)step)) - 0.5;

	return g->loss_from * (0.05 + 0.95 * exp(-5 * part)) * (1 + 0.04 * noise);
}

double fake_loss(const struct fake *f, uint32_t index, int attempt, double step)
{
	struct fake_log g = fake_log_of(f, index, attempt, fake_total(f, index, attempt));

	return loss_at(&g, (int64_t)step);
}

static void bar(char *out, size_t size, const struct fake_log *g, int64_t step)
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

static void epoch(char *out, size_t size, const struct fake_log *g, int64_t record, int64_t step)
{
	double loss = loss_at(g, step);

	snprintf(out, size, "\rEpoch %lld/%lld - loss: %.4f - acc: %.4f",
		(long long)(record / EPOCH + 1),
		(long long)(g->total / stride(g->total) + EPOCH - 1) / EPOCH, loss,
		1 - loss / (g->loss_from * 1.3));
}

/* Record n is about step (n + 1) * stride; always FAKE_RECORD bytes. */
static void record(char out[FAKE_RECORD + 1], const struct fake_log *g, int64_t n)
{
	char text[256];
	int64_t step = (n + 1) * stride(g->total);
	bool last = n % EPOCH == EPOCH - 1;

	if (last)
		epoch(text, sizeof text, g, n, step);
	else
		bar(text, sizeof text, g, step);
	snprintf(out, FAKE_RECORD + 1, "%-*.*s", FAKE_RECORD, FAKE_RECORD, text);
	if (last)
		out[FAKE_RECORD - 1] = '\n';
}

size_t fake_log_read(const struct fake_log *g, uint64_t end, uint64_t offset, char *out,
	size_t size)
{
	char text[FAKE_RECORD + 1];
	size_t done = 0;

	if (offset >= end)
		return 0;
	if (size > end - offset)
		size = (size_t)(end - offset);
	while (done < size) {
		uint64_t at = (offset + done) % FAKE_RECORD;
		size_t n = FAKE_RECORD - (size_t)at;

		record(text, g, (int64_t)((offset + done) / FAKE_RECORD));
		n = n < size - done ? n : size - done;
		memcpy(out + done, text + at, n);
		done += n;
	}
	return size;
}
