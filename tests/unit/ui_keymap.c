/* Keys, the key map, and messages as they are recorded. */
#include "golden/harness.h"

#include "core/kinds/job.h"
#include "core/kinds/key.h"
#include "core/kinds/kinds.h"
#include "core/kinds/quota.h"
#include "ui/kit/keymap.h"
#include "core/kinds/node.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_have_names),
		cmocka_unit_test(keys_can_be_changed),
		cmocka_unit_test(every_action_is_explained),
		cmocka_unit_test(messages_survive_recording),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
