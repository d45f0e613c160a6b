/* Two encoders of records must say the same: record_write_json and record_encode. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/kinds/job.h"
#include "core/kinds/kinds.h"
#include "core/schema/record_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t next(uint64_t *seed)
{
	*seed += 0x9e3779b97f4a7c15u;
	uint64_t z = (*seed ^ *seed >> 30) * 0xbf58476d1ce4e5b9u;

	return z ^ z >> 27;
}

static const char *const texts[] = {"", "plain \"quotes\"", "with \"quotes\" and \\", "tab\there",
	"ümlaut 嵌入", "\x01\x1b[31m", "not \xff utf-8", "new\nline"};
static const struct label some_labels[] = {{"k", "v"}, {"ü", "\"x\""}};

static void fill(const struct field *f, void *member, uint64_t r)
{
	static const int64_t numbers[] = {0, 1, -1, 1500, 4096, 123456789, (int64_t)1 << 40, -5};
	static const double reals[] = {0, 0.5, -2.25, 1e-5, 0.1 + 0.2, 1e300, 0.1, 1.0 / 3};

	switch (f->type->storage) {
	case ST_TEXT: *(const char **)member = texts[r % 8]; break;
	case ST_PERCENT:
	case ST_REAL: *(double *)member = reals[r % 8]; break;
	case ST_BOOL: *(bool *)member = r & 1; break;
	case ST_ENUM: {
		unsigned n = 0;

		while (f->names[n])
			n++;
		*(unsigned *)member = (unsigned)(r % n);
		break;
	}
	case ST_STRINGS: *(struct strings *)member = (struct strings){texts, r % 5}; break;
	case ST_LABELS: *(struct labels *)member = (struct labels){some_labels, r % 3}; break;
	case ST_RECORD: *(struct nested *)member = (struct nested){NULL}; break;
	case ST_RECORDS: *(struct records *)member = (struct records){NULL, 0}; break;
	default: *(int64_t *)member = numbers[r % 8];
	}
}

static void compare(const struct kind *k, const void *rec, const struct fieldset *only)
{
	struct buf out = BUF_INIT;
	json_t *a, *b = record_encode(k, rec, only);

	record_write_whole(k, rec, &out);
	a = json_loadb(out.data, out.len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
	assert_true(only || (a && json_equal(a, b)));
	json_decref(a);
	buf_reset(&out);
	record_write_json(k, rec, only, &out);
	for (size_t i = 0; only == NULL && i < k->field_count; i++)
		if (field_nests(&k->fields[i]) || (k->fields[i].flags & F_LARGE))
			json_object_del(b, k->fields[i].name);
	a = json_loadb(out.data, out.len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
	if (a == NULL || !json_equal(a, b))
		print_error("%s\n%s\n", out.data, json_dumps(b, 0));
	assert_true(a && json_equal(a, b));
	json_decref(a);
	json_decref(b);
	buf_release(&out);
}

static void test_same(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (size_t n = 0; all_kinds[n]; n++)
		for (int round = 0; round < 300; round++) {
			const struct kind *k = all_kinds[n];
			void *rec = mem_alloc(k->size);
			struct fieldset some = {{next(&seed), next(&seed)}};

			for (size_t i = 0; i < k->field_count; i++) {
				const struct field *f = &k->fields[i];

				if ((f->flags & F_ALIAS) || next(&seed) % 4 == 0)
					continue;
				fill(f, (char *)rec + f->offset, next(&seed));
				record_know(k, rec, f->offset);
			}
			compare(k, rec, NULL);
			compare(k, rec, &some);
			free(rec);
		}
}

static void short_decimals_stay_short(void **state)
{
	static const struct {
		double value;
		const char *text;
	} reals[] = {{0.1234, "\"loss\":0.1234"}, {94.1, "\"loss\":94.1"}, {3, "\"loss\":3.0"},
		{-0.0, "\"loss\":-0.0"}, {2e-5, "\"loss\":2e-05"},
		{1.0 / 3, "\"loss\":0.33333333333333331"}};

	(void)state;
	for (size_t i = 0; i < sizeof reals / sizeof reals[0]; i++) {
		struct job j = {0};
		struct buf out = BUF_INIT;

		job_set(&j, loss, reals[i].value);
		record_write_json(&job_kind, &j, NULL, &out);
		assert_non_null(strstr(out.data, reals[i].text));
		buf_release(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(short_decimals_stay_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
