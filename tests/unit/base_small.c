/* Checksums and ids. */
#include "base/crc32c.h"
#include "base/mem.h"
#include "base/ulid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* The definition, bit by bit. */
static uint32_t crc_by_bits(const unsigned char *p, size_t len)
{
	uint32_t crc = 0xFFFFFFFFu;

	while (len--) {
		crc ^= *p++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0);
	}
	return ~crc;
}

static void crc_vectors(void **state)
{
	/* RFC 3720, appendix B.4. */
	unsigned char bytes[32] = {0};

	(void)state;
	assert_int_equal(crc32c(0, "123456789", 9), 0xE3069283);
	assert_int_equal(crc32c_portable(0, "123456789", 9), 0xE3069283);
	assert_int_equal(crc32c(0, bytes, 32), 0x8A9136AA);
	assert_int_equal(crc32c_portable(0, bytes, 32), 0x8A9136AA);
	memset(bytes, 0xFF, 32);
	assert_int_equal(crc32c(0, bytes, 32), 0x62A8AB43);
	assert_int_equal(crc32c(0, NULL, 0), 0);
}

/* Random bytes, lengths, starts and splits; 3,000 rounds touch every entry of the table. */
static void crc_both_ways(void **state)
{
	unsigned char bytes[512];
	unsigned seed = 7;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		size_t start = (size_t)rand_r(&seed) % 16;
		size_t len = (size_t)rand_r(&seed) % (sizeof bytes - start);
		size_t cut = (size_t)rand_r(&seed) % (len + 1);
		uint32_t want;

		for (size_t i = 0; i < sizeof bytes; i++)
			bytes[i] = (unsigned char)(rand_r(&seed) >> 4);
		want = crc_by_bits(bytes + start, len);
		assert_int_equal(crc32c(0, bytes + start, len), want);
		assert_int_equal(crc32c_portable(0, bytes + start, len), want);
		assert_int_equal(
			crc32c(crc32c(0, bytes + start, cut), bytes + start + cut, len - cut),
			want);
	}
}

static void ulids(void **state)
{
	/* The time of the example in the specification's README, 01ARZ3NDEK.... */
	static const uint8_t none[10] = {0},
			     all[10] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
	char a[ULID_SIZE], b[ULID_SIZE];

	(void)state;
	ulid_make(a, 1469922850259, none);
	assert_string_equal(a, "01ARZ3NDEK0000000000000000");
	ulid_make(b, 1469922850259, all);
	assert_string_equal(b, "01ARZ3NDEKZZZZZZZZZZZZZZZZ");
	ulid_make(b, 1469922850259, (const uint8_t[10]){1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
	assert_string_equal(b, "01ARZ3NDEK041061050R3GG28A");
	assert_int_equal(ulid_ms(b), 1469922850259);
	ulid_make(a, 0xFFFFFFFFFFFF, all);
	assert_string_equal(a, "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
	ulid_new(a, 1000);
	ulid_new(b, 1001);
	assert_true(strcmp(a, b) < 0);
	assert_true(ulid_valid(a) && ulid_valid(b));
	ulid_new(b, 1000);
	assert_string_not_equal(a, b);
}

static void bad_ulids(void **state)
{
	static const char *const bad[] = {"", "01ARZ3NDEK", "01ARZ3NDEK00000000000000000",
		"01ARZ3NDEKI000000000000000", "01arz3ndek0000000000000000",
		"81ARZ3NDEK0000000000000000", "01ARZ3NDEK/../../000000000",
		"01ARZ3NDEKU000000000000000"};

	(void)state;
	assert_true(ulid_valid("01ARZ3NDEK0000000000000000"));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (ulid_valid(bad[i]))
			fail_msg("\"%s\" was taken", bad[i]);
	assert_false(ulid_valid(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crc_vectors),
		cmocka_unit_test(crc_both_ways),
		cmocka_unit_test(ulids),
		cmocka_unit_test(bad_ulids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
