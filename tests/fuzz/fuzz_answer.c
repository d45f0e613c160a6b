/* links: http base */
/* Heads of answers: what is taken has one length, and knows its own end; the same in pieces. */
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
	if (!head_read_answer(&h, text, len, &e)) {
		must(e.code != ERR_NONE);
		return;
	}
	must(h.status >= 100 && h.status <= 599 && h.reason != NULL);
	must(!(h.has_length && h.chunked));
	must(h.has_length == (head_count(&h, "content-length") == 1));
	must(head_count(&h, "transfer-encoding") == h.chunked);
	/* Names stand where they came from: the balancer takes their case from there. */
	for (size_t i = 0; i < h.count; i++)
		must((size_t)(h.fields[i].name - h.text) + strlen(h.fields[i].name) < len);
	head_release(&h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct head_scan whole = {.answer = true}, parts = {.answer = true};
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
