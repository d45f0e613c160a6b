#include "unit_kit/client.h"

#include "base/fsio.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

char kit_root[256];

int kit_root_make(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	snprintf(kit_root, sizeof kit_root, "%s/mltop-client-XXXXXX", tmp ? tmp : "/tmp");
	return mkdtemp(kit_root) == NULL;
}

int kit_root_remove(void **state)
{
	(void)state;
	return !fsio_remove_tree(kit_root, NULL);
}

struct logstore *kit_store_new(void)
{
	struct err e = ERR_INIT;
	struct logstore *s = logstore_new(kit_root, &e);

	if (s == NULL)
		fail_msg("%s", e.text);
	return s;
}

void kit_add(struct logstore *s, const char *bytes, size_t len)
{
	struct err e = ERR_INIT;

	if (!logstore_append(s, logstore_next(s), bytes, len, &e))
		fail_msg("%s", e.text);
}

void kit_add_text(struct logstore *s, const char *text)
{
	kit_add(s, text, strlen(text));
}
