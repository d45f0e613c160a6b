/* links: core base */
/* Any bytes as a log's end: what is said is one clean line of its bound, at the begin of a line. */
#include "base/utf8.h"
#include "core/failure/failure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_failure: %s\n", what);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct failure f;

	if (!failure_read(&f, (const char *)data, size, 0))
		return 0;
	must(strlen(f.text) <= FAILURE_BYTES && *f.text, "the line is too long or empty");
	must(utf8_valid(f.text, strlen(f.text)), "the line is not UTF-8");
	for (const char *s = f.text; *s; s++)
		must((unsigned char)*s >= 0x20 && *s != 0x7F, "a control in the line");
	must(f.offset < size && (f.offset == 0 || data[f.offset - 1] == '\n'),
		"no line begins there");
	return 0;
}
