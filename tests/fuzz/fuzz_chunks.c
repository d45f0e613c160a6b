/* links: http base */
/*
 * Bodies in chunks: the same data, end and refusal in pieces as at once, and never more data than
 * bytes.
 */
#include "http/chunks.h"

#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static size_t read_in(struct chunks *c, const char *text, size_t len, size_t step, struct buf *to)
{
	size_t at = 0;

	while (at < len && !c->over && !c->wrong) {
		const char *piece = NULL;
		size_t n = len - at < step ? len - at : step, piece_len, taken;

		taken = chunks_take(c, text + at, n, &piece, &piece_len);
		must(taken > 0 && taken <= n && piece_len <= taken);
		if (piece_len > 0) {
			must(piece >= text + at && piece + piece_len <= text + at + taken);
			buf_add(to, piece, piece_len);
		}
		at += taken;
	}
	return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole = BUF_INIT, parts = BUF_INIT;
	struct chunks once = {0}, again = {0};
	size_t step = size > 0 ? data[0] % 7 + 1 : 1;
	char *text = malloc(size ? size : 1);

	memcpy(text, data, size);
	must(read_in(&once, text, size, size ? size : 1, &whole) ==
		read_in(&again, text, size, step, &parts));
	must(once.over == again.over && once.wrong == again.wrong && once.left == again.left);
	must(whole.len == parts.len && memcmp(whole.data, parts.data, whole.len) == 0);
	must(!(once.over && once.wrong));
	buf_release(&whole);
	buf_release(&parts);
	free(text);
	return 0;
}
