/* Long texts beside a record: cut where they may be, whole again when joined. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/kinds/job.h"

#include <string.h>

static char big[5000], wide[3001];
static const char *const words[] = {"sh", "-c", big, "last"};
static struct label labels[] = {{"A", "1"}, {"LONG", wide}, {"Z", "2"}};

static void job_init(struct job *j)
{
	memset(j, 0, sizeof *j);
	memset(big, 'x', sizeof big - 1);
	for (size_t i = 0; i + 2 < sizeof wide; i += 2)
		memcpy(wide + i, "é", 2);
	record_set(job, j, job_name, "n");
	record_set(job, j, command, ((struct strings){(const char **)words, ARRAY_SIZE(words)}));
	record_set(job, j, env, ((struct labels){labels, ARRAY_SIZE(labels)}));
	record_set(job, j, job_args, "short");
}

static void test_cut_and_joined(void **state)
{
	struct arena a = ARENA_INIT;
	struct buf whole = BUF_INIT;
	struct job j, before;

	(void)state;
	job_init(&j);
	before = j;
	assert_true(record_split(&job_kind, &j, &a, &whole));
	assert_int_equal(j.record.large, whole.len);
	/* How it begins: words up to the room there is. */
	assert_int_equal(j.command.len, 3);
	assert_string_equal(j.command.items[1], "-c");
	assert_int_equal(strlen(j.command.items[2]), LARGE_SHOWN - 4);
	/* Never inside a character. */
	assert_int_equal(strlen(j.env.items[1].value) % 2, 0);
	assert_in_range(strlen(j.env.items[1].value), 100, LARGE_SHOWN);
	/* What is short stays, and what was cut stays known. */
	assert_string_equal(j.job_args, "short");
	assert_true(record_has(job, &j, command) && record_has(job, &j, env));
	/* Cut once is cut: there is nothing more to keep beside it. */
	assert_false(record_split(&job_kind, &j, &a, &whole));
	assert_int_equal(j.record.large, whole.len);
	assert_true(record_join(&job_kind, &j, &a, whole.data, whole.len, NULL));
	assert_int_equal(j.command.len, before.command.len);
	assert_string_equal(j.command.items[2], big);
	assert_string_equal(j.command.items[3], "last");
	assert_string_equal(j.env.items[1].value, wide);
	assert_string_equal(j.job_name, "n");
	buf_release(&whole);
	arena_release(&a);
}

static void test_short_is_left_alone(void **state)
{
	static const char *const few[] = {"true"};
	struct arena a = ARENA_INIT;
	struct buf whole = BUF_INIT;
	struct job j;

	(void)state;
	job_init(&j);
	record_set(job, &j, command, ((struct strings){(const char **)few, 1}));
	record_drop(job, &j, env);
	assert_false(record_split(&job_kind, &j, &a, &whole));
	assert_int_equal(whole.len, 0);
	assert_int_equal(j.record.large, 0);
	assert_int_equal(j.command.len, 1);
	arena_release(&a);
}

static void test_extra_beside_the_pack(void **state)
{
	struct arena a = ARENA_INIT;
	struct buf pack = BUF_INIT;
	struct job j;
	size_t len = 0;
	const void *found;

	(void)state;
	job_init(&j);
	record_pack(&job_kind, &j, &pack);
	assert_null(pack_extra_find(pack.data, pack.len, "sealed", &len));
	pack_extra(&pack, "sealed", "secret", 6);
	pack_extra(&pack, "large", "1234", 4);
	found = pack_extra_find(pack.data, pack.len, "large", &len);
	assert_int_equal(len, 4);
	assert_memory_equal(found, "1234", 4);
	found = pack_extra_find(pack.data, pack.len, "sealed", &len);
	assert_memory_equal(found, "secret", 6);
	/* A field of that name is none, and the record is read as if they were not there. */
	assert_null(pack_extra_find(pack.data, pack.len, "job_name", &len));
	assert_true(record_unpack(&job_kind, &j, &a, pack.data, pack.len, NULL));
	assert_string_equal(j.job_name, "n");
	/* Cut off anywhere: found whole or not at all. */
	for (size_t n = 0; n < pack.len; n++)
		assert_null(pack_extra_find(pack.data, n, "large", &len));
	buf_release(&pack);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut_and_joined),
		cmocka_unit_test(test_short_is_left_alone),
		cmocka_unit_test(test_extra_beside_the_pack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
