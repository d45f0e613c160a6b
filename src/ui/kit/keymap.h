/*
 * Which key does what, where: one table of our own, and the actions of the kinds (schema.h). Help,
 * hints, remapping and dispatch all read it, so that no screen can have a key that help does not
 * know.
 */
#ifndef MLTOP_UI_KEYMAP_H
#define MLTOP_UI_KEYMAP_H

#include "base/buf.h"
#include "base/err.h"
#include "core/schema/schema.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where an action has a meaning: what a screen is, and what the kind of its object can do. */
enum scope {
	SCOPE_TABLE = 1, /* rows: filter, sort, marks */
	SCOPE_TEXT = 2,  /* lines: search */
	SCOPE_LOG = 4,   /* a log */
	SCOPE_TABS = 8,
	SCOPE_FORM = 16,
	SCOPE_OPEN = 32,   /* Enter opens the row */
	SCOPE_OBJECT = 64, /* an object is selected or open */
	SCOPE_LOGS = 128,  /* ... of a kind with logs, and so on */
	SCOPE_EVENTS = 256,
	SCOPE_MAKE = 512,
	SCOPE_CLONE = 1024,
	SCOPE_EDIT = 2048,
	SCOPE_WHY = 4096,
	SCOPE_ANY = 8191 & ~SCOPE_FORM, /* all but forms, where letters are text */
};

enum action {
	ACT_NONE,
	ACT_UP,
	ACT_DOWN,
	ACT_LEFT,
	ACT_RIGHT,
	ACT_TOP,
	ACT_BOTTOM,
	ACT_PAGE_UP,
	ACT_PAGE_DOWN,
	ACT_HALF_UP,
	ACT_HALF_DOWN,
	ACT_OPEN,
	ACT_BACK,
	ACT_NEXT_TAB,
	ACT_PREV_TAB,
	ACT_FILTER,
	ACT_SORT,
	ACT_INVERT,
	ACT_WIDE,
	ACT_MARK,
	ACT_MARK_RANGE,
	ACT_MARK_CLEAR,
	ACT_LOGS,
	ACT_DESCRIBE,
	ACT_YAML,
	ACT_EVENTS,
	ACT_TRAIL,
	ACT_WHY,
	ACT_FAILURE,
	ACT_SUBMIT,
	ACT_CLONE,
	ACT_EDIT,
	ACT_SET,
	ACT_UNDO,
	ACT_SEARCH,
	ACT_NEXT,
	ACT_PREVIOUS,
	ACT_FOLLOW,
	ACT_WRAP,
	ACT_RAW,
	ACT_ATTEMPT,
	ACT_COPY,
	ACT_SAVE,
	ACT_REFRESH,
	ACT_PALETTE,
	ACT_HELP,
	ACT_HISTORY_BACK,
	ACT_HISTORY_FORWARD,
	ACT_LAST,
	ACT_REDRAW,
	ACT_SUSPEND,
	ACT_QUIT,
	ACT_COUNT, /* from here on: actions of kinds */
};

struct action_info {
	enum action action;
	const char *name; /* in the person's key map and the palette: "cancel" */
	unsigned scopes;
	const char *keys; /* standard keys, divided by blanks */
	const char *hint; /* one or two words for the last line; NULL: not shown there */
	const char *doc;  /* a line for help */
};

enum { KEYMAP_KEYS = 4, KEYMAP_MADE = 24 }; /* keys of an action, actions of kinds, at most */

struct keymap {
	const struct kind *const *kinds;
	struct action_info made[KEYMAP_MADE]; /* of the kinds, each name once */
	char made_keys[KEYMAP_MADE][16];
	size_t made_count;
	uint32_t keys[ACT_COUNT + KEYMAP_MADE][KEYMAP_KEYS]; /* 0: none */
};

/* All of them in the order of help; NULL behind the last. */
const struct action_info *keymap_at(const struct keymap *m, size_t i);
const struct action_info *keymap_find(const struct keymap *m, const char *name); /* NULL: none */

/*
 * The standard keys, then the person's: {"cancel": "x", "help": ["?", "f1"]}; an empty text takes
 * the action's keys away. Errors: an action or key that is not known, two actions of one screen on
 * the same key. `keys` may be NULL; `kinds` is NULL-ended and borrowed.
 */
bool keymap_init(struct keymap *m, const struct kind *const *kinds, const json_t *keys,
	struct err *e);
/* `k` is the kind of the object that actions are about; NULL: there is none. */
enum action keymap_action(const struct keymap *m, uint32_t key, unsigned scopes,
	const struct kind *k);
/* Whether the action has a meaning there. */
bool keymap_fits(const struct keymap *m, const struct action_info *i, unsigned scopes,
	const struct kind *k);
/* Appends the keys of an action: "x" or "delete D"; "" when it has none. */
void keymap_keys(const struct keymap *m, enum action a, struct buf *out);
/* Appends the first of them. */
void keymap_key(const struct keymap *m, enum action a, struct buf *out);

#endif
