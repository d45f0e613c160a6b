#include "base/crc32c.h"

#include "base/crc32c_table.h"

#include <stdbool.h>
#include <string.h>
#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

static uint32_t one_byte(uint32_t crc, unsigned char byte)
{
	return crc >> 8 ^ crc32c_table[0][(crc ^ byte) & 255];
}

/* Eight bytes a step through eight tables; the sums do not depend on the machine's byte order. */
static uint32_t by_table(uint32_t crc, const unsigned char *p, size_t len)
{
	for (; len >= 8; p += 8, len -= 8) {
		crc ^= (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
			(uint32_t)p[3] << 24;
		crc = crc32c_table[7][crc & 255] ^ crc32c_table[6][crc >> 8 & 255] ^
			crc32c_table[5][crc >> 16 & 255] ^ crc32c_table[4][crc >> 24] ^
			crc32c_table[3][p[4]] ^ crc32c_table[2][p[5]] ^ crc32c_table[1][p[6]] ^
			crc32c_table[0][p[7]];
	}
	while (len--)
		crc = one_byte(crc, *p++);
	return crc;
}

#if defined(__x86_64__)
static bool has_instruction(void)
{
	return __builtin_cpu_supports("sse4.2");
}

__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t crc,
	const unsigned char *p, size_t len)
{
	uint64_t wide = crc;

	for (; len >= 8; p += 8, len -= 8) {
		uint64_t word;

		memcpy(&word, p, sizeof word);
		wide = _mm_crc32_u64(wide, word);
	}
	crc = (uint32_t)wide;
	while (len--)
		crc = _mm_crc32_u8(crc, *p++);
	return crc;
}
#else
static bool has_instruction(void)
{
	return false;
}

static uint32_t by_instruction(uint32_t crc, const unsigned char *p, size_t len)
{
	return by_table(crc, p, len);
}
#endif

uint32_t crc32c_portable(uint32_t before, const void *data, size_t len)
{
	return ~by_table(~before, data, len);
}

uint32_t crc32c(uint32_t before, const void *data, size_t len)
{
	return has_instruction() ? ~by_instruction(~before, data, len)
				 : crc32c_portable(before, data, len);
}
