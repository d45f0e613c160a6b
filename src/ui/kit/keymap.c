#include "ui/kit/keymap.h"

#include "base/mem.h"
#include "ui/kit/keys.h"
#include "ui/kit/text.h"

#include <string.h>

#define MOVE (SCOPE_ANY)
#define JOBS (SCOPE_JOBS | SCOPE_JOB)

/* In the order of help. A key may stand twice only where the scopes share no screen. */
const struct action_info actions[] = {
	{ACT_UP, "up", MOVE, "k up", NULL, T_DOC_UP, false},
	{ACT_DOWN, "down", MOVE, "j down", NULL, T_DOC_DOWN, false},
	{ACT_LEFT, "left", MOVE, "left", NULL, T_DOC_LEFT, false},
	{ACT_RIGHT, "right", MOVE, "right", NULL, T_DOC_RIGHT, false},
	{ACT_TOP, "top", MOVE, "g home", NULL, T_DOC_TOP, false},
	{ACT_BOTTOM, "bottom", MOVE, "G end", NULL, T_DOC_BOTTOM, false},
	{ACT_PAGE_UP, "page-up", MOVE, "pgup ctrl-b", NULL, T_DOC_PAGE_UP, false},
	{ACT_PAGE_DOWN, "page-down", MOVE, "pgdn ctrl-f", NULL, T_DOC_PAGE_DOWN, false},
	{ACT_HALF_UP, "half-up", MOVE, "ctrl-u", NULL, T_DOC_HALF_UP, false},
	{ACT_HALF_DOWN, "half-down", MOVE, "ctrl-d", NULL, T_DOC_HALF_DOWN, false},
	{ACT_OPEN, "open", SCOPE_JOBS | SCOPE_TASKS | SCOPE_EVENTS, "enter", T_HINT_OPEN,
		T_DOC_OPEN, false},
	{ACT_BACK, "back", MOVE, "esc", NULL, T_DOC_BACK, false},
	{ACT_FILTER, "filter", SCOPE_TABLE, "/", T_HINT_FILTER, T_DOC_FILTER, false},
	{ACT_SEARCH, "search", SCOPE_TEXT, "/", T_HINT_SEARCH, T_DOC_SEARCH, false},
	{ACT_PALETTE, "command", MOVE, ":", T_HINT_PALETTE, T_DOC_PALETTE, false},
	{ACT_LOGS, "logs", JOBS | SCOPE_TASKS, "l", T_HINT_LOGS, T_DOC_LOGS, false},
	{ACT_FOLLOW, "follow", SCOPE_LOG, "f", T_HINT_FOLLOW, T_DOC_FOLLOW, false},
	{ACT_NEXT, "next", SCOPE_TEXT, "n", T_HINT_NEXT, T_DOC_NEXT, false},
	{ACT_PREVIOUS, "previous", SCOPE_TEXT, "N", NULL, T_DOC_PREVIOUS, false},
	{ACT_WRAP, "wrap", SCOPE_LOG, "w", T_HINT_WRAP, T_DOC_WRAP, false},
	{ACT_RAW, "raw", SCOPE_LOG, "r", T_HINT_RAW, T_DOC_RAW, false},
	{ACT_ATTEMPT, "attempt", SCOPE_LOG, "p", T_HINT_ATTEMPT, T_DOC_ATTEMPT, false},
	{ACT_NEXT_TAB, "next-tab", SCOPE_TABS, "tab", T_HINT_TAB, T_DOC_NEXT_TAB, false},
	{ACT_PREV_TAB, "previous-tab", SCOPE_TABS, "shift-tab", NULL, T_DOC_PREV_TAB, false},
	{ACT_SUBMIT, "submit", SCOPE_JOBS, "n", T_HINT_SUBMIT, T_DOC_SUBMIT, true},
	{ACT_CANCEL, "cancel", JOBS, "x", T_HINT_CANCEL, T_DOC_CANCEL, true},
	{ACT_WHY, "why", JOBS, "X", T_HINT_WHY, T_DOC_WHY, false},
	{ACT_RETRY, "retry", JOBS, "R", NULL, T_DOC_RETRY, true},
	{ACT_CLONE, "clone", JOBS, "C", NULL, T_DOC_CLONE, true},
	{ACT_DELETE, "delete", JOBS, "D delete", NULL, T_DOC_DELETE, true},
	{ACT_DESCRIBE, "describe", SCOPE_JOBS, "d", NULL, T_DOC_DESCRIBE, false},
	{ACT_EVENTS, "events", SCOPE_JOBS, "v", NULL, T_DOC_EVENTS, false},
	{ACT_UNDO, "undo", MOVE, "u", NULL, T_DOC_UNDO, false},
	{ACT_SORT, "sort", SCOPE_TABLE, "S", NULL, T_DOC_SORT, false},
	{ACT_INVERT, "invert", SCOPE_TABLE, "I", NULL, T_DOC_INVERT, false},
	{ACT_WIDE, "wide", SCOPE_TABLE, "w", NULL, T_DOC_WIDE, false},
	{ACT_MARK, "mark", SCOPE_TABLE, "space", NULL, T_DOC_MARK, false},
	{ACT_MARK_RANGE, "mark-range", SCOPE_TABLE, "ctrl-space ctrl-@", NULL, T_DOC_MARK_RANGE,
		false},
	{ACT_MARK_CLEAR, "mark-clear", SCOPE_TABLE, "ctrl-\\", NULL, T_DOC_MARK_CLEAR, false},
	{ACT_COPY, "copy", MOVE, "c", NULL, T_DOC_COPY, false},
	{ACT_SAVE, "save", MOVE, "ctrl-s", NULL, T_DOC_SAVE, false},
	{ACT_REFRESH, "refresh", MOVE, "ctrl-r f5", NULL, T_DOC_REFRESH, false},
	{ACT_HISTORY_BACK, "history-back", MOVE, "[", NULL, T_DOC_HISTORY_BACK, false},
	{ACT_HISTORY_FORWARD, "history-forward", MOVE, "]", NULL, T_DOC_HISTORY_FORWARD, false},
	{ACT_LAST, "last", MOVE, "-", NULL, T_DOC_LAST, false},
	{ACT_REDRAW, "redraw", MOVE | SCOPE_FORM, "ctrl-l", NULL, T_DOC_REDRAW, false},
	{ACT_SUSPEND, "suspend", MOVE | SCOPE_FORM, "ctrl-z", NULL, T_DOC_SUSPEND, false},
	{ACT_HELP, "help", MOVE | SCOPE_FORM, "? f1", T_HINT_HELP, T_DOC_HELP, false},
	{ACT_QUIT, "quit", MOVE | SCOPE_FORM, "q ctrl-c", NULL, T_DOC_QUIT, false},
	{ACT_NONE, NULL, 0, NULL, NULL, NULL, false},
};

