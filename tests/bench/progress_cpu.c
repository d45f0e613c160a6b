/*
 * CPU that a reader of progress takes for one kind of log: `progress_cpu plain|bars|torrent MEGABYTES`
 * prints as JSON its microseconds of CPU per MB, the bytes of its state and how many lines it passed
 * over. Built twice, with this tree's reader and, by -DOLDER_READER, with that of an older build; both
 * are fed the same bytes, which come from a seeded generator and are made before the clock starts.
 */
#ifdef OLDER_READER
#include "core/progress.h"
#else
#include "core/progress/progress.h"
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PIECE = 16 * 1024, LINE = 256 };

/* What a worker hands over at a time, and how much later it comes again. */
struct kind {
	const char *name;
	size_t (*line)(char *out, unsigned n);
	size_t piece;
	int64_t every_ms;
};

static uint64_t seed = 20261130;

static unsigned rnd(unsigned below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed % below);
}

static const char *word(void)
{
	static const char *const words[] = {"cache", "shard", "worker", "socket", "tensor",
		"device", "module", "config", "queue", "index", "manifest", "bucket", "kernel",
		"replica", "tokenizer", "optimizer", "dataset", "checkpoint", "thread", "stream"};

	return words[rnd(sizeof words / sizeof *words)];
}

/* A line of a program that talks much and never says how far it is. */
static size_t plain_line(char *out, unsigned n)
{
	switch (rnd(8)) {
	case 0:
		return (size_t)snprintf(out, LINE,
			"2026-11-30 %02u:%02u:%02u,%03u INFO %s.%s: opened data/part-%05u.tar (%u files, %u MB)\n",
			n / 3600 % 24, n / 60 % 60, n % 60, rnd(1000), word(), word(), rnd(99999),
			rnd(5000), rnd(900));
	case 1:
		return (size_t)snprintf(out, LINE,
			"gpu-%02u:%u:%u [%u] NCCL INFO Channel %02u/0 : %u[%u] -> %u[%u] via P2P/CUMEM\n",
			rnd(64), 1000 + rnd(9000), 1000 + rnd(9000), rnd(8), rnd(24), rnd(8),
			rnd(8), rnd(8), rnd(8));
	case 2:
		return (size_t)snprintf(out, LINE,
			"[W%04u %02u:%02u:%02u.%06u %s.cpp:%u] Warning: the %s of %s is used by another %s\n",
			1130, n / 3600 % 24, n / 60 % 60, n % 60, rnd(1000000), word(), rnd(2000),
			word(), word(), word());
	case 3:
		return (size_t)snprintf(out, LINE,
			"  File \"/usr/lib/python3/site-packages/%s/%s.py\", line %u, in %s\n",
			word(), word(), rnd(2000), word());
	case 4:
		return (size_t)snprintf(out, LINE,
			"DEBUG:%s:GET https://%s.example/v1/%s/%08x 200 %u\n", word(), word(),
			word(), rnd(1u << 31), rnd(100000));
	case 5:
		return (size_t)snprintf(out, LINE,
			"Some weights of the %s were not used: ['%s.%u.%s']\n", word(), word(),
			rnd(40), word());
	case 6:
		return (size_t)snprintf(out, LINE, "Collecting %s-%s>=%u.%u.%u (from %s)\n", word(),
			word(), rnd(9), rnd(20), rnd(9), word());
	default:
		return (size_t)snprintf(out, LINE, "%s %s=%u %s=%s %s=%u.%u\n", word(), word(),
			rnd(4096), word(), word(), word(), rnd(64), rnd(100));
	}
}

/* A redraw of a bar of tqdm. */
static size_t bar_line(char *out, unsigned n)
{
	enum { TOTAL = 50000, CELLS = 20 };
	char cells[CELLS * 3 + 1] = "";
	unsigned step = n % TOTAL + 1, rate = 800 + rnd(400);

	for (unsigned i = 0; i < CELLS; i++)
		strcat(cells, i < step * CELLS / TOTAL ? "\xe2\x96\x88" : " ");
	return (size_t)snprintf(out, LINE,
		"\rEpoch %u: %3u%%|%s| %u/%u [%02u:%02u<%02u:%02u, %u.%02uit/s, loss=%u.%03u]",
		n / TOTAL + 1, step * 100 / TOTAL, cells, step, TOTAL, step / 1000 / 60,
		step / 1000 % 60, (TOTAL - step) / 1000 / 60, (TOTAL - step) / 1000 % 60, rate,
		rnd(100), rnd(3), rnd(1000));
}

/*
 * `bars`: at most 4 KiB of redraws each half second, some 80 a second, so that none may be passed
 * over. `torrent`: 16 MB of them a second.
 */
static const struct kind kinds[] = {
	{"plain", plain_line, PIECE, 1},
	{"bars", bar_line, 4096, 500},
	{"torrent", bar_line, PIECE, 1},
};

static const struct kind *kind_of(const char *name)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

static char *made(const struct kind *k, size_t size)
{
	char *bytes = malloc(size + LINE);
	size_t len = 0;

	if (bytes == NULL)
		abort();
	for (unsigned n = 0; len < size; n++)
		len += k->line(bytes + len, n);
	return bytes;
}

static double cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

#ifdef OLDER_READER
static size_t state_size(void)
{
	return sizeof(struct progress);
}

static void start(struct progress *p)
{
	progress_init(p);
}

static void take(struct progress *p, const char *bytes, size_t len, int64_t now_ms)
{
	(void)now_ms;
	progress_feed(p, bytes, len);
}

static uint64_t passed(const struct progress *p)
{
	(void)p;
	return 0;
}
#else
static size_t state_size(void)
{
	return progress_size();
}

static void start(struct progress *p)
{
	progress_init(p, NULL);
}

/* With a look at what stands, as the worker does after what it read. */
static void take(struct progress *p, const char *bytes, size_t len, int64_t now_ms)
{
	struct progress_values values;

	progress_feed(p, bytes, len, now_ms);
	progress_pause(p, now_ms, &values);
}

static uint64_t passed(const struct progress *p)
{
	return progress_passed(p);
}
#endif

int main(int argc, char **argv)
{
	const struct kind *k = argc == 3 ? kind_of(argv[1]) : NULL;
	size_t size = argc == 3 ? (size_t)atoi(argv[2]) * 1000 * 1000 : 0;
	struct progress *p = malloc(state_size());
	int64_t now_ms = 1000;
	char *bytes;
	double began;

	if (k == NULL || size == 0 || p == NULL) {
		fprintf(stderr, "usage: progress_cpu plain|bars|torrent MEGABYTES\n");
		return 2;
	}
	bytes = made(k, size);
	start(p);
	began = cpu_us();
	for (size_t at = 0; at < size; at += k->piece, now_ms += k->every_ms)
		take(p, bytes + at, size - at < k->piece ? size - at : k->piece, now_ms);
	printf("{\"us\": %.3f, \"state\": %zu, \"passed\": %llu}\n",
		(cpu_us() - began) / ((double)size / 1e6), state_size(),
		(unsigned long long)passed(p));
	free(bytes);
	free(p);
	return 0;
}
