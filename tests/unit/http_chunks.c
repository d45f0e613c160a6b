/* Bodies in chunks: what is exactly RFC 9112 and what is not, whole and in pieces. */
#include "http/chunks.h"

#include "base/buf.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Reads it in pieces of `step` bytes; the bytes taken. What is data goes to `data`. */
static size_t read_in(struct chunks *c, const char *text, size_t len, size_t step, struct buf *data)
{
	size_t at = 0;

	*c = (struct chunks){0};
	while (at < len && !c->over && !c->wrong) {
		const char *piece = NULL;
		size_t n = len - at < step ? len - at : step, piece_len, taken;

		taken = chunks_take(c, text + at, n, &piece, &piece_len);
		assert_true(taken <= n);
		if (piece_len > 0)
			buf_add(data, piece, piece_len);
		at += taken;
	}
	return at;
}

static void test_good(void **state)
{
	static const struct {
		const char *text, *data;
		size_t behind; /* bytes that are not its own */
	} bodies[] = {
		{"0\r\n\r\n", "", 0},
		{"3\r\nabc\r\n0\r\n\r\n", "abc", 0},
		{"3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n", "abc0123456789abcdef", 0},
		{"A\r\n0123456789\r\n000\r\n\r\nGET", "0123456789", 3},
		{"a;name=\"value; \xff\"\r\n0\r\n456\r\n89\r\n0;x\r\n\r\n", "0\r\n456\r\n89", 0},
		{"1\r\na\r\n0\r\nX-A: b\r\nX-C: d\r\n\r\n\r\n", "a", 2},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++)
		for (size_t step = 1; step < 40; step++) {
			struct buf data = BUF_INIT;
			struct chunks c;
			size_t len = strlen(bodies[i].text);

			assert_int_equal(read_in(&c, bodies[i].text, len, step, &data),
				len - bodies[i].behind);
			assert_true(c.over && !c.wrong);
			assert_string_equal(data.data, bodies[i].data);
			buf_release(&data);
		}
}

static void test_wrong(void **state)
{
	static const char *const bodies[] = {
		"\r\n",
		"\n",
		" 3\r\nabc\r\n",
		"3 \r\nabc\r\n",
		"0x3\r\nabc\r\n",
		"+3\r\nabc\r\n",
		"-3\r\nabc\r\n",
		"3\nabc\r\n",
		"3\rabc\r\n",
		"3\r\r\nabc\r\n",
		"3\r\nabcd\r\n",
		"3\r\nabc\n",
		"3\r\nabc\r0",
		"3;a\nabc\r\n",
		"3;\x01\r\nabc\r\n",
		";a\r\n",
		"1234567890123456\r\n",
		"0\r\nX-A: b\n\r\n",
		"0\r\n\r0",
		"0\r\nX\x7f\r\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++)
		for (size_t step = 1; step < 20; step++) {
			struct buf data = BUF_INIT;
			struct chunks c;

			read_in(&c, bodies[i], strlen(bodies[i]), step, &data);
			if (!c.wrong || c.over)
				fail_msg("taken: %s", bodies[i]);
			buf_release(&data);
		}
}

/* Neither extensions nor fields behind the last chunk have no end. */
static void test_bounds(void **state)
{
	struct buf text = BUF_INIT, data = BUF_INIT;
	struct chunks c;

	(void)state;
	buf_adds(&text, "3;");
	for (int i = 0; i < CHUNKS_LINE_MAX + 1; i++)
		buf_addc(&text, 'x');
	read_in(&c, text.data, text.len, 1000, &data);
	assert_true(c.wrong);
	buf_reset(&text);
	buf_adds(&text, "0\r\n");
	while (text.len < CHUNKS_TRAILER_MAX + 1000)
		buf_adds(&text, "X-A: 0123456789\r\n");
	read_in(&c, text.data, text.len, 1000, &data);
	assert_true(c.wrong);
	buf_release(&text);
	buf_release(&data);
}

static void test_large(void **state)
{
	static const char text[] = "fffffffffffffff\r\nabc";
	struct chunks c = {0};
	const char *data;
	size_t n;

	(void)state;
	assert_int_equal(chunks_take(&c, text, sizeof text - 1, &data, &n), sizeof text - 1);
	assert_int_equal(n, 3);
	assert_true(c.left == 0xfffffffffffffff - 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
