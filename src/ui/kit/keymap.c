#include "ui/kit/keymap.h"

#include "base/mem.h"
#include "ui/kit/keys.h"
#include "ui/kit/text.h"

#include <stdio.h>
#include <string.h>

#define MOVE (SCOPE_ANY)

/* In the order of help. A key may stand twice only where the scopes share no screen. */
static const struct action_info own[] = {
	{ACT_UP, "up", MOVE, "k up", NULL, T_DOC_UP},
	{ACT_DOWN, "down", MOVE, "j down", NULL, T_DOC_DOWN},
	{ACT_LEFT, "left", MOVE, "left", NULL, T_DOC_LEFT},
	{ACT_RIGHT, "right", MOVE, "right", NULL, T_DOC_RIGHT},
	{ACT_TOP, "top", MOVE, "g home", NULL, T_DOC_TOP},
	{ACT_BOTTOM, "bottom", MOVE, "G end", NULL, T_DOC_BOTTOM},
	{ACT_PAGE_UP, "page-up", MOVE, "pgup ctrl-b", NULL, T_DOC_PAGE_UP},
	{ACT_PAGE_DOWN, "page-down", MOVE, "pgdn ctrl-f", NULL, T_DOC_PAGE_DOWN},
	{ACT_HALF_UP, "half-up", MOVE, "ctrl-u", NULL, T_DOC_HALF_UP},
	{ACT_HALF_DOWN, "half-down", MOVE, "ctrl-d", NULL, T_DOC_HALF_DOWN},
	{ACT_OPEN, "open", SCOPE_OPEN, "enter", T_HINT_OPEN, T_DOC_OPEN},
	{ACT_BACK, "back", MOVE, "esc", NULL, T_DOC_BACK},
	{ACT_FILTER, "filter", SCOPE_TABLE, "/", T_HINT_FILTER, T_DOC_FILTER},
	{ACT_SEARCH, "search", SCOPE_TEXT, "/", T_HINT_SEARCH, T_DOC_SEARCH},
	{ACT_PALETTE, "command", MOVE, ":", T_HINT_PALETTE, T_DOC_PALETTE},
	{ACT_LOGS, "logs", SCOPE_LOGS, "l", T_HINT_LOGS, T_DOC_LOGS},
	{ACT_FOLLOW, "follow", SCOPE_LOG, "f", T_HINT_FOLLOW, T_DOC_FOLLOW},
	{ACT_NEXT, "next", SCOPE_TEXT, "n", T_HINT_NEXT, T_DOC_NEXT},
	{ACT_PREVIOUS, "previous", SCOPE_TEXT, "N", NULL, T_DOC_PREVIOUS},
	{ACT_WRAP, "wrap", SCOPE_LOG, "w", T_HINT_WRAP, T_DOC_WRAP},
	{ACT_RAW, "raw", SCOPE_LOG, "r", T_HINT_RAW, T_DOC_RAW},
	{ACT_ATTEMPT, "attempt", SCOPE_LOG, "p", T_HINT_ATTEMPT, T_DOC_ATTEMPT},
	{ACT_NEXT_TAB, "next-tab", SCOPE_TABS, "tab", T_HINT_TAB, T_DOC_NEXT_TAB},
	{ACT_PREV_TAB, "previous-tab", SCOPE_TABS, "shift-tab", NULL, T_DOC_PREV_TAB},
	{ACT_SUBMIT, "submit", SCOPE_MAKE, "n", T_HINT_SUBMIT, T_DOC_SUBMIT},
	{ACT_EDIT, "edit", SCOPE_EDIT, "e", T_HINT_EDIT, T_DOC_EDIT},
	{ACT_SET, "set", SCOPE_EDIT, "=", T_HINT_SET, T_DOC_SET},
	{ACT_WHY, "why", SCOPE_WHY, "X", T_HINT_WHY, T_DOC_WHY},
	/* Here come those of the kinds. */
	{ACT_CLONE, "clone", SCOPE_CLONE, "C", NULL, T_DOC_CLONE},
	{ACT_FAILURE, "failure", SCOPE_TABS, "E", T_HINT_FAILURE, T_DOC_FAILURE},
	{ACT_DESCRIBE, "describe", SCOPE_OBJECT, "d", NULL, T_DOC_DESCRIBE},
	{ACT_YAML, "yaml", SCOPE_OBJECT, "y", NULL, T_DOC_YAML},
	{ACT_EVENTS, "events", SCOPE_EVENTS, "v", NULL, T_DOC_EVENTS},
	{ACT_TRAIL, "trail", SCOPE_OBJECT, "A", NULL, T_DOC_TRAIL},
	{ACT_UNDO, "undo", MOVE, "u", NULL, T_DOC_UNDO},
	{ACT_SORT, "sort", SCOPE_TABLE, "S", NULL, T_DOC_SORT},
	{ACT_INVERT, "invert", SCOPE_TABLE, "I", NULL, T_DOC_INVERT},
	{ACT_WIDE, "wide", SCOPE_TABLE, "w", NULL, T_DOC_WIDE},
	{ACT_MARK, "mark", SCOPE_TABLE, "space", NULL, T_DOC_MARK},
	{ACT_MARK_RANGE, "mark-range", SCOPE_TABLE, "ctrl-space ctrl-@", NULL, T_DOC_MARK_RANGE},
	{ACT_MARK_CLEAR, "mark-clear", SCOPE_TABLE, "ctrl-\\", NULL, T_DOC_MARK_CLEAR},
	{ACT_COPY, "copy", MOVE, "c", NULL, T_DOC_COPY},
	{ACT_SAVE, "save", MOVE, "ctrl-s", NULL, T_DOC_SAVE},
	{ACT_REFRESH, "refresh", MOVE, "ctrl-r f5", NULL, T_DOC_REFRESH},
	{ACT_HISTORY_BACK, "history-back", MOVE, "[", NULL, T_DOC_HISTORY_BACK},
	{ACT_HISTORY_FORWARD, "history-forward", MOVE, "]", NULL, T_DOC_HISTORY_FORWARD},
	{ACT_LAST, "last", MOVE, "-", NULL, T_DOC_LAST},
	{ACT_REDRAW, "redraw", MOVE | SCOPE_FORM, "ctrl-l", NULL, T_DOC_REDRAW},
	{ACT_SUSPEND, "suspend", MOVE | SCOPE_FORM, "ctrl-z", NULL, T_DOC_SUSPEND},
	{ACT_HELP, "help", MOVE | SCOPE_FORM, "? f1", T_HINT_HELP, T_DOC_HELP},
	{ACT_QUIT, "quit", MOVE | SCOPE_FORM, "q ctrl-c", NULL, T_DOC_QUIT},
};

