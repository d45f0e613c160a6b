/* Keys from bytes: every known sequence, split everywhere, and what must be swallowed. */
#include "ui/kit/input.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

struct seen {
	struct msg items[64];
	char paste[INPUT_PASTE_MAX + 1];
	size_t paste_len, count;
};

static void found(void *ctx, const struct msg *m)
{
	struct seen *s = ctx;

	assert_true(s->count < 64);
	s->items[s->count++] = *m;
	if (m->type == MSG_PASTE) {
		memcpy(s->paste, m->text, m->text_len);
		s->paste_len = m->text_len;
	}
}

static const struct {
	const char *bytes;
	uint32_t key;
} keys[] = {
	/* clang-format off */
	{"a", 'a'}, {"G", 'G'}, {"\r", K_ENTER}, {"\t", K_TAB}, {"\x7f", K_BACKSPACE},
	{"\x04", K_CTRL | 'd'}, {"\x1c", K_CTRL | '\\'}, {"\xe5\xb5\x8c", 0x5d4c},
	{"\033[A", K_UP}, {"\033OA", K_UP}, {"\033[H", K_HOME}, {"\033[1~", K_HOME},
	{"\033[7~", K_HOME}, {"\033[5~", K_PGUP}, {"\033[3~", K_DELETE}, {"\033OP", K_F1},
	{"\033[11~", K_F1}, {"\033[[A", K_F1}, {"\033[24~", K_F12}, {"\033[Z", K_BACKTAB},
	{"\033[1;5C", K_RIGHT | K_CTRL}, {"\033[1;2A", K_UP | K_SHIFT}, {"\033[3;3~", K_DELETE | K_ALT},
	/* clang-format on */
	{"\033x", K_ALT | 'x'},
};

/* Each sequence, cut in two at every byte, is the same one key. */
static void test_keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		size_t len = strlen(keys[i].bytes);

		for (size_t cut = 0; cut < len; cut++) {
			struct seen s = {0};
			struct input in;

			input_init(&in);
			input_add(&in, keys[i].bytes, cut, found, &s);
			input_add(&in, keys[i].bytes + cut, len - cut, found, &s);
			assert_int_equal(s.count, 1);
			assert_int_equal(s.items[0].type, MSG_KEY);
			assert_int_equal(s.items[0].key, keys[i].key);
			assert_int_equal(input_holds(&in), 0);
			input_release(&in);
		}
	}
}

static void test_escape_is_held(void **state)
{
	struct seen s = {0};
	struct input in;

	(void)state;
	input_init(&in);
	input_add(&in, "\033", 1, found, &s);
	assert_int_equal(s.count, 0);
	assert_int_equal(input_holds(&in), INPUT_HELD_MS);
	input_timeout(&in, found, &s);
	assert_int_equal(s.count, 1);
	assert_int_equal(s.items[0].key, K_ESC);
	assert_int_equal(input_holds(&in), 0);
	input_release(&in);
}

static const char *const swallowed[] = {
	"\033[?1;2c",
	"\033]11;rgb:0000/0000/0000\033\\",
	"\033]0;title\a",
	"\033P1$r0m\033\\",
	"\033[<35;10;10M",
	"\033[200;1;1;1;1;1m",
	"\033[99~",
	"\033_x\033\\",
	"\xc2\x9b",
	"\033[M",
};

/* Reports that leak, sequences nobody knows: no key, and the next key is itself. */
static void test_leftovers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(swallowed); i++) {
		struct seen s = {0};
		struct input in;

		input_init(&in);
		input_add(&in, swallowed[i], strlen(swallowed[i]), found, &s);
		assert_int_equal(s.count, 0);
		input_timeout(&in, found, &s);
		input_add(&in, "x", 1, found, &s);
		assert_int_equal(s.count, 1);
		assert_int_equal(s.items[0].key, 'x');
		input_release(&in);
	}
}

static void test_mouse(void **state)
{
	static const char bytes[] =
		"\033[<0;5;7M\033[<0;5;7m\033[<64;1;1M\033[<65;1;1M\033[<0;0;0M";
	struct seen s = {0};
	struct input in;

	(void)state;
	input_init(&in);
	input_add(&in, bytes, sizeof bytes - 1, found, &s);
	assert_int_equal(s.count, 4);
	assert_int_equal(s.items[0].mouse, MOUSE_PRESS);
	assert_int_equal(s.items[0].x, 4);
	assert_int_equal(s.items[0].y, 6);
	assert_int_equal(s.items[1].mouse, MOUSE_RELEASE);
	assert_int_equal(s.items[2].mouse, MOUSE_WHEEL_UP);
	assert_int_equal(s.items[3].mouse, MOUSE_WHEEL_DOWN);
	input_release(&in);
}

