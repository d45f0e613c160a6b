/*
 * Which key does what, where: one table. Help, hints, remapping and dispatch all read it, so that
 * no screen can have a key that help does not know.
 */
#ifndef MLTOP_UI_KEYMAP_H
#define MLTOP_UI_KEYMAP_H

#include "base/buf.h"
#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where an action has a meaning; a screen says which of these it is. */
enum scope {
	SCOPE_TABLE = 1,  /* rows: filter, sort, marks */
	SCOPE_TEXT = 2,   /* lines: search */
	SCOPE_LOG = 4,    /* a log */
	SCOPE_JOBS = 8,   /* the selected rows are jobs */
	SCOPE_JOB = 16,   /* one job is open */
	SCOPE_TASKS = 32, /* the selected row is a task */
	SCOPE_TABS = 64,
	SCOPE_FORM = 128,
	SCOPE_EVENTS = 256,     /* the selected row is an event of some job */
	SCOPE_ANY = 511 & ~128, /* all but forms, where letters are text */
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
	ACT_EVENTS,
	ACT_WHY,
	ACT_SUBMIT,
	ACT_CLONE,
	ACT_CANCEL,
	ACT_DELETE,
	ACT_RETRY,
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
	ACT_COUNT,
};

struct action_info {
	enum action action;
	const char *name; /* in the person's key map and the palette: "cancel" */
	unsigned scopes;
	const char *keys; /* standard keys, divided by blanks */
	const char *hint; /* one or two words for the last line; NULL: not shown there */
	const char *doc;  /* a line for help */
	bool asks;        /* changes something: opens a prompt first */
};
extern const struct action_info actions[]; /* ends with ACT_NONE */
const struct action_info *action_find(const char *name);
const struct action_info *action_info(enum action a);

enum { KEYMAP_KEYS = 4 }; /* keys of an action at most */

struct keymap {
	uint32_t keys[ACT_COUNT][KEYMAP_KEYS]; /* 0: none */
};

/*
 * The standard keys, then the person's: {"cancel": "x", "help": ["?", "f1"]}; an empty text takes
 * the action's keys away. Errors: an action or key that is not known, two actions of one screen on
 * the same key. `keys` may be NULL.
 */
bool keymap_init(struct keymap *m, const json_t *keys, struct err *e);
enum action keymap_action(const struct keymap *m, uint32_t key, unsigned scopes);
/* Appends the keys of an action: "x" or "delete D"; "" when it has none. */
void keymap_keys(const struct keymap *m, enum action a, struct buf *out);
/* Appends the first of them. */
void keymap_key(const struct keymap *m, enum action a, struct buf *out);

#endif
