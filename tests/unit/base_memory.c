/* What holds the bytes of everything else: buffers, arenas, maps, vectors, errors. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/vec.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void buffers_end_with_nul(void **state)
{
	struct buf b = BUF_INIT;
	char *own;

	(void)state;
	assert_string_equal(b.data, "");
	assert_true(buf_add(&b, "a\0b", 3));
	assert_int_equal(b.len, 3);
	assert_memory_equal(b.data, "a\0b", 4);
	for (int i = 0; i < 1000; i++)
		buf_addf(&b, "%d,", i);
	assert_int_equal(b.data[b.len], '\0');
	assert_int_equal(b.len, 3 + 10 * 2 + 90 * 3 + 900 * 4);
	buf_drop(&b, 3);
	assert_memory_equal(b.data, "0,1,2,", 6);
	buf_cut(&b, 4);
	assert_string_equal(b.data, "0,1,");
	buf_cut(&b, 40);
	assert_int_equal(b.len, 4);
	buf_drop(&b, 100);
	assert_string_equal(b.data, "");
	buf_adds(&b, "kept");
	own = buf_detach(&b);
	assert_string_equal(own, "kept");
	assert_int_equal(b.cap, 0);
	free(own);
	own = buf_detach(&b);
	assert_string_equal(own, "");
	free(own);
}

static void buffers_keep_their_limit(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4);
	assert_true(buf_adds(&b, "abcd"));
	assert_false(b.full);
	assert_false(buf_addc(&b, 'e'));
	assert_true(b.full);
	assert_false(buf_addf(&b, "%s", "f"));
	assert_string_equal(b.data, "abcd");
	assert_true(buf_add(&b, "", 0));
	buf_reset(&b);
	assert_false(b.full);
	assert_false(buf_adds(&b, "12345"));
	assert_string_equal(b.data, "");
	/* There is memory for more than the limit: what would pass it leaves no trace. */
	assert_true(buf_addf(&b, "%d", 12));
	assert_true(b.cap > 4);
	assert_false(buf_addf(&b, "%d", 345));
	assert_string_equal(b.data, "12");
	assert_true(b.full);
	buf_release(&b);
	assert_int_equal(b.limit, 4);
}

static void numbers_are_written_in_decimal(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_addi(&b, 0);
	buf_addi(&b, -7);
	buf_addi(&b, 1234567890);
	assert_string_equal(b.data, "0-71234567890");
	buf_reset(&b);
	buf_addi(&b, INT64_MAX);
	buf_addi(&b, INT64_MIN);
	assert_string_equal(b.data, "9223372036854775807-9223372036854775808");
	buf_release(&b);
}

static void arenas_keep_what_they_gave(void **state)
{
	struct arena a = ARENA_INIT;
	char *small[500];
	char *large;

	(void)state;
	for (int i = 0; i < 500; i++) {
		char text[24];

		snprintf(text, sizeof text, "text %d", i);
		small[i] = arena_strdup(&a, text);
		if (i == 250) {
			large = arena_alloc(&a, 1 << 20);
			assert_int_equal((uintptr_t)large % 16, 0);
			assert_int_equal(large[0] | large[(1 << 20) - 1], 0);
			memset(large, 0xFF, 1 << 20);
		}
		assert_int_equal((uintptr_t)arena_alloc(&a, 200) % 16, 0);
	}
	for (int i = 0; i < 500; i++) {
		char text[24];

		snprintf(text, sizeof text, "text %d", i);
		assert_string_equal(small[i], text);
	}
	assert_in_range(a.used, (1 << 20) + 500 * 200, (1 << 20) + 500 * 216);
	assert_string_equal(arena_strndup(&a, "abcdef", 3), "abc");
	arena_release(&a);
	assert_null(a.last);
}

/* Against a plain array, through growth, removal and keys that come back. */
static void maps_agree_with_an_array(void **state)
{
	enum { KEYS = 300 };
	struct map m = MAP_INIT;
	void *want[KEYS] = {NULL};
	unsigned seed = 3;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		int k = rand_r(&seed) % KEYS;
		void *value = (void *)(uintptr_t)(round + 1);
		char key[16];

		snprintf(key, sizeof key, "key-%d", k);
		if (rand_r(&seed) % 2) {
			assert_ptr_equal(map_set(&m, key, value), want[k]);
			want[k] = value;
		} else {
			assert_ptr_equal(map_remove(&m, key), want[k]);
			want[k] = NULL;
		}
		assert_ptr_equal(map_get(&m, key), want[k]);
	}
	map_release(&m);
	assert_null(map_get(&m, "key-1"));
}