static void test_paste(void **state)
{
	static const char bytes[] = "\033[200~x\033[Ay\r\n\033[201~q";
	size_t len = sizeof bytes - 1;

	(void)state;
	for (size_t cut = 0; cut <= len; cut++) {
		struct seen s = {0};
		struct input in;

		input_init(&in);
		input_add(&in, bytes, cut, found, &s);
		input_add(&in, bytes + cut, len - cut, found, &s);
		assert_int_equal(s.count, 2);
		assert_int_equal(s.items[0].type, MSG_PASTE);
		assert_int_equal(s.paste_len, 7);
		assert_memory_equal(s.paste, "x\033[Ay\r\n", 7);
		assert_int_equal(s.items[1].key, 'q');
		input_release(&in);
	}
}

/* More than the limit is cut off, and the text behind the bracket is keys again. */
static void test_paste_limit(void **state)
{
	static char text[3 * INPUT_PASTE_MAX];
	struct seen s = {0};
	struct input in;

	(void)state;
	memset(text, 'z', sizeof text);
	input_init(&in);
	input_add(&in, "\033[200~", 6, found, &s);
	for (size_t at = 0; at < sizeof text; at += 1000)
		input_add(&in, text + at, sizeof text - at < 1000 ? sizeof text - at : 1000, found,
			&s);
	input_add(&in, "\033[201~k", 7, found, &s);
	assert_int_equal(s.count, 2);
	assert_int_equal(s.paste_len, INPUT_PASTE_MAX);
	assert_int_equal(s.items[1].key, 'k');
	input_release(&in);
}

/* A paste whose end is lost ends by silence; a bracket that had begun is no text. */
static void test_paste_without_end(void **state)
{
	static const char *const tails[] = {"", "\033", "\033[20", "\033[201"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(tails); i++) {
		struct seen s = {0};
		struct input in;

		input_init(&in);
		input_add(&in, "\033[200~abc", 9, found, &s);
		input_add(&in, tails[i], strlen(tails[i]), found, &s);
		assert_int_equal(s.count, 0);
		assert_int_equal(input_holds(&in), INPUT_PASTE_MS);
		input_timeout(&in, found, &s);
		assert_int_equal(s.count, 1);
		assert_int_equal(s.paste_len, 3);
		assert_memory_equal(s.paste, "abc", 3);
		assert_int_equal(input_holds(&in), 0);
		input_add(&in, "q", 1, found, &s);
		assert_int_equal(s.items[1].key, 'q');
		input_release(&in);
	}
}

/* Ctrl-C that comes alone is the person's; within a text it is of the text. */
static void test_paste_and_ctrl_c(void **state)
{
	struct seen s = {0};
	struct input in;

	(void)state;
	input_init(&in);
	input_add(&in, "\033[200~a\003b", 9, found, &s);
	assert_int_equal(s.count, 0);
	input_add(&in, "\003", 1, found, &s);
	assert_int_equal(s.count, 1);
	assert_int_equal(s.items[0].type, MSG_KEY);
	assert_int_equal(s.items[0].key, K_CTRL | 'c');
	input_add(&in, "x", 1, found, &s);
	assert_int_equal(s.items[1].key, 'x');
	input_release(&in);
}

/* At the limit the text is there at once, whether an end comes or not; the rest stays no key. */
static void test_endless_paste(void **state)
{
	static char text[2 * INPUT_PASTE_MAX];
	struct seen s = {0};
	struct input in;

	(void)state;
	memset(text, 'q', sizeof text);
	input_init(&in);
	input_add(&in, "\033[200~", 6, found, &s);
	input_add(&in, text, sizeof text, found, &s);
	assert_int_equal(s.count, 1);
	assert_int_equal(s.paste_len, INPUT_PASTE_MAX);
	input_add(&in, text, sizeof text, found, &s);
	input_timeout(&in, found, &s);
	assert_int_equal(s.count, 1);
	input_release(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_escape_is_held),
		cmocka_unit_test(test_leftovers),
		cmocka_unit_test(test_mouse),
		cmocka_unit_test(test_paste),
		cmocka_unit_test(test_paste_limit),
		cmocka_unit_test(test_paste_without_end),
		cmocka_unit_test(test_paste_and_ctrl_c),
		cmocka_unit_test(test_endless_paste),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
