/* links: core base */
/*
 * Paths, queries and forms. The first byte chooses. A path let in is safe to route and stays as it
 * is when cleaned again; a query let in comes back the same from its own encoding.
 */
#include "base/utf8.h"
#include "core/wire/query.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void try_path(const char *path)
{
	struct buf once = BUF_INIT, twice = BUF_INIT;

	if (path_clean(path, &once, NULL)) {
		must(once.data[0] == '/' && strstr(once.data, "//") == NULL);
		must(strstr(once.data, "/../") == NULL && strstr(once.data, "/./") == NULL);
		must(strpbrk(once.data, "%?#;&,\\ \"'<>") == NULL);
		must(path_clean(once.data, &twice, NULL));
		must(strcmp(once.data, twice.data) == 0);
	} else {
		must(once.len == 0);
	}
	buf_release(&once);
	buf_release(&twice);
}

static int compare_pairs(const void *a, const void *b)
{
	const struct sign_pair *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : strcmp(x->value, y->value);
}

static void try_query(const char *text, size_t len, bool form)
{
	struct query q = QUERY_INIT, again = QUERY_INIT;
	struct buf out = BUF_INIT;

	if (query_parse(&q, text, len, form, NULL)) {
		must(q.count <= SIGN_PAIRS_MAX);
		for (size_t i = 0; i < q.count; i++)
			must(utf8_valid(q.pairs[i].value, strlen(q.pairs[i].value)));
		query_encode(&q, &out);
		must(query_parse(&again, out.data, out.len, false, NULL));
		must(again.count == q.count);
		qsort(q.pairs, q.count, sizeof q.pairs[0], compare_pairs);
		qsort(again.pairs, again.count, sizeof again.pairs[0], compare_pairs);
		for (size_t i = 0; i < q.count; i++)
			must(compare_pairs(&q.pairs[i], &again.pairs[i]) == 0);
	} else {
		must(q.count == 0);
	}
	buf_release(&out);
	query_release(&q);
	query_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size == 0)
		return 0;
	text = malloc(size);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	if (data[0] % 3 == 0)
		try_path(text);
	else
		try_query(text, size - 1, data[0] % 3 == 1);
	free(text);
	return 0;
}
