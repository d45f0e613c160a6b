/* The small parts: grid, layout, keys, key map, theme, line editor, prompt. */
#include "golden/harness.h"

#include "base/utf8.h"
#include "core/kinds/gpu.h"
#include "core/kinds/job.h"
#include "core/kinds/key.h"
#include "core/kinds/kinds.h"
#include "core/kinds/node.h"
#include "core/kinds/quota.h"
#include "ui/kit/edit.h"
#include "ui/kit/keymap.h"
#include "ui/kit/layout.h"
#include "ui/kit/prompt.h"
#include "ui/kit/textpane.h"
#include "ui/kit/theme.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static char *dump(const struct grid *g)
{
	struct buf b = BUF_INIT;

	grid_dump(g, &b);
	return buf_detach(&b);
}

static void assert_dump(const struct grid *g, const char *want)
{
	char *got = dump(g);

	assert_string_equal(got, want);
	free(got);
}

/* describe and the overview are read by people: the wall's clock, with its offset. */
static void times_in_texts_are_local(void **state)
{
	struct textpane p;
	struct buf text = BUF_INIT;
	struct job j = {0};

	(void)state;
	job_set(&j, create_time, (struct when){1767323045000});
	setenv("TZ", "EAST-3", 1);
	tzset();
	textpane_init(&p);
	textpane_record(&p, &job_kind, &j, 0, ~0u);
	textpane_text(&p, &text);
	setenv("TZ", "UTC", 1);
	tzset();
	assert_non_null(strstr(text.data, "2026-01-02T06:04:05+03:00"));
	buf_release(&text);
	textpane_release(&p);
}

/* What is inside a row stands below it, each under its key and further in. */
static void records_inside_are_indented(void **state)
{
	struct gpu gpus[2] = {{.uuid = NULL}};
	struct node n = {.name = NULL};
	struct textpane p;
	struct buf text = BUF_INIT;

	(void)state;
	record_set(gpu, &gpus[0], uuid, "GPU-a");
	record_set(gpu, &gpus[0], util, ((struct percent){93}));
	record_set(gpu, &gpus[1], uuid, "GPU-b");
	record_set(node, &n, gpus, ((struct records){gpus, 2}));
	textpane_init(&p);
	textpane_record(&p, &node_kind, &n, 0, ~0u);
	textpane_text(&p, &text);
	assert_non_null(strstr(text.data, "  gpus"));
	assert_non_null(strstr(text.data, "\n    GPU-a\n      util"));
	assert_non_null(strstr(text.data, "\n    GPU-b"));
	buf_release(&text);
	textpane_release(&p);
}

static void grid_clips_and_mends(void **state)
{
	struct grid g;

	(void)state;
	grid_init(&g);
	grid_resize(&g, 6, 1);
	assert_int_equal(grid_text(&g, 0, 0, 6, ROLE_NORMAL, "嵌入式x"), 6);
	assert_dump(&g, "6x1\n嵌入式\n");
	/* A wide one that would be cut; half of a wide one overwritten. */
	assert_int_equal(grid_text(&g, 1, 0, 2, ROLE_BAD, "a嵌"), 2);
	assert_dump(&g, "6x1\n {b:a>} 式\n");
	grid_erase(&g);
	assert_int_equal(grid_clip(&g, 0, 0, 4, ROLE_NORMAL, "abcdef"), 4);
	assert_dump(&g, "6x1\nabc…\n");
	g.ascii = true;
	grid_erase(&g);
	grid_right(&g, 0, 0, 6, ROLE_NORMAL, "12");
	assert_dump(&g, "6x1\n    12\n");
	grid_clip(&g, 0, 0, 3, ROLE_NORMAL, "abcdef");
	assert_dump(&g, "6x1\nab~ 12\n");
	/* Outside: nothing. Bytes that were not sanitised: a mark, never themselves. */
	assert_int_equal(grid_text(&g, 0, 1, 6, ROLE_NORMAL, "x"), 0);
	assert_int_equal(grid_text(&g, -1, 0, 6, ROLE_NORMAL, "x"), 0);
	grid_erase(&g);
	grid_text(&g, 0, 0, 6, ROLE_NORMAL, "\x1b[2J\xff");
	assert_dump(&g, "6x1\n\xEF\xBF\xBD[2J\xEF\xBF\xBD\n");
	grid_release(&g);
}

static void grid_tells_frames_apart(void **state)
{
	struct grid a, b;

	(void)state;
	grid_init(&a);
	grid_init(&b);
	grid_resize(&a, 10, 3);
	grid_resize(&b, 10, 3);
	assert_true(grid_equal(&a, &b));
	grid_role(&b, 9, 2, 1, ROLE_BAD);
	assert_false(grid_equal(&a, &b));
	grid_erase(&b);
	grid_select(&b, 0, 0, 1);
	assert_false(grid_equal(&a, &b));
	grid_erase(&b);
	b.cells[5].sgr.fg = 1;
	assert_false(grid_equal(&a, &b));
	grid_resize(&b, 4000, 4000);
	assert_int_equal(b.cols, GRID_COLS_MAX);
	assert_int_equal(b.rows, GRID_ROWS_MAX);
	grid_resize(&b, 0, -5);
	assert_int_equal(b.cols * b.rows, 1);
	grid_release(&a);
	grid_release(&b);
}

