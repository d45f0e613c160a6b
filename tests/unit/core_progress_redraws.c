/*
 * Redraws of bars are scanned only beside what the bar itself has taken: that finds what a scan of
 * the whole line finds there, on each line of the corpus and on seeded mutations of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/progress/clean.h"
#include "core/progress/line.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>

#ifndef FOLDER
#define FOLDER "tests/corpus/progress/"
#endif

enum { SAMPLE_MAX = 64 * 1024, MUTATIONS = 12 };

static char bytes[SAMPLE_MAX];
static int bars, beside; /* lines that were compared, and numbers */

static uint32_t random_state = 20261130;

static uint32_t random_below(uint32_t n)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (random_state >> 8) % n;
}

/* One change: a byte of another place, a piece taken out, a piece twice. Returns the new length. */
static size_t mutate(char *s, size_t len)
{
	static const char signs[] = "|[]%/ ?:,=19.e-_lsn<";
	size_t at = random_below((uint32_t)len), n = 1 + random_below(6);

	n = n < len - at ? n : len - at;
	switch (random_below(3)) {
	case 0: s[at] = signs[random_below(sizeof signs - 1)]; return len;
	case 1: memmove(s + at, s + at + n, len - at - n); return len - n;
	default:
		if (len + n > PROGRESS_LINE_MAX)
			return len;
		memmove(s + at + n, s + at, len - at);
		return len + n;
	}
}

static bool spans_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || a.at == b.at);
}

static void number_same(const struct number *a, const struct number *b, const char *text)
{
	bool same = a->at == b->at && a->end == b->end &&
		memcmp(&a->value, &b->value, sizeof a->value) == 0 && a->integer == b->integer &&
		a->percent == b->percent && a->doubtful == b->doubtful && a->loose == b->loose &&
		spans_equal(a->name, b->name) && spans_equal(a->before, b->before) &&
		a->meaning.kind == b->meaning.kind;

	if (!same)
		fail_msg("a number at '%s' is read otherwise in '%s'", a->at, text);
	beside++;
}

static void line_compare(const char *text, bool ended)
{
	struct line part, whole;
	struct said s;
	const char *end;
	size_t n = 0;

	line_init(&part, text, ended, 0);
	line_init(&whole, text, ended, 0);
	line_begin(&part);
	if (!read_tqdm(&part, &s))
		return;
	end = s.taken.at + s.taken.len;
	line_begin(&whole);
	line_scan(&whole, (struct span){NULL, 0});
	line_scan(&part, s.taken);
	/* An open bracket within the cells of a bar is a part of its drawing. */
	if (whole.count == NUMBERS_MAX || memchr(s.taken.at, '(', s.taken.len) ||
		memchr(s.taken.at, '{', s.taken.len))
		return;
	bars++;
	for (size_t i = 0; i < whole.count; i++) {
		const struct number *w = &whole.numbers[i];

		if (w->at < end && w->end > s.taken.at)
			continue; /* the bar's own */
		/* "0e0%|": one that begins before the bar and ends within it is found by both. */
		while (n < part.count && part.numbers[n].at < end &&
			part.numbers[n].end > s.taken.at)
			n++;
		if (n == part.count)
			fail_msg("a number at '%s' is not found in '%s'", w->at, text);
		number_same(w, &part.numbers[n++], text);
	}
	/* What begins within the bar and goes on behind it is found there at most. */
	assert_true(part.count - n <= 1);
}

static void line_check(const char *raw, size_t len)
{
	char text[PROGRESS_LINE_MAX + 1];
	struct piece piece;
	size_t at = 0;

	while (piece_next(raw, len, &at, text, &piece)) {
		line_compare(text, true);
		line_compare(text, false);
	}
}

static void sample_check(const char *path)
{
	FILE *f = fopen(path, "rb");
	size_t len;

	assert_non_null(f);
	len = fread(bytes, 1, sizeof bytes, f);
	fclose(f);
	for (size_t at = 0; at < len;) {
		char line[PROGRESS_LINE_MAX];
		size_t n = 0;

		while (at + n < len && bytes[at + n] != '\n' && bytes[at + n] != '\r' &&
			n < sizeof line)
			n++;
		memcpy(line, bytes + at, n);
		at += n + 1;
		line_check(line, n);
		for (int i = 0; i < MUTATIONS && n > 0 && memchr(line, '|', n); i++) {
			n = mutate(line, n);
			line_check(line, n);
		}
	}
}

static void test_beside_a_bar(void **state)
{
	glob_t samples;

	(void)state;
	if (glob(FOLDER "*.log", 0, NULL, &samples) != 0)
		fail_msg(FOLDER " has no sample: tests run in the tree's own folder");
	for (size_t i = 0; i < samples.gl_pathc; i++)
		sample_check(samples.gl_pathv[i]);
	globfree(&samples);
	assert_true(bars > 10000);
	assert_true(beside > 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_beside_a_bar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