/* What scopes the screens have together: a conflict is two actions on a key in one of these. */
#define KIND (SCOPE_OBJECT | SCOPE_LOGS | SCOPE_EVENTS | SCOPE_CLONE | SCOPE_EDIT | SCOPE_WHY)
static const unsigned screens[] = {
	SCOPE_TABLE | SCOPE_OPEN | SCOPE_MAKE | KIND,
	SCOPE_TABLE | SCOPE_OPEN | SCOPE_TABS | KIND,
	SCOPE_TEXT | SCOPE_TABS | KIND,
	SCOPE_TEXT | SCOPE_LOG,
	SCOPE_FORM,
};

enum { MADE_AT = 28 }; /* where those of the kinds stand among ours */

const struct action_info *keymap_at(const struct keymap *m, size_t i)
{
	if (i < MADE_AT)
		return &own[i];
	if (i < MADE_AT + m->made_count)
		return &m->made[i - MADE_AT];
	i -= m->made_count;
	return i < ARRAY_SIZE(own) ? &own[i] : NULL;
}

const struct action_info *keymap_find(const struct keymap *m, const char *name)
{
	const struct action_info *info;

	for (size_t i = 0; (info = keymap_at(m, i)) != NULL; i++)
		if (strcmp(info->name, name) == 0)
			return info;
	return NULL;
}

static const struct action_info *info_of(const struct keymap *m, enum action a)
{
	const struct action_info *info;

	for (size_t i = 0; (info = keymap_at(m, i)) != NULL; i++)
		if (info->action == a)
			return info;
	return NULL;
}

/* Of an action that several kinds have the first one's key and words are taken. */
static void make_action(struct keymap *m, const struct kind_action *ka)
{
	char *keys;

	if (m->made_count == KEYMAP_MADE || keymap_find(m, ka->name))
		return;
	keys = m->made_keys[m->made_count];
	if (ka->key)
		snprintf(keys, sizeof m->made_keys[0], "%c%s", ka->key,
			strcmp(ka->method, "DELETE") == 0 ? " delete" : "");
	m->made[m->made_count] = (struct action_info){
		.action = (enum action)(ACT_COUNT + m->made_count),
		.name = ka->name,
		.scopes = SCOPE_OBJECT,
		.keys = keys,
		.hint = ka->name,
		.doc = ka->doc,
	};
	m->made_count++;
}

static bool is_made(const struct action_info *i)
{
	return i->action >= ACT_COUNT;
}

bool keymap_fits(const struct keymap *m, const struct action_info *i, unsigned scopes,
	const struct kind *k)
{
	(void)m;
	return (i->scopes & scopes) && (!is_made(i) || (k && kind_action_find(k, i->name)));
}

static bool add_key(struct keymap *m, enum action a, const char *name, struct err *e)
{
	uint32_t key;

	if (!key_parse(name, &key))
		return err_set(e, ERR_INVALID,
			"keys.%s: '%s' names no key: write one such as x, ctrl-x, f5 or space",
			info_of(m, a)->name, name);
	for (int i = 0; i < KEYMAP_KEYS; i++) {
		if (m->keys[a][i] != 0)
			continue;
		m->keys[a][i] = key;
		return true;
	}
	return err_set(e, ERR_INVALID, "keys.%s has more than %d keys: leave some out",
		info_of(m, a)->name, KEYMAP_KEYS);
}

