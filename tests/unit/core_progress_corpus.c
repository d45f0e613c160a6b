/*
 * Every row of the tables in tests/corpus/progress, with the tolerances of its README, however the
 * bytes are cut: whole, one by one, in random pieces with pauses between them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "core/progress/progress.h"

#include <ctype.h>
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef FOLDER
#define FOLDER "tests/corpus/progress/"
#endif

enum {
	SAMPLE,
	OFFSET,
	STEP,
	TOTAL,
	EPOCH,
	EPOCHS,
	PERCENT,
	RATE,
	ETA,
	LOSS,
	METRIC_NAME,
	METRIC,
	COLUMNS,
	SAMPLE_MAX = 64 * 1024,
	WAYS = 12, /* in which the bytes of a row are cut */
};

static const char *const titles[COLUMNS] = {"sample", "offset", "step", "total", "epoch", "epochs",
	"percent", "rate", "eta", "loss", "metric_name", "metric"};

struct row {
	char *field[COLUMNS];
};

static char bytes[SAMPLE_MAX];

static size_t sample_read(const char *name)
{
	char path[256];
	FILE *f;
	size_t len;

	snprintf(path, sizeof path, FOLDER "%s.log", name);
	f = fopen(path, "rb");
	if (f == NULL)
		fail_msg("%s: cannot be opened: tests run in the tree's own folder", path);
	len = fread(bytes, 1, sizeof bytes, f);
	fclose(f);
	return len;
}

/* ---- What is right ---- */

static bool near(double a, double b, double share, double least)
{
	double most = fabs(b) * share > least ? fabs(b) * share : least;

	if (isnan(a) || isnan(b))
		return isnan(a) && isnan(b);
	return a == b || fabs(a - b) <= most * (1 + 1e-9);
}

static bool value_is(int column, double value, const char *wanted)
{
	double number = strtod(wanted, NULL);

	switch (column) {
	case PERCENT:
	case ETA: return near(value, number, .01, 1);
	case RATE: return near(value, number, .02, number >= 10 ? 1 : 0);
	case LOSS:
	case METRIC: return near(value, number, .001, 0);
	default: return value == number;
	}
}

/* One of the alternatives, `-` for unknown among them; *which gets its place. */
static bool field_is(int column, bool known, double value, const char *wanted)
{
	char text[256], *save, *one;

	if (strcmp(wanted, "?") == 0)
		return true;
	snprintf(text, sizeof text, "%s", wanted);
	for (one = strtok_r(text, "|", &save); one; one = strtok_r(NULL, "|", &save))
		if (strcmp(one, "-") == 0 ? !known : known && value_is(column, value, one))
			return true;
	return false;
}

/* The words of a name, in lower case, without those that name a set. */
static void name_words(const char *name, bool sets, char *out, size_t cap)
{
	static const char *const set[] = {"val", "valid", "validation", "eval", "evaluation",
		"train", "test", "main", "s", "0", "mean", NULL};
	size_t n = 0;

	while (*name) {
		char word[64];
		size_t len = 0;
		bool is_set = false;

		while (*name && !isalnum((unsigned char)*name))
			name++;
		for (; isalnum((unsigned char)*name) && len < sizeof word - 1; name++)
			word[len++] = (char)tolower((unsigned char)*name);
		word[len] = '\0';
		for (int i = 0; set[i]; i++)
			is_set |= strcmp(word, set[i]) == 0;
		if (!sets || !is_set)
			n += (size_t)snprintf(out + n, cap - n, "%s", word);
	}
	out[n] = '\0';
}

static bool name_is(const char *name, const char *wanted)
{
	char a[128], b[128];

	name_words(name, false, a, sizeof a);
	name_words(wanted, false, b, sizeof b);
	if (strcmp(a, b) == 0)
		return true;
	name_words(name, true, a, sizeof a);
	name_words(wanted, true, b, sizeof b);
	return strcmp(a, b) == 0;
}

/* Name and value belong together one by one where they list the same number. */
static bool metric_is(const struct progress_values *v, const struct row *r)
{
	char names[256], values[256], *name_save, *value_save, *name, *value;
	bool known = (v->known & PROGRESS_METRIC) != 0;

	if (strcmp(r->field[METRIC], "?") == 0)
		return true;
	snprintf(names, sizeof names, "%s", r->field[METRIC_NAME]);
	snprintf(values, sizeof values, "%s", r->field[METRIC]);
	name = strtok_r(names, "|", &name_save);
	value = strtok_r(values, "|", &value_save);
	for (; name && value;) {
		char *next_name = strtok_r(NULL, "|", &name_save);
		char *next_value = strtok_r(NULL, "|", &value_save);

		if (strcmp(value, "-") == 0 ? !known
					    : known && name_is(v->metric_name, name) &&
					value_is(METRIC, v->metric, value))
			return true;
		if (next_name == NULL && next_value == NULL)
			return false;
		name = next_name ? next_name : name;
		value = next_value ? next_value : value;
	}
	return false;
}