static void columns_fit_at_any_width(void **state)
{
	static const struct layout_column all[] = {
		{.want = 16, .most = 40},
		{.want = 9, .priority = 1},
		{.want = 8, .priority = 3},
		{.want = 3, .priority = 2},
		{.want = 8, .most = 20, .priority = 9},
	};
	(void)state;
	for (int width = 0; width < 300; width++) {
		struct layout_column c[5];
		int end = 0, shown = 0, last = -1;

		memcpy(c, all, sizeof c);
		layout_columns(c, 5, width);
		for (int i = 0; i < 5; i++) {
			if (!c[i].width)
				continue;
			shown++;
			assert_true(c[i].x >= end);
			end = c[i].x + c[i].width;
			last = c[i].priority > last ? c[i].priority : last;
		}
		assert_true(end <= (width > 0 ? width : 0));
		/* Whatever is left out is worth less than all that is shown. */
		for (int i = 0; i < 5; i++)
			assert_true(c[i].width || c[i].priority >= last);
		assert_true(width < 1 || shown > 0);
	}
}

static void keys_have_names(void **state)
{
	static const char *const names[] = {"j", "?", "ctrl-d", "f12", "enter", "space",
		"shift-tab", "alt-x", "ctrl-\\", "ctrl-space", "é", "嵌", "ctrl-alt-delete", "-",
		"ctrl--"};
	uint32_t key = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct buf b = BUF_INIT;

		assert_true(key_parse(names[i], &key));
		key_name(key, &b);
		assert_string_equal(b.data, names[i]);
		buf_release(&b);
	}
	key = 7;
	assert_false(key_parse("", &key));
	assert_false(key_parse("ctrl-", &key));
	assert_false(key_parse("nokey", &key));
	assert_false(key_parse("\x01", &key));
	assert_int_equal(key, 7);
	assert_true(key_is_text('x') && key_is_text(0x5D4C));
	assert_false(
		key_is_text(K_UP) || key_is_text(27) || key_is_text(0x9B) || key_is_text(0x202E));
	assert_false(key_is_text(K_CTRL | 'x') || key_is_text(0xE000));
}

static json_t *json(const char *text)
{
	json_t *out = json_loads(text, 0, NULL);

	assert_non_null(out);
	return out;
}

static void assert_keys_error(const char *text, const char *part)
{
	struct keymap m = {0};
	struct err e = ERR_INIT;
	json_t *in = json(text);

	assert_false(keymap_init(&m, all_kinds, in, &e));
	if (!strstr(e.text, part))
		fail_msg("'%s' does not have '%s'", e.text, part);
	assert_int_equal(m.keys[ACT_QUIT][0], 0);
	json_decref(in);
}

/* The name of what the key does to objects of that kind; "" nothing. */
static const char *at(const struct keymap *m, uint32_t key, unsigned scopes, const struct kind *k)
{
	enum action act = keymap_action(m, key, scopes, k);
	const struct action_info *info;

	for (size_t i = 0; (info = keymap_at(m, i)) != NULL; i++)
		if (info->action == act)
			return info->name;
	return "";
}

static void keys_can_be_changed(void **state)
{
	struct keymap m;
	struct err e = ERR_INIT;
	json_t *in = json("{\"cancel\": \"K\", \"quit\": [\"Q\", \"f10\"], \"undo\": \"\"}");

	(void)state;
	assert_true(keymap_init(&m, all_kinds, NULL, &e));
	assert_string_equal(at(&m, 'x', SCOPE_TABLE | SCOPE_OBJECT, &job_kind), "cancel");
	assert_string_equal(at(&m, 'x', SCOPE_TABLE | SCOPE_OBJECT, &key_kind), "disable");
	assert_string_equal(at(&m, 'x', SCOPE_TABLE | SCOPE_OBJECT, &quota_kind), "");
	assert_string_equal(at(&m, K_DELETE, SCOPE_OBJECT, &job_kind), "delete");
	assert_string_equal(at(&m, 'x', SCOPE_LOG | SCOPE_TEXT, NULL), "");
	assert_int_equal(keymap_action(&m, 'w', SCOPE_TABLE, NULL), ACT_WIDE);
	assert_int_equal(keymap_action(&m, 'w', SCOPE_LOG, NULL), ACT_WRAP);
	/* Half a page and the list's end: never a deletion. */
	assert_int_equal(keymap_action(&m, K_CTRL | 'd', SCOPE_TABLE | SCOPE_OBJECT, &job_kind),
		ACT_HALF_DOWN);
	assert_int_equal(keymap_action(&m, K_CTRL | 'k', SCOPE_TABLE | SCOPE_OBJECT, &job_kind),
		ACT_NONE);
	assert_true(keymap_init(&m, all_kinds, in, &e));
	assert_string_equal(at(&m, 'x', SCOPE_OBJECT, &job_kind), "");
	assert_string_equal(at(&m, 'K', SCOPE_OBJECT, &job_kind), "cancel");
	assert_int_equal(keymap_action(&m, K_F10, SCOPE_TABLE, NULL), ACT_QUIT);
	assert_int_equal(keymap_action(&m, 'u', SCOPE_TABLE, NULL), ACT_NONE);
	json_decref(in);
	assert_keys_error("{\"cancel\": \"l\"}", "key l does both 'logs' and 'cancel'");
	assert_keys_error("{\"cancle\": \"l\"}", "cancle is not an action");
	assert_keys_error("{\"cancel\": \"meta-q\"}", "'meta-q' names no key");
	assert_keys_error("{\"cancel\": 5}", "must be a key or a list");
	assert_keys_error("{\"cancel\": [\"a\",\"b\",\"e\",\"h\",\"i\"]}", "more than 4 keys");
	assert_keys_error("[]", "must be a table");
}

