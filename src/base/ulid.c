#include "base/ulid.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static const char crockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* The low 5 * digits bits of `value`, the highest first. */
static void put_base32(char *out, uint64_t value, int digits)
{
	for (int i = digits - 1; i >= 0; i--) {
		out[i] = crockford[value & 31];
		value >>= 5;
	}
}

static uint64_t forty_bits(const uint8_t *bytes)
{
	uint64_t value = 0;

	for (int i = 0; i < 5; i++)
		value = value << 8 | bytes[i];
	return value;
}

void ulid_make(char out[ULID_SIZE], int64_t now_ms, const uint8_t random[10])
{
	put_base32(out, now_ms < 0 ? 0 : (uint64_t)now_ms & 0xFFFFFFFFFFFFu, 10);
	put_base32(out + 10, forty_bits(random), 8);
	put_base32(out + 18, forty_bits(random + 5), 8);
	out[ULID_LENGTH] = '\0';
}

void ulid_new(char out[ULID_SIZE], int64_t now_ms)
{
	uint8_t random[10];
	ssize_t got;

	do {
		got = getrandom(random, sizeof random, 0);
	} while (got < 0 && errno == EINTR);
	if (got != (ssize_t)sizeof random) {
		/* An id that may repeat would mix two jobs' files: better none at all. */
		fprintf(stderr, "no random bytes from the kernel: %s\n", strerror(errno));
		abort();
	}
	ulid_make(out, now_ms, random);
}

int64_t ulid_ms(const char *ulid)
{
	int64_t ms = 0;

	for (int i = 0; i < 10; i++)
		ms = ms << 5 | (strchr(crockford, ulid[i]) - crockford);
	return ms;
}

void ulid_random(const char *ulid, uint8_t out[10])
{
	for (int half = 0; half < 2; half++) {
		uint64_t value = 0;

		for (int i = 0; i < 8; i++)
			value = value << 5 |
				(uint64_t)(strchr(crockford, ulid[10 + 8 * half + i]) - crockford);
		for (int i = 4; i >= 0; i--) {
			out[5 * half + i] = (uint8_t)value;
			value >>= 8;
		}
	}
}

/* Only the spelling ulid_make writes: ids name folders, where two spellings would be two things. */
bool ulid_valid(const char *text)
{
	if (text == NULL || strnlen(text, ULID_SIZE) != ULID_LENGTH)
		return false;
	for (int i = 0; i < ULID_LENGTH; i++)
		if (strchr(crockford, text[i]) == NULL)
			return false;
	return text[0] <= '7';
}