/* Places of removed keys are cleared in time: a table without a free one would be searched for ever. */
static void maps_forget_what_was_removed(void **state)
{
	struct map m = MAP_INIT;
	int value;

	(void)state;
	for (int i = 0; i < 10000; i++) {
		char key[32];

		snprintf(key, sizeof key, "passing-%d", i);
		assert_null(map_set(&m, key, &value));
		assert_ptr_equal(map_remove(&m, key), &value);
		assert_null(map_get(&m, key));
	}
	assert_in_range(m.cap, 1, 64);
	map_release(&m);
}

static void maps_are_walked_once_each(void **state)
{
	struct map m = MAP_INIT;
	size_t at = 0, seen = 0;
	bool met[100] = {false};
	const char *key;
	void *value;

	(void)state;
	assert_false(map_next(&m, &at, &key, &value));
	for (int i = 0; i < 100; i++) {
		char name[16];

		snprintf(name, sizeof name, "%d", i);
		map_set(&m, name, &met[i]);
	}
	assert_ptr_equal(map_remove(&m, "7"), &met[7]);
	at = 0;
	while (map_next(&m, &at, &key, &value)) {
		assert_false(*(bool *)value);
		*(bool *)value = true;
		seen++;
	}
	assert_int_equal(seen, 99);
	assert_int_equal(m.len, 99);
	assert_false(met[7]);
	map_release(&m);
}

static void vectors_grow_and_close_gaps(void **state)
{
	VEC(int) v = {0};

	(void)state;
	for (int i = 0; i < 1000; i++)
		vec_push(&v, i);
	vec_remove(&v, 0);
	vec_remove(&v, 500);
	vec_remove(&v, v.len - 1);
	assert_int_equal(v.len, 997);
	assert_int_equal(v.items[0], 1);
	assert_int_equal(v.items[499], 500);
	assert_int_equal(v.items[500], 502);
	assert_int_equal(v.items[996], 998);
	vec_release(&v);
	assert_null(v.items);
	vec_push(&v, 5);
	assert_int_equal(v.items[0], 5);
	vec_release(&v);
}

static void errors_say_one_sentence(void **state)
{
	struct err e = ERR_INIT;
	char *endless = mem_alloc(5000);

	(void)state;
	assert_false(err_set(&e, ERR_BUSY, "the queue is full: %d wait", 3));
	assert_int_equal(e.code, ERR_BUSY);
	assert_string_equal(e.text, "the queue is full: 3 wait");
	err_prefix(&e, "cannot submit %s", "x");
	assert_string_equal(e.text, "cannot submit x: the queue is full: 3 wait");
	assert_int_equal(e.code, ERR_BUSY);
	assert_false(err_field(&e, ERR_INVALID, "gpu_limit", "not a number"));
	assert_string_equal(e.field, "gpu_limit");
	assert_false(err_errno(&e, ENOENT, "cannot open", "/x"));
	assert_string_equal(e.text, "cannot open /x: No such file or directory");
	assert_string_equal(e.field, "");
	assert_false(err_set(NULL, ERR_BUSY, "nobody listens"));
	err_prefix(NULL, "nobody");
	memset(endless, 'x', 4999);
	assert_false(err_set(&e, ERR_INTERNAL, "%s", endless));
	assert_int_equal(strlen(e.text), sizeof e.text - 1);
	err_prefix(&e, "%s", endless);
	assert_true(strlen(e.text) < sizeof e.text);
	free(endless);
}

static void error_codes_survive_http(void **state)
{
	(void)state;
	for (int code = ERR_NONE; code <= ERR_INTERNAL; code++)
		assert_int_equal(err_from_http(err_http_status((enum err_code)code)), code);
	assert_int_equal(err_from_http(204), ERR_NONE);
	assert_int_equal(err_from_http(418), ERR_INVALID);
	assert_int_equal(err_from_http(502), ERR_UNAVAILABLE);
}

static void copies_are_copies(void **state)
{
	char *a = mem_strdup("text");
	char *grown;

	(void)state;
	assert_null(mem_strdup(NULL));
	grown = mem_realloc(a, 100);
	assert_string_equal(grown, "text");
	free(grown);
	a = mem_alloc(64);
	for (int i = 0; i < 64; i++)
		assert_int_equal(a[i], 0);
	free(a);
	a = mem_dup("abc", 2);
	assert_memory_equal(a, "ab", 2);
	free(a);
	a = mem_alloc(0);
	assert_non_null(a);
	free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buffers_end_with_nul),
		cmocka_unit_test(buffers_keep_their_limit),
		cmocka_unit_test(numbers_are_written_in_decimal),
		cmocka_unit_test(arenas_keep_what_they_gave),
		cmocka_unit_test(maps_agree_with_an_array),
		cmocka_unit_test(maps_forget_what_was_removed),
		cmocka_unit_test(maps_are_walked_once_each),
		cmocka_unit_test(vectors_grow_and_close_gaps),
		cmocka_unit_test(errors_say_one_sentence),
		cmocka_unit_test(error_codes_survive_http),
		cmocka_unit_test(copies_are_copies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
