/*
 * Part of every unit test: of MLTOP_ONLY (`make test ONLY=word`) only the cases whose name has the
 * word are run. Fuzz targets link this file too, and no cmocka: there it does nothing.
 */
#include <stdio.h>
#include <stdlib.h>

void cmocka_set_test_filter(const char *pattern) __attribute__((weak));

/* cmocka keeps the pointer. */
static char pattern[256];

__attribute__((constructor)) static void choose_cases(void)
{
	const char *word = getenv("MLTOP_ONLY");

	if (!word || !cmocka_set_test_filter)
		return;
	snprintf(pattern, sizeof pattern, "*%s*", word);
	cmocka_set_test_filter(pattern);
}