static int row_judge(const struct row *r, const struct progress_values *v, const char *way)
{
	const struct {
		int column;
		unsigned bit;
		double value;
	} fields[] = {
		{STEP, PROGRESS_STEP, (double)v->step},
		{TOTAL, PROGRESS_TOTAL, (double)v->total},
		{EPOCH, PROGRESS_EPOCH, (double)v->epoch},
		{EPOCHS, PROGRESS_EPOCHS, (double)v->epochs},
		{PERCENT, PROGRESS_PERCENT, v->percent},
		{RATE, PROGRESS_RATE, v->rate},
		{ETA, PROGRESS_ETA, (double)v->eta_ms / 1000},
		{LOSS, PROGRESS_LOSS, v->loss},
	};
	int wrong = 0;

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		bool known = (v->known & fields[i].bit) != 0;

		if (field_is(fields[i].column, known, fields[i].value, r->field[fields[i].column]))
			continue;
		print_error("%s %s (%s): %s is %g%s, wanted %s\n", r->field[SAMPLE],
			r->field[OFFSET], way, titles[fields[i].column],
			known ? fields[i].value : 0, known ? "" : " (unknown)",
			r->field[fields[i].column]);
		wrong++;
	}
	if (!metric_is(v, r)) {
		print_error("%s %s (%s): metric is %s %g, wanted %s %s\n", r->field[SAMPLE],
			r->field[OFFSET], way,
			v->known & PROGRESS_METRIC ? v->metric_name : "(unknown)", v->metric,
			r->field[METRIC_NAME], r->field[METRIC]);
		wrong++;
	}
	return wrong;
}

/* ---- Ways to cut ---- */

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* way 0: whole; 1: byte by byte; else random pieces, with pauses. */
static void feed(struct progress *p, size_t len, unsigned way)
{
	uint32_t seed = way * 7919u + 17u;
	struct progress_values v;

	for (size_t at = 0; at < len;) {
		size_t n = way == 0 ? len : way == 1 ? 1 : 1 + next_random(&seed) % (way * 13);

		n = n < len - at ? n : len - at;
		progress_feed(p, bytes + at, n, 5000);
		at += n;
		if (way > 1 && next_random(&seed) % 3 == 0)
			progress_pause(p, 5000, &v);
	}
}

static int row_check(const struct row *r)
{
	size_t len = sample_read(r->field[SAMPLE]);
	bool end = strcmp(r->field[OFFSET], "end") == 0;
	size_t upto = end ? len : strtoul(r->field[OFFSET], NULL, 10);
	int wrong = 0;

	assert_true(upto <= len);
	for (unsigned way = 0; way < WAYS && wrong == 0; way++) {
		struct progress *p = mem_alloc(progress_size());
		struct progress_values v;
		char name[32];

		progress_init(p, NULL);
		feed(p, upto, way);
		if (end)
			progress_finish(p, 5000, &v);
		else
			progress_pause(p, 5000, &v);
		snprintf(name, sizeof name,
			way == 0           ? "whole"
				: way == 1 ? "bytes"
					   : "pieces %u",
			way);
		wrong += row_judge(r, &v, name);
		assert_int_equal(progress_passed(p), 0);
		free(p);
	}
	return wrong;
}

static bool row_parse(char *line, struct row *r)
{
	line[strcspn(line, "\n")] = '\0';
	if (*line == '#' || *line == '\0')
		return false;
	for (int i = 0; i < COLUMNS; i++) {
		r->field[i] = strsep(&line, "\t");
		if (r->field[i] == NULL)
			fail_msg("%s: a row has %d columns", r->field[0], i);
	}
	return true;
}

struct count {
	int rows, wrong, wrong_rows;
};

static void table_check(const char *path, struct count *count)
{
	FILE *f = fopen(path, "r");
	char line[1024];

	assert_non_null(f);
	while (fgets(line, sizeof line, f)) {
		struct row r;
		int bad;

		if (!row_parse(line, &r))
			continue;
		bad = row_check(&r);
		count->rows++;
		count->wrong += bad;
		count->wrong_rows += bad > 0;
	}
	fclose(f);
}

static void test_corpus(void **state)
{
	struct count count = {0, 0, 0};
	glob_t tables;

	(void)state;
	if (glob(FOLDER "*.tsv", 0, NULL, &tables) != 0)
		fail_msg(FOLDER " has no table: tests run in the tree's own folder");
	for (size_t i = 0; i < tables.gl_pathc; i++)
		table_check(tables.gl_pathv[i], &count);
	globfree(&tables);
	if (count.wrong)
		fail_msg("%d fields of %d rows are wrong, of %d rows", count.wrong,
			count.wrong_rows, count.rows);
	assert_true(count.rows >= 187);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_corpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