/* What scopes the screens have together: a conflict is two actions on a key in one of these. */
static const unsigned screens[] = {
	SCOPE_TABLE | SCOPE_JOBS,
	SCOPE_TABLE | SCOPE_EVENTS,
	SCOPE_TABLE | SCOPE_TASKS | SCOPE_JOB | SCOPE_TABS,
	SCOPE_TEXT | SCOPE_JOB | SCOPE_TABS,
	SCOPE_TEXT | SCOPE_LOG,
	SCOPE_FORM,
};

const struct action_info *action_find(const char *name)
{
	for (const struct action_info *i = actions; i->name; i++)
		if (strcmp(i->name, name) == 0)
			return i;
	return NULL;
}

const struct action_info *action_info(enum action a)
{
	for (const struct action_info *i = actions; i->name; i++)
		if (i->action == a)
			return i;
	return NULL;
}

static bool add_key(struct keymap *m, enum action a, const char *name, struct err *e)
{
	uint32_t key;

	if (!key_parse(name, &key))
		return err_set(e, ERR_INVALID,
			"keys.%s: '%s' names no key: write one such as x, ctrl-x, f5 or space",
			action_info(a)->name, name);
	for (int i = 0; i < KEYMAP_KEYS; i++) {
		if (m->keys[a][i] != 0)
			continue;
		m->keys[a][i] = key;
		return true;
	}
	return err_set(e, ERR_INVALID, "keys.%s has more than %d keys: leave some out",
		action_info(a)->name, KEYMAP_KEYS);
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
	const struct action_info *info = action_find(name);

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

static bool share_screen(const struct action_info *a, const struct action_info *b)
{
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
	for (const struct action_info *a = actions; a->name; a++)
		for (const struct action_info *b = a + 1; b->name; b++)
			if (share_screen(a, b) && !check_pair(m, a, b, e))
				return false;
	return true;
}

bool keymap_init(struct keymap *m, const json_t *keys, struct err *e)
{
	struct keymap out = {0};
	const char *name;
	json_t *value;

	for (const struct action_info *i = actions; i->name; i++)
		add_standard(&out, i);
	if (keys && !json_is_object(keys))
		return err_set(e, ERR_INVALID, "keys must be a table of action names and keys");
	json_object_foreach((json_t *)keys, name, value) {
		if (!remap(&out, name, value, e))
			return false;
	}
	if (!check_conflicts(&out, e))
		return false;
	*m = out;
	return true;
}

enum action keymap_action(const struct keymap *m, uint32_t key, unsigned scopes)
{
	for (const struct action_info *i = actions; i->name; i++)
		if ((i->scopes & scopes) && has_key(m, i->action, key))
			return i->action;
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
