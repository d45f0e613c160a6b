/* links: http base */
/*
 * Heads of requests: what is let in has no byte that another reader could divide lines at, says the
 * same in pieces, and knows its own length.
 */
#include "http/head.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_whole(const char *text, size_t len)
{
	struct err e = ERR_INIT;
	struct head h;

	must(len >= 4 && memcmp(text + len - 4, "\r\n\r\n", 4) == 0);
	must(memchr(text, '\0', len) == NULL);
	for (size_t i = 0; i < len; i++)
		must((text[i] == '\n') == (i > 0 && text[i - 1] == '\r'));
	if (!head_read(&h, text, len, &e)) {
		must(e.code != ERR_NONE);
		return;
	}
	must(h.path[0] == '/' && head_count(&h, "host") == 1);
	must(strpbrk(h.path, "?# ") == NULL && head_get(&h, "host")[0] != '\0');
	must(strpbrk(head_get(&h, "host"), "/?#@, ") == NULL);
	must(h.authority == NULL || h.authority == head_get(&h, "host"));
	must(!(h.has_length && h.chunked));
	must(h.has_length == (head_count(&h, "content-length") == 1));
	must(head_count(&h, "transfer-encoding") == h.chunked);
	head_release(&h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct head_scan whole = {0}, parts = {0};
	struct err e = ERR_INIT;
	char *text = malloc(size ? size : 1);
	enum head_answer answer, again = HEAD_MORE;

	memcpy(text, data, size);
	answer = head_look(&whole, text, size, &e);
	for (size_t n = 0; n <= size && again == HEAD_MORE; n++)
		again = head_look(&parts, text, n, &e);
	must(answer == again && whole.at == parts.at);
	if (answer == HEAD_WHOLE)
		check_whole(text, whole.at);
	free(text);
	return 0;
}