/* Ours and those of all kinds: each has a word of its own and a sentence; none was left out. */
static void every_action_is_explained(void **state)
{
	const struct action_info *info;
	struct keymap m;
	struct err e = ERR_INIT;
	bool seen[ACT_COUNT] = {false};

	(void)state;
	assert_true(keymap_init(&m, all_kinds, NULL, &e));
	for (size_t i = 0; (info = keymap_at(&m, i)) != NULL; i++) {
		assert_ptr_equal(keymap_find(&m, info->name), info);
		assert_true(strlen(info->doc) > 5 && info->doc[strlen(info->doc) - 1] == '.');
		assert_true(info->scopes != 0);
		if (info->action < ACT_COUNT)
			seen[info->action] = true;
	}
	for (int a = ACT_NONE + 1; a < ACT_COUNT; a++)
		assert_true(seen[a]);
	for (size_t k = 0; all_kinds[k]; k++)
		for (size_t i = 0; i < all_kinds[k]->action_count; i++)
			assert_non_null(keymap_find(&m, all_kinds[k]->actions[i].name));
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

static void messages_survive_recording(void **state)
{
	static const char *const all[] = {
		"{\"t\":\"key\",\"key\":\"ctrl-d\",\"now\":5,\"mono\":6}",
		"{\"t\":\"mouse\",\"mouse\":\"wheel-up\",\"x\":3,\"y\":4}",
		"{\"t\":\"paste\",\"text\":\"a\\u00ff\\nb\"}",
		"{\"t\":\"link\",\"link\":\"gone\",\"text\":\"why\"}",
		"{\"t\":\"rows\",\"sub\":1,\"rows\":[{\"uid\":\"1\"}]}",
		"{\"t\":\"log-window\",\"sub\":3,\"line\":7,\"lines\":[{\"bytes\":\"\\u00ff\\u001b["
		"0m\",\"offset\":1},"
		"{\"offset\":9,\"lost\":4},{\"bytes\":\"p\",\"offset\":13,\"partial\":true}]}",
		"{\"t\":\"reply\",\"id\":9,\"status\":404,\"body\":{\"error\":true}}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		struct arena scratch = ARENA_INIT;
		struct err e = ERR_INIT;
		struct msg m;
		json_t *in = json(all[i]);

		assert_true(msg_decode(&m, in, &scratch, &e));
		json_t *out = msg_encode(&m);

		if (!json_equal(in, out))
			fail_msg("%s came back as %s", all[i], json_dumps(out, 0));
		json_decref(out);
		json_decref(in);
		arena_release(&scratch);
	}
}

static void searches_know_capitals(void **state)
{
	(void)state;
	assert_non_null(find_text("an Error", "error"));
	assert_non_null(find_text("an Error", "Error"));
	assert_null(find_text("an error", "Error"));
	assert_null(find_text("abc", "abd"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_in_texts_are_local),
		cmocka_unit_test(records_inside_are_indented),
		cmocka_unit_test(grid_clips_and_mends),
		cmocka_unit_test(grid_tells_frames_apart),
		cmocka_unit_test(columns_fit_at_any_width),
		cmocka_unit_test(keys_have_names),
		cmocka_unit_test(keys_can_be_changed),
		cmocka_unit_test(every_action_is_explained),
		cmocka_unit_test(themes_say_what_is_wrong),
		cmocka_unit_test(themes_fit_the_terminal),
		cmocka_unit_test(eight_colours_show_everything),
		cmocka_unit_test(editing_keeps_text_whole),
		cmocka_unit_test(selected_text_is_replaced),
		cmocka_unit_test(a_prompt_defaults_to_cancel),
		cmocka_unit_test(messages_survive_recording),
		cmocka_unit_test(searches_know_capitals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
