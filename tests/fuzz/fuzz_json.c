/* links: core base */
/*
 * The quick reader of JSON against the library's: what the one takes the other takes too, and makes
 * the same of it; and it takes everything that the library writes without escapes by number.
 */
#include "core/json_plain.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static bool has(const char *text, size_t len, const char *what)
{
	return memmem(text, len, what, strlen(what)) != NULL;
}

/* No whole number of more than 18 digits, no number by its code, nothing deep, no odd key. */
static bool is_plain(const char *text, size_t len)
{
	size_t digits = 0, depth = 0;

	for (size_t i = 0; i < len; i++) {
		digits = text[i] >= '0' && text[i] <= '9' ? digits + 1 : 0;
		depth += text[i] == '{' || text[i] == '[';
		if (digits > 18 || text[i] < 0)
			return false;
	}
	return depth <= DEPTH && !has(text, len, "\\");
}

static void written_again(const json_t *want)
{
	char *text = json_dumps(want, JSON_COMPACT);
	size_t len = text ? strlen(text) : 0;
	json_t *got = text && is_plain(text, len) ? json_plain(text, len, DEPTH) : NULL;

	must(!text || !is_plain(text, len) || (got && json_equal(got, want)));
	json_decref(got);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size ? size : 1);

	memcpy(text, data, size);
	json_t *got = json_plain(text, size, DEPTH);
	json_t *want = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);

	must(!got || (want && json_equal(got, want)));
	if (want)
		written_again(want);
	json_decref(got);
	json_decref(want);
	free(text);
	return 0;
}
