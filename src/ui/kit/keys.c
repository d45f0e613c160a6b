#include "ui/kit/keys.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "base/utf8_table.h"
#include "ui/kit/msg.h"

#include <string.h>
#include <strings.h>

static const struct {
	const char *name;
	uint32_t key;
} names[] = {
	{"up", K_UP},
	{"down", K_DOWN},
	{"left", K_LEFT},
	{"right", K_RIGHT},
	{"home", K_HOME},
	{"end", K_END},
	{"pgup", K_PGUP},
	{"pgdn", K_PGDN},
	{"insert", K_INSERT},
	{"delete", K_DELETE},
	{"backspace", K_BACKSPACE},
	{"tab", K_TAB},
	{"shift-tab", K_BACKTAB},
	{"enter", K_ENTER},
	{"esc", K_ESC},
	{"f1", K_F1},
	{"f2", K_F2},
	{"f3", K_F3},
	{"f4", K_F4},
	{"f5", K_F5},
	{"f6", K_F6},
	{"f7", K_F7},
	{"f8", K_F8},
	{"f9", K_F9},
	{"f10", K_F10},
	{"f11", K_F11},
	{"f12", K_F12},
	{"space", ' '},
};

static const struct {
	const char *name;
	uint32_t bit;
} modifiers[] = {{"ctrl-", K_CTRL}, {"alt-", K_ALT}, {"shift-", K_SHIFT}};

void key_name(uint32_t key, struct buf *out)
{
	uint32_t code = key & KEY_CODE_MASK;

	for (size_t i = 0; i < ARRAY_SIZE(modifiers); i++)
		if (key & modifiers[i].bit)
			buf_adds(out, modifiers[i].name);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (names[i].key != code)
			continue;
		buf_adds(out, names[i].name);
		return;
	}
	char bytes[UTF8_MAX];

	buf_add(out, bytes, utf8_encode(code < KEY_CODE_BASE ? code : UTF8_REPLACEMENT, bytes));
}

static bool parse_code(const char *text, uint32_t *code)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcasecmp(text, names[i].name) != 0)
			continue;
		*code = names[i].key;
		return true;
	}
	uint32_t cp;
	bool valid;
	size_t len = strlen(text);

	if (len == 0 || utf8_decode(text, len, &cp, &valid, NULL) != len || !valid || cp < 0x20)
		return false;
	*code = cp;
	return true;
}

bool key_parse(const char *text, uint32_t *key)
{
	uint32_t bits = 0, code;

	for (bool again = true; again;) {
		again = false;
		if (parse_code(text, &code)) {
			*key = bits | code;
			return true;
		}
		for (size_t i = 0; i < ARRAY_SIZE(modifiers) && !again; i++) {
			size_t n = strlen(modifiers[i].name);

			if (strncasecmp(text, modifiers[i].name, n) != 0 ||
				(bits & modifiers[i].bit))
				continue;
			bits |= modifiers[i].bit;
			text += n;
			again = true;
		}
	}
	return false;
}

bool key_is_text(uint32_t key)
{
	if (key >= KEY_CODE_BASE || key < 0x20 || (key >= 0x7F && key < 0xA0))
		return false;
	enum utf8_kind kind = utf8_kind(key);

	return kind == UTF8_NARROW || kind == UTF8_WIDE || kind == UTF8_MARK;
}
