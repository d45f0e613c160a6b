/* The line editor and the prompt. */
#include "golden/harness.h"

#include "base/utf8.h"
#include "ui/kit/edit.h"
#include "ui/kit/prompt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* What is selected goes with the first character, paste or deletion; a move only lets go of it. */
static void selected_text_is_replaced(void **state)
{
	struct edit e;

	(void)state;
	edit_init(&e, 0);
	edit_select(&e);
	assert_false(e.selected);
	edit_set(&e, "state=failed");
	edit_select(&e);
	assert_true(edit_key(&e, 'x'));
	assert_string_equal(e.text.data, "x");
	edit_select(&e);
	assert_true(edit_key(&e, K_END));
	assert_true(edit_key(&e, 'y'));
	assert_string_equal(e.text.data, "xy");
	edit_select(&e);
	edit_insert(&e, "ab", 2);
	assert_string_equal(e.text.data, "ab");
	edit_select(&e);
	assert_true(edit_key(&e, K_BACKSPACE));
	assert_string_equal(e.text.data, "");
	edit_release(&e);
}

static void editing_keeps_text_whole(void **state)
{
	static const uint32_t keys[] = {'a', 0x5D4C, 0x301, ' ', K_LEFT, K_RIGHT, K_HOME, K_END,
		K_BACKSPACE, K_DELETE, K_CTRL | 'w', K_CTRL | 'u', 'z', 0x1F600, 'e', 0x301};
	struct edit e;
	unsigned seed = 5;

	(void)state;
	edit_init(&e, 64);
	for (int i = 0; i < 20000; i++) {
		seed = seed * 1664525u + 1013904223u;
		edit_key(&e, keys[(seed >> 10) % ARRAY_SIZE(keys)]);
		assert_true(utf8_valid(e.text.data, e.text.len));
		assert_true(e.at <= e.text.len && e.text.len <= 64);
		assert_true(utf8_valid(e.text.data, e.at));
	}
	edit_set(&e, "one two");
	edit_key(&e, K_CTRL | 'w');
	assert_string_equal(e.text.data, "one ");
	edit_insert(&e, "a\x1b[31m\nb", 8);
	assert_string_equal(e.text.data, "one a^[[31m b");
	assert_false(edit_key(&e, K_ESC));
	assert_false(edit_key(&e, 0x9B));
	edit_release(&e);
}

static enum prompt_answer press(struct prompt *p, uint32_t key)
{
	struct msg m = {.type = MSG_KEY, .key = key};

	return prompt_input(p, &m);
}

static void a_prompt_defaults_to_cancel(void **state)
{
	struct prompt p;

	(void)state;
	prompt_init(&p);
	prompt_start(&p, PROMPT_CHANGES, "Delete?", "delete", NULL);
	p.painted = true;
	assert_int_equal(press(&p, K_ENTER), PROMPT_REFUSED);
	assert_int_equal(press(&p, 'j'), PROMPT_REFUSED);
	assert_int_equal(press(&p, K_TAB), PROMPT_OPEN);
	assert_int_equal(press(&p, K_TAB), PROMPT_OPEN);
	assert_int_equal(press(&p, K_ENTER), PROMPT_REFUSED);
	assert_int_equal(press(&p, 'y'), PROMPT_OPEN);
	assert_int_equal(press(&p, K_ENTER), PROMPT_ACCEPTED);
	prompt_start(&p, PROMPT_CHANGES, "Delete?", "delete", "big");
	p.painted = true;
	assert_int_equal(press(&p, 'y'), PROMPT_OPEN);
	assert_int_equal(press(&p, K_ENTER), PROMPT_REFUSED);
	edit_set(&p.answer, "big");
	assert_int_equal(press(&p, K_ENTER), PROMPT_ACCEPTED);
	p.painted = false;
	assert_int_equal(press(&p, K_ENTER), PROMPT_REFUSED);
	prompt_release(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(selected_text_is_replaced),
		cmocka_unit_test(editing_keeps_text_whole),
		cmocka_unit_test(a_prompt_defaults_to_cancel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