static void add_standard(struct keymap *m, const struct action_info *info)
{
	char word[32];

	for (const char *s = info->keys; *s;) {
		size_t n = strcspn(s, " ");

		if (n < sizeof word) {
			memcpy(word, s, n);
			word[n] = '\0';
			add_key(m, info->action, word, NULL);
		}
		s += n + strspn(s + n, " ");
	}
}

static bool remap(struct keymap *m, const char *name, const json_t *keys, struct err *e)
{
	const struct action_info *info = keymap_find(m, name);

	if (!info)
		return err_set(e, ERR_INVALID,
			"keys.%.64s is not an action: see the names in the help screen", name);
	memset(m->keys[info->action], 0, sizeof m->keys[info->action]);
	if (json_is_string(keys) && json_string_length(keys) == 0)
		return true;
	if (json_is_string(keys))
		return add_key(m, info->action, json_string_value(keys), e);
	for (size_t i = 0; i < json_array_size(keys); i++) {
		const char *key = json_string_value(json_array_get(keys, i));

		if (!add_key(m, info->action, key ? key : "", e))
			return false;
	}
	return json_is_array(keys)
		? true
		: err_set(e, ERR_INVALID, "keys.%s must be a key or a list of keys", name);
}

static bool share_kind(const struct keymap *m, const struct action_info *a,
	const struct action_info *b)
{
	for (size_t i = 0; m->kinds[i]; i++)
		if (kind_action_find(m->kinds[i], a->name) &&
			kind_action_find(m->kinds[i], b->name))
			return true;
	return false;
}

static bool share_screen(const struct keymap *m, const struct action_info *a,
	const struct action_info *b)
{
	if (is_made(a) && is_made(b))
		return share_kind(m, a, b);
	for (size_t i = 0; i < ARRAY_SIZE(screens); i++)
		if ((a->scopes & screens[i]) && (b->scopes & screens[i]))
			return true;
	return false;
}

static bool has_key(const struct keymap *m, enum action a, uint32_t key)
{
	for (int i = 0; i < KEYMAP_KEYS; i++)
		if (key && m->keys[a][i] == key)
			return true;
	return false;
}

static bool check_pair(const struct keymap *m, const struct action_info *a,
	const struct action_info *b, struct err *e)
{
	for (int i = 0; i < KEYMAP_KEYS; i++) {
		uint32_t key = m->keys[a->action][i];
		struct buf name = BUF_INIT;

		if (!has_key(m, b->action, key))
			continue;
		key_name(key, &name);
		err_set(e, ERR_INVALID,
			"key %s does both '%s' and '%s': give one of them another key", name.data,
			a->name, b->name);
		buf_release(&name);
		return false;
	}
	return true;
}

static bool check_conflicts(const struct keymap *m, struct err *e)
{
	const struct action_info *a, *b;

	for (size_t i = 0; (a = keymap_at(m, i)) != NULL; i++)
		for (size_t j = i + 1; (b = keymap_at(m, j)) != NULL; j++)
			if (share_screen(m, a, b) && !check_pair(m, a, b, e))
				return false;
	return true;
}

bool keymap_init(struct keymap *m, const struct kind *const *kinds, const json_t *keys,
	struct err *e)
{
	struct keymap out = {.kinds = kinds};
	const char *name;
	json_t *value;

	for (size_t i = 0; kinds[i]; i++)
		for (size_t j = 0; j < kinds[i]->action_count; j++)
			make_action(&out, &kinds[i]->actions[j]);
	for (size_t i = 0; keymap_at(&out, i); i++)
		add_standard(&out, keymap_at(&out, i));
	if (keys && !json_is_object(keys))
		return err_set(e, ERR_INVALID, "keys must be a table of action names and keys");
	json_object_foreach((json_t *)keys, name, value) {
		if (!remap(&out, name, value, e))
			return false;
	}
	if (!check_conflicts(&out, e))
		return false;
	*m = out;
	for (size_t i = 0; i < m->made_count; i++)
		m->made[i].keys = m->made_keys[i];
	return true;
}

enum action keymap_action(const struct keymap *m, uint32_t key, unsigned scopes,
	const struct kind *k)
{
	const struct action_info *info;

	for (size_t i = 0; (info = keymap_at(m, i)) != NULL; i++)
		if (keymap_fits(m, info, scopes, k) && has_key(m, info->action, key))
			return info->action;
	return ACT_NONE;
}

void keymap_keys(const struct keymap *m, enum action a, struct buf *out)
{
	for (int i = 0; i < KEYMAP_KEYS && m->keys[a][i]; i++) {
		if (i)
			buf_addc(out, ' ');
		key_name(m->keys[a][i], out);
	}
}

void keymap_key(const struct keymap *m, enum action a, struct buf *out)
{
	if (m->keys[a][0])
		key_name(m->keys[a][0], out);
}
