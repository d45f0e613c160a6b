/* YAML of people: values, lines of keys, and everything that is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "io/yaml.h"

#include <stdlib.h>
#include <string.h>

static json_t *parse(const char *text, struct yaml_lines *lines, struct err *e)
{
	return yaml_parse(text, strlen(text), "f", lines, e);
}

static void same(const char *yaml, const char *json)
{
	struct err e = ERR_INIT;
	json_t *a = parse(yaml, NULL, &e), *b = json_loads(json, JSON_DECODE_ANY, NULL);

	if (a == NULL || !json_equal(a, b))
		print_error("%s: %s\n", yaml, a ? json_dumps(a, JSON_ENCODE_ANY) : e.text);
	assert_true(a && json_equal(a, b));
	json_decref(a);
	json_decref(b);
}

static void test_values(void **state)
{
	(void)state;
	same("", "null");
	same("a: 1\nb: 1.5\nc: true\nd: null\ne: text\nf: '1'\ng: \"true\"\nh: ~\n",
		"{\"a\":1,\"b\":1.5,\"c\":true,\"d\":null,\"e\":\"text\",\"f\":\"1\",\"g\":\"true\",\"h\":null}");
	same("a:\n  - 1\n  - [2, {b: 3}]\n", "{\"a\":[1,[2,{\"b\":3}]]}");
	same("{\"json\": [\"is\", \"yaml\"]}", "{\"json\":[\"is\",\"yaml\"]}");
	same("\xef\xbb\xbf"
	     "a: 1\n",
		"{\"a\":1}"); /* a byte order mark */
	same("\xef\xbb\xbf"
	     "a: 1\r\nb: {c: 2}\r\n",
		"{\"a\":1,\"b\":{\"c\":2}}");
	same("a: |\n  two\n  lines\n", "{\"a\":\"two\\nlines\\n\"}");
	/* Other readers of YAML take 022 for 22 or for 18. */
	same("a: 022\nb: -07\nc: 0\nd: 0.5\ne: 00.5\nf: -0\ng: 0e1\n",
		"{\"a\":\"022\",\"b\":\"-07\",\"c\":0,\"d\":0.5,\"e\":\"00.5\",\"f\":0,\"g\":0.0}");
	same("a: 0x10\nb: .inf\nc: yes\nd: 1_000\n",
		"{\"a\":\"0x10\",\"b\":\".inf\",\"c\":\"yes\",\"d\":\"1_000\"}");
}

static void test_lines(void **state)
{
	struct yaml_lines lines = YAML_LINES_INIT;
	json_t *root = parse("a: 1\nb:\n  c: 2\n\n  d: [x,\n    y]\n", &lines, NULL);

	(void)state;
	assert_int_equal(yaml_line(&lines, "a"), 1);
	assert_int_equal(yaml_line(&lines, "b.c"), 3);
	assert_int_equal(yaml_line(&lines, "b.d"), 5);
	assert_int_equal(yaml_line(&lines, "b.d.1"), 6);
	assert_int_equal(yaml_line(&lines, "nothing"), 0);
	yaml_lines_release(&lines);
	json_decref(root);
}

static void refused(const char *text, const char *where)
{
	struct err e = ERR_INIT;
	json_t *root = parse(text, NULL, &e);

	if (root || strncmp(e.text, where, strlen(where)) != 0)
		print_error("%s: %s\n", text, root ? "taken" : e.text);
	assert_null(root);
	assert_memory_equal(e.text, where, strlen(where));
}

static void test_refused(void **state)
{
	(void)state;
	refused("a: &x 1\nb: *x\n", "f:1:");
	refused("a: 1\nb: *x\n", "f:2:");
	refused("a: !!int 1\n", "f:1:");
	refused("a: [&x [1]]\n", "f:1:");
	refused("a: 1\na: 2\n", "f:2: a is there twice");
	refused("? [1]\n: 2\n", "f:1:");
	refused("a: 1\n---\nb: 2\n", "f:2:");
	refused("a: [1\n", "f:2:");
	refused("a: \"\\0\"\n", "f:1:");
	refused("a: \xff\n", "f:1:");
	refused("a: 1\n b: 2\n", "f:2:");
}

static void nest(struct buf *out, int levels)
{
	for (int i = 0; i < levels; i++)
		buf_addc(out, '[');
	for (int i = 0; i < levels; i++)
		buf_addc(out, ']');
}

static void test_bounds(void **state)
{
	struct buf deep = BUF_INIT, large = BUF_INIT;
	struct err e = ERR_INIT;

	(void)state;
	nest(&deep, YAML_DEPTH_MAX + 2);
	refused(deep.data, "f:1: more than 64 levels");
	buf_reset(&deep);
	nest(&deep, YAML_DEPTH_MAX);
	json_decref(parse(deep.data, NULL, &e));
	assert_int_equal(e.code, ERR_NONE);
	for (int i = 0; i < YAML_BYTES_MAX / 4 + 1; i++)
		buf_adds(&large, "    ");
	assert_null(yaml_parse(large.data, large.len, "f", NULL, &e));
	assert_int_equal(e.code, ERR_TOO_LARGE);
	buf_release(&deep);
	buf_release(&large);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_values),
		cmocka_unit_test(test_lines), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_bounds)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
