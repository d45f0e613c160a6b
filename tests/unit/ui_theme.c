/* Themes: what is wrong in one, and how they fit a terminal of few colours. */
#include "golden/harness.h"

#include "ui/kit/theme.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static json_t *json(const char *text)
{
	json_t *out = json_loads(text, 0, NULL);

	assert_non_null(out);
	return out;
}

static void themes_say_what_is_wrong(void **state)
{
	static const char *const wrong[][2] = {
		{"{}", "table 'roles'"},
		{"{\"roles\": {\"nope\": \"red\"}}", "'nope' is not a role"},
		{"{\"roles\": {\"bad\": \"reddish\"}}", "roles.bad: 'reddish' is neither"},
		{"{\"roles\": {\"bad\": \"#12345\"}}", "'#12345'"},
		{"{\"roles\": {\"bad\": 5}}", "must be a text"},
		{"{\"roles\": {\"bad\": {\"color16\": \"256\"}}}", "'256'"},
	};
	struct theme t, before;
	struct err e = ERR_INIT;

	(void)state;
	theme_builtin(&t);
	before = t;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		json_t *in = json(wrong[i][0]);

		assert_false(theme_load(&t, in, &e));
		if (!strstr(e.text, wrong[i][1]))
			fail_msg("'%s' does not have '%s'", e.text, wrong[i][1]);
		assert_memory_equal(&t, &before, sizeof t);
		json_decref(in);
	}
}

static void themes_fit_the_terminal(void **state)
{
	struct theme t;
	struct err e = ERR_INIT;
	json_t *in = json(
		"{\"name\": \"x\", \"roles\": {\"bad\": \"#ff0000 on 17 bold\", \"good\": "
		"{\"color\": \"#00ff00\", \"color16\": \"cyan\", \"mono\": \"underline\"}, "
		"\"selected\": \"on 3\"}}");
	struct cell c = {.role = ROLE_BAD, .sgr = SGR_NONE};

	(void)state;
	assert_true(theme_load(&t, in, &e));
	assert_int_equal(theme_cell(&t, THEME_256, &c).fg, 196);
	assert_int_equal(theme_cell(&t, THEME_256, &c).bg, 17);
	assert_int_equal(theme_cell(&t, THEME_16, &c).fg, 9);
	assert_int_equal(theme_cell(&t, THEME_MONO, &c).fg, -1);
	c.role = ROLE_GOOD;
	assert_int_equal(theme_cell(&t, THEME_16, &c).fg, 6);
	assert_int_equal(theme_cell(&t, THEME_MONO, &c).attrs, SGR_UNDERLINE);
	c.selected = true;
	assert_int_equal(theme_cell(&t, THEME_256, &c).bg, 3);
	c.sgr.fg = 200;
	assert_int_equal(theme_cell(&t, THEME_256, &c).fg, 200);
	assert_int_equal(theme_cell(&t, THEME_MONO, &c).fg, -1);
	assert_int_equal(theme_depth(0, false), THEME_MONO);
	assert_int_equal(theme_depth(8, false), THEME_8);
	assert_int_equal(theme_depth(16, false), THEME_16);
	assert_int_equal(theme_depth(256, false), THEME_256);
	assert_int_equal(theme_depth(1 << 24, true), THEME_MONO);
	json_decref(in);
}

/* Eight colours: no bright one is asked for, nothing in its ground's, no black on an unknown one. */
static void eight_colours_show_everything(void **state)
{
	struct theme t;

	(void)state;
	theme_builtin(&t);
	for (int fg = -1; fg < 256; fg++) {
		for (int bg = -1; bg < 256; bg++) {
			struct cell c = {.role = ROLE_NORMAL,
				.sgr = {.fg = (int16_t)fg, .bg = (int16_t)bg}};
			struct theme_style s = theme_cell(&t, THEME_8, &c);

			assert_true(s.fg < 8 && s.bg < 8);
			assert_true(s.fg < 0 || s.fg != s.bg);
			if (s.bg < 0 && bg != fg && bg < 0)
				assert_true(s.fg != 0 && s.fg != 7);
			s = theme_cell(&t, THEME_16, &c);
			assert_true(s.fg < 0 || s.fg != s.bg);
		}
	}
	struct cell bad = {.sgr = {.fg = 9, .bg = -1}}, grey = {.sgr = {.fg = 8, .bg = -1}};

	assert_int_equal(theme_cell(&t, THEME_8, &bad).fg, 1);
	assert_int_equal(theme_cell(&t, THEME_8, &bad).attrs, SGR_BOLD);
	assert_int_equal(theme_cell(&t, THEME_8, &grey).fg, -1);
	assert_int_equal(theme_cell(&t, THEME_8, &grey).attrs, SGR_DIM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(themes_say_what_is_wrong),
		cmocka_unit_test(themes_fit_the_terminal),
		cmocka_unit_test(eight_colours_show_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
