/* links: core base */
/*
 * A path in the first line, then the text of a .mltopignore. It is taken, or refused by a sentence
 * that names the file, and then the rules are as before; any path can be asked for, however long.
 */
#include "core/text/ignore.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
	size_t path_len = end ? (size_t)(end - data) : size;
	size_t text_len = end ? size - path_len - 1 : 0;
	struct ignore *g = ignore_new();
	struct err e = {0};
	char *path = malloc(path_len + 1);
	bool before[2];

	must(path != NULL);
	memcpy(path, data, path_len);
	path[path_len] = '\0';
	ignore_add_standard(g);
	for (int folder = 0; folder < 2; folder++)
		before[folder] = ignore_match(g, path, folder);
	if (ignore_add(g, end ? (const char *)end + 1 : "", text_len, "the file", &e)) {
		must(e.code == ERR_NONE);
		ignore_match(g, path, false);
		ignore_match(g, path, true);
	} else {
		must(e.code == ERR_INVALID && strstr(e.text, "the file") != NULL);
		for (int folder = 0; folder < 2; folder++)
			must(ignore_match(g, path, folder) == before[folder]);
	}
	ignore_free(g);
	free(path);
	return 0;
}
