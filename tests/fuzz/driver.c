/*
 * A small driver for the short run of every fuzz target in `make test`: seeded mutations of the
 * target's corpus, no coverage. `make fuzz` links the same targets with libFuzzer instead.
 *
 *   FUZZ_RUNS (default 20000) inputs of at most 4 KiB from SEED (default 1), after each file given.
 */
#include "base/fsio.h"
#include "base/num.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

enum { INPUT_MAX = 4096, SEEDS_MAX = 256 };

static struct buf seeds[SEEDS_MAX];
static size_t seed_count;
static uint64_t state;

static uint64_t next(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static void load(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)) != NULL && seed_count < SEEDS_MAX) {
		char *path = fsio_join(folder, entry->d_name);

		buf_init(&seeds[seed_count], 0);
		if (entry->d_name[0] != '.' && fsio_read(path, &seeds[seed_count], 1 << 20, NULL))
			seed_count++;
		free(path);
	}
	if (dir)
		closedir(dir);
}

/* A seed or nothing, then a few edits: flip, insert, remove, repeat, interesting bytes. */
static size_t mutate(uint8_t *out)
{
	static const uint8_t odd[] = {0, 0xff, 0x1b, 0x7f, '"', '{', '[', '\\', '%', '\r', '\n',
		0x80, 0xc2, '/', '='};
	size_t len = 0;

	if (seed_count && next() % 8) {
		const struct buf *seed = &seeds[next() % seed_count];

		len = seed->len < INPUT_MAX ? seed->len : INPUT_MAX;
		memcpy(out, seed->data, len);
	}
	for (uint64_t edits = next() % 8 + 1; edits; edits--) {
		size_t at = len ? next() % len : 0;
		uint8_t byte = next() % 2 ? odd[next() % sizeof odd] : (uint8_t)next();

		if (len == 0 || (next() % 3 == 0 && len < INPUT_MAX)) {
			memmove(out + at + 1, out + at, len - at);
			out[at] = byte;
			len++;
		} else if (next() % 3 == 0) {
			size_t n = next() % (len - at) + 1;

			memmove(out + at, out + at + n, len - at - n);
			len -= n;
		} else {
			out[at] = byte;
		}
	}
	return len;
}

int main(int argc, char **argv)
{
	int64_t runs = 20000, seed = 1;
	uint8_t input[INPUT_MAX + 1];

	if (getenv("FUZZ_RUNS"))
		num_i64(getenv("FUZZ_RUNS"), 0, INT64_MAX, &runs);
	if (getenv("SEED"))
		num_i64(getenv("SEED"), 0, INT64_MAX, &seed);
	state = (uint64_t)seed;
	if (LLVMFuzzerInitialize)
		LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++)
		load(argv[i]);
	for (size_t i = 0; i < seed_count; i++)
		LLVMFuzzerTestOneInput((const uint8_t *)seeds[i].data, seeds[i].len);
	for (int64_t i = 0; i < runs; i++) {
		/* An exact copy, so that a sanitizer sees one byte too far. */
		size_t len = mutate(input);
		uint8_t *copy = malloc(len ? len : 1);

		memcpy(copy, input, len);
		LLVMFuzzerTestOneInput(copy, len);
		free(copy);
	}
	for (size_t i = 0; i < seed_count; i++)
		buf_release(&seeds[i]);
	printf("1 passed, 0 failed, 0 skipped\n");
	return 0;
}
