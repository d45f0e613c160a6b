/* links: io base */
/*
 * The answer to the request for a websocket. One that is let in has our accept in it, is not let
 * in before its last byte, and says the same whatever follows it.
 */
#include "io/ws_upgrade.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char key[] = "dGhlIHNhbXBsZSBub25jZQ==",
		  accept_of_it[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* From a copy of that size: a byte too far is seen. */
static enum ws_answer answer_of(struct ws_verdict *v, const uint8_t *data, size_t size)
{
	char *copy = malloc(size ? size : 1);
	enum ws_answer answer;

	memcpy(copy, data, size);
	*v = (struct ws_verdict){0};
	answer = ws_upgrade_answer(v, copy, size, "mltop.v1", key);
	free(copy);
	return answer;
}

static void check_open(const struct ws_verdict *v, const uint8_t *data, size_t size)
{
	struct ws_verdict part;

	must(v->used <= size && v->used >= 4 && v->status == 101);
	must(memcmp(data + v->used - 4, "\r\n\r\n", 4) == 0);
	must(memmem(data, v->used, accept_of_it, sizeof accept_of_it - 1) != NULL);
	must(answer_of(&part, data, v->used - 1) == WS_ANSWER_MORE);
	must(answer_of(&part, data, v->used) == WS_ANSWER_OPEN && part.used == v->used);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ws_verdict v;
	enum ws_answer answer = answer_of(&v, data, size);

	if (answer == WS_ANSWER_OPEN)
		check_open(&v, data, size);
	else if (answer == WS_ANSWER_REFUSED)
		must(v.status >= 200 && v.status <= 999);
	else if (answer == WS_ANSWER_WRONG)
		must(v.wrong != NULL);
	return 0;
}
