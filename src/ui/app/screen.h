/*
 * What a screen is: one file each, mostly a table of facts. A screen of rows fills in kind,
 * columns and sort and takes the rest from TABLE_SCREEN (tablescreen.c).
 */
#ifndef MLTOP_UI_SCREEN_H
#define MLTOP_UI_SCREEN_H

#include "ui/kit/keymap.h"
#include "ui/kit/msg.h"
#include "ui/kit/table.h"

struct app;
struct view;

struct screen {
	const char *name; /* the palette's word, the breadcrumb and what CMD_REMEMBER is named by */
	const char *doc;  /* one line for the palette and help */
	bool takes_name;  /* ":job NAME" */
	bool root;        /* stands on the bottom of the stack: ":quotas" */
	bool passing;     /* nobody goes back to it: not in the history */
	bool sets;        /* `=` changes its marked or selected rows where they stand */
	unsigned scopes;
	bool any_kind;           /* shows one object of whatever kind: the view says which */
	const struct kind *kind; /* of its rows, or of the one object that it shows; NULL: none */
	/* Screens of rows. */
	const struct column *columns;
	const char *sort;
	const char *fields;       /* wanted besides the columns' */
	const char *const *empty; /* lines that teach, NULL-ended */
	const struct kind *names; /* whose object it is opened for; NULL: of `kind` */
	/*
	 * Rows that no stream brings: asks for them (the id of the request), and makes them of its
	 * reply (the caller's). NULL: a subscription.
	 */
	uint64_t (*ask)(struct app *a, struct view *v, struct cmds *out);
	json_t *(*rows)(const struct kind *k, const json_t *body);

	/* All may be NULL. `open` makes v->state; `close` frees it and ends subscriptions. */
	void (*open)(struct app *a, struct view *v, struct cmds *out);
	void (*close)(struct app *a, struct view *v, struct cmds *out);
	void (*message)(struct app *a, struct view *v, const struct msg *m, struct cmds *out);
	/* Time has passed, of the view on top; `wake`: mono ms of when it wants that next, 0: never. */
	void (*tick)(struct app *a, struct view *v, struct cmds *out);
	int64_t (*wake)(const struct view *v);
	/* Keys and pastes before the key map sees them (text fields): true when taken. */
	bool (*input)(struct app *a, struct view *v, const struct msg *m, struct cmds *out);
	bool (*action)(struct app *a, struct view *v, enum action act, struct cmds *out);
	void (*mouse)(struct app *a, struct view *v, const struct msg *m, struct rect body,
		struct cmds *out);
	void (*draw)(const struct app *a, const struct view *v, struct grid *g, struct rect body);
	/* Appends what stands at the right of the second line. */
	void (*status)(const struct app *a, const struct view *v, struct buf *out);
	/* Appends what stands after the breadcrumb. */
	void (*crumb)(const struct app *a, const struct view *v, struct buf *out);
	unsigned (*scope)(const struct view *v); /* where it changes (tabs); else `scopes` */
	struct table *(*table)(
		const struct view *v); /* the one that filter, sort and marks act on */
	/* The object that is open, where the screen shows one; NULL: it is not here yet. */
	const void *(*object)(const struct view *v);
	/*
	 * The platform's answer to a change of that form; false when this view is another one. NULL:
	 * the person leaves what somebody else has made of the object meanwhile.
	 */
	bool (*answered)(struct app *a, struct view *v, uint64_t form, const struct msg *m,
		struct cmds *out);
	/* Whether what is typed now is a secret, which nobody keeps. NULL: never. */
	bool (*hides)(const struct view *v);
	/* A line was given to search for (text screens). */
	void (*search)(struct app *a, struct view *v, const char *text, struct cmds *out);
	/* Ctrl-S: `path` was given. */
	void (*save)(struct app *a, struct view *v, const char *path, struct cmds *out);
	/* Appends what `c` copies. */
	void (*copy)(const struct app *a, const struct view *v, struct buf *out);
};

