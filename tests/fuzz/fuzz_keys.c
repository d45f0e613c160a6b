/* links: ui core base */
/*
 * Bytes of a terminal: whatever comes, in whatever pieces, becomes only keys that are keys and
 * pastes within their limit, and nothing is held for ever.
 */
#include "ui/kit/input.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void found(void *ctx, const struct msg *m)
{
	size_t *count = ctx;

	++*count;
	if (m->type == MSG_KEY && (m->key & KEY_CODE_MASK) > K_F12)
		abort();
	if (m->type == MSG_PASTE && m->text_len > INPUT_PASTE_MAX)
		abort();
	if (m->type == MSG_MOUSE && (m->x < 0 || m->y < 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in;
	size_t count = 0, at = 0;

	input_init(&in);
	while (at < size) {
		/* The bytes themselves say where they are split. */
		size_t n = data[at] % 7 + 1;

		n = n < size - at ? n : size - at;
		input_add(&in, (const char *)data + at, n, found, &count);
		at += n;
	}
	input_timeout(&in, found, &count);
	if (input_holds(&in) || count > 2 * size + 1)
		abort();
	input_release(&in);
	return 0;
}