/* A screen that is open. */
struct view {
	const struct screen *screen;
	const struct kind *kind; /* the screen's, or the one that it was opened for */
	char *name;              /* of the object it shows; "" for lists */
	char *org;               /* whose that object is; NULL: of the org that is shown */
	void *state;             /* the screen's own */
};

/* NULL: the app was given none of that name. */
const struct screen *screen_find(const struct app *a, const char *name);

/* ---- tablescreen.c ---- */

void tablescreen_open(struct app *a, struct view *v, struct cmds *out);
/* All of a row over the list, below the sentence (NULL: none): what has no screen of its own. */
void tablescreen_show(struct app *a, const struct table *t, const struct entry *e,
	const char *sentence);
void tablescreen_close(struct app *a, struct view *v, struct cmds *out);
void tablescreen_message(struct app *a, struct view *v, const struct msg *m, struct cmds *out);
bool tablescreen_action(struct app *a, struct view *v, enum action act, struct cmds *out);
void tablescreen_mouse(struct app *a, struct view *v, const struct msg *m, struct rect body,
	struct cmds *out);
void tablescreen_draw(const struct app *a, const struct view *v, struct grid *g, struct rect body);
void tablescreen_status(const struct app *a, const struct view *v, struct buf *out);
void tablescreen_crumb(const struct app *a, const struct view *v, struct buf *out);
struct table *tablescreen_table(const struct view *v);
void tablescreen_save(struct app *a, struct view *v, const char *path, struct cmds *out);
void tablescreen_copy(const struct app *a, const struct view *v, struct buf *out);
#define TABLE_SCREEN TABLE_SCREEN_BUT_ACTION, .action = tablescreen_action
/* For one that has an `action` of its own, which gives to tablescreen_action what is not its own. */
#define TABLE_SCREEN_BUT_ACTION                                                               \
	.open = tablescreen_open, .close = tablescreen_close, .message = tablescreen_message, \
	.mouse = tablescreen_mouse, .draw = tablescreen_draw, .status = tablescreen_status,   \
	.crumb = tablescreen_crumb, .table = tablescreen_table, .save = tablescreen_save,     \
	.copy = tablescreen_copy

/* Parts of the above for screens that have a table and more; fields and order: tablefields.c. */
void table_open_remembered(const struct app *a, struct table *t, const struct screen *s);
/* The order that is remembered for the context that there is now. */
void table_recall_sort(const struct app *a, struct table *t, const struct screen *s);
/* The person chose the order: it is remembered, and its field asked for. */
void table_sorted(struct app *a, struct table *t, const struct screen *s, struct cmds *out);
/* (Re)subscribes when a field is wanted that has not been asked for; always when `again`. */
void table_subscribe(struct app *a, struct table *t, const struct screen *s, bool again,
	struct cmds *out);
/* Always, and for another org than the one that is shown: "" the key's own, "-1" all. */
void table_subscribe_org(struct app *a, struct table *t, const struct screen *s, const char *org,
	struct cmds *out);
/* A platform that is older refused a field: again without; false when `refusal` is another error. */
bool table_ask_less(struct app *a, struct table *t, const char *refusal, struct cmds *out);
void table_unsubscribe(struct table *t, struct cmds *out);
/* The reply with the rows, made by `rows`; or why there are none. */
void table_reply(struct table *t, const struct msg *m,
	json_t *(*rows)(const struct kind *k, const json_t *body));
/* A message of its subscription changes the table; true when it was one. */
bool table_message(struct app *a, struct table *t, const struct msg *m, struct cmds *out);
/* Moves, marks, sort, wide: true when the action was one. */
bool table_action(struct app *a, struct table *t, enum action act, int page);
void table_mouse(struct app *a, struct table *t, const struct msg *m, struct rect body,
	struct cmds *out);
void table_body(const struct app *a, struct table *t, const char *const *empty, struct grid *g,
	struct rect body);
/* How many rows, and the order where its column is off the screen. */
void table_status(const struct app *a, struct table *t, struct buf *out);

#endif
