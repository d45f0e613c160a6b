/*
 * The model that the parts of the dashboard share; private to src/ui. One struct app, no globals.
 */
#ifndef MLTOP_UI_PARTS_H
#define MLTOP_UI_PARTS_H

#include "core/kinds/event.h"
#include "core/kinds/job.h"
#include "core/kinds/quota.h"
#include "core/kinds/task.h"
#include "ui/app/app.h"
#include "ui/app/change.h"
#include "ui/app/conflict.h"
#include "ui/app/foresee.h"
#include "ui/app/undo.h"
#include "ui/kit/edit.h"
#include "ui/kit/keymap.h"
#include "ui/kit/layout.h"
#include "ui/kit/prompt.h"
#include "ui/app/screen.h"
#include "ui/kit/text.h"

enum {
	STACK_MAX = 8,
	HISTORY_MAX = 50,
	STALE_MS = 5000,     /* gone for so long: rows are dimmed */
	LONG_TEXT_ROWS = 6,  /* lines over the footer, at most */
	RTT_NEAR_MS = 10,    /* shorter round trips are all alike to a person */
	NAME_TYPED_GPUS = 8, /* from so many GPUs on, a delete or cancel wants a word typed */
	NAME_TYPED_JOBS = 5,
};

/* What the header counts, kept row by row. */
struct tally {
	int64_t run, wait;
	int64_t gpus;                 /* held by live jobs */
	int64_t util_sum, util_count; /* hundredths of a percent over the GPUs that tell */
	int64_t cpu_sum, cpu_count;
};

/* What takes the keys before the screen does. */
enum mode {
	MODE_NONE,
	MODE_FILTER,
	MODE_PALETTE,
	MODE_SEARCH,
	MODE_SAVE,
	MODE_SET,
	MODE_PROMPT,
	MODE_CONFLICT,
	MODE_PICK,
	MODE_POPUP,
};

struct app {
	struct app_options options; /* its texts and JSON are owned here */
	struct keymap keymap;
	json_t *remembered; /* what this and earlier runs remembered, by name */
	char *context, *org, *role, *user;
	char *folder; /* where mltop stands, on a platform that starts tasks there; "" elsewhere */
	char *tenant; /* org asked for: "" the key's own, an id, "-1" all */
	int cols, rows;
	int64_t now, mono;
	bool dirty, started, ended;
	bool seen; /* a frame was drawn since the newest key: the person saw what it did */

	enum link_state link;
	int64_t rtt_ms;     /* as the header shows it: a step of link_message; 0: not known */
	bool refused;       /* gone, and not tried again */
	int64_t gone_since; /* mono */
	char *link_text;    /* why it is gone */

	struct table home, quota; /* of the header; the home screen shows the first */
	bool quota_all;           /* the second is of all orgs: the key may see them */
	bool who_known;           /* the platform has said who we are, or will not */
	char *tenant_asked;       /* named before the orgs were known; NULL: none */
	struct tally tally;
	uint32_t next_sub;
	uint64_t next_id;

	struct view stack[STACK_MAX];
	int depth;
	char *history[HISTORY_MAX]; /* palette texts of what was open */
	int history_len, history_at;
	bool travelling; /* opening from history: not recorded again */

	enum mode mode;
	struct edit line; /* of filter, palette, search and save */
	char *line_error;
	char *filter_before;     /* what Esc in the filter bar gives back */
	int choice;              /* of the completions or the picker; -1: none */
	struct buf options_text; /* completions, NUL-separated */
	int option_count;
	struct prompt prompt;
	struct buf popup; /* lines of text over the body */
	char *popup_title;
	int popup_top;
	uint64_t why_id; /* request whose reply opens the popup */
	const struct kind *why_kind;

	struct changes proposed, changes;
	struct conflicts conflicts; /* edits that somebody else's came before */
	uint64_t next_batch, next_form;
	struct undo undo; /* of the newest change, where it went at once */

	enum foresee_can can_foresee;
	uint64_t can_foresee_id; /* of the request that asks */
	struct foresee foresee; /* what a->proposed would lead to: of the prompt, of the `=` line */
	struct buf set_lines;   /* of the `=` line: what it would change */

	char *select_uid; /* row to select as soon as it is there; NULL: none */

	char *notice;
	enum grid_role notice_role;
};

/* ---- app.c ---- */

void app_start(struct app *a, struct cmds *out); /* at the first message */

/* ---- model.c: what all parts ask and tell the model ---- */

struct view *app_top(const struct app *a);
struct layout app_layout(const struct app *a); /* of the frame as it is now */
struct layout app_layout_of(const struct app *a, int cols, int rows);
void app_notice(struct app *a, enum grid_role role, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void app_notice_clear(struct app *a);
/* What the org asked for is called: its name, the id where the name is not known, "all orgs". */
const char *app_tenant(const struct app *a);
/* The quota of that org; NULL: not known, or all orgs are shown. */
const struct quota *app_quota(const struct app *a);
/* Why nothing of that org may start just now, one word; "" where it may, or that is not known. */
const char *app_paused(const struct app *a);
uint32_t app_sub(struct app *a);
uint64_t app_id(struct app *a);
/* A GET whose reply comes to the top views' message(). */
uint64_t app_get(struct app *a, const char *path, struct cmds *out);
/* What stands folded over the footer: a notice that is too wide for it, or why the platform is gone. */
const char *app_long_text(const struct app *a, int width, enum grid_role *role);
/* Whether the sentence about the line that is typed has no room beside it. */
bool app_line_error_long(const struct app *a, int width);
bool app_stale(const struct app *a);
bool app_connected(const struct app *a);
void app_set_text(char **to, const char *from); /* sanitised copy; NULL is "" */
void app_remember(struct app *a, const char *screen, const char *what, const char *value,
	struct cmds *out);
const char *app_remembered(const struct app *a, const char *screen, const char *what);
/* The sentence of a reply that failed. Appends clean text. */
void reply_error(const struct msg *m, struct buf *out);

/* ---- actions.c, change.c: what a key does; leaving ---- */

void app_action(struct app *a, enum action act, struct cmds *out);
bool app_quit(struct app *a, struct cmds *out); /* asks when something is unsent */

/* ---- stack.c: which screens are open, and where one was ---- */

/* `s` NULL: there is no such screen, and nothing happens. */
void stack_open(struct app *a, const struct screen *s, const char *name, struct cmds *out);
/* The same for an object of `k`, on a screen for any kind. */
void stack_open_kind(struct app *a, const struct screen *s, const struct kind *k, const char *name,
	struct cmds *out);
/* The same for one of another org than that which is shown. */
void stack_open_of(struct app *a, const struct screen *s, const struct kind *k, const char *name,
	const char *org, struct cmds *out);
void stack_pop(struct app *a, struct cmds *out);
void stack_clear(struct app *a, struct cmds *out);
void history_go(struct app *a, int by, struct cmds *out);
void history_last(struct app *a, struct cmds *out);

/* ---- filterbar.c, palette.c, picker.c, popup.c: the modes ---- */

void line_open(struct app *a, enum mode mode, const char *text);
void mode_close(struct app *a);
void filterbar_open(struct app *a);
void filterbar_input(struct app *a, const struct msg *m, struct cmds *out);
void filterbar_draw(const struct app *a, struct grid *g, struct rect r);
void line_draw(const struct app *a, struct grid *g, struct rect r, const char *label);
void line_input(struct app *a, const struct msg *m, struct cmds *out); /* search, save */
void palette_open(struct app *a);
void palette_input(struct app *a, const struct msg *m, struct cmds *out);
void palette_draw(const struct app *a, struct grid *g, const struct layout *l);
/* Runs a palette text; false with `e` when it is none. */
bool palette_run(struct app *a, const char *text, struct cmds *out, struct err *e);
void picker_open(struct app *a);
void picker_input(struct app *a, const struct msg *m, struct cmds *out);
void picker_draw(const struct app *a, struct grid *g, struct rect body);
void box_draw(struct grid *g, struct rect r, const char *title);
/* Lines, each folded at the width, from the `skip`th on; returns how many there are. `g` NULL: no more. */
int lines_draw(struct grid *g, struct rect r, int skip, enum grid_role role, const char *lines);
void popup_open(struct app *a, const char *title);
void popup_input(struct app *a, const struct msg *m, struct cmds *out);
void popup_draw(const struct app *a, struct grid *g, struct rect body);
void options_draw(const struct app *a, struct grid *g, struct rect body, int bottom);
const char *option_at(const struct app *a, int i);
/* The next of the completions in place of the word before the cursor; false: there are none. */
bool option_next(struct app *a, int by);
/* Looks again for the org that was asked for before the orgs of the platform were known. */
void tenant_retry(struct app *a, struct cmds *out);

/* ---- set.c: rows changed where they stand, "gpu=8 cpu=64" ---- */

void set_open(struct app *a);
void set_input(struct app *a, const struct msg *m);
/* Says what the line as it is would change once nobody has typed for a moment. */
void set_tick(struct app *a);
void set_draw(const struct app *a, struct grid *g, struct rect body);

/* ---- tally.c: what the header counts, and asks for besides the rows of home ---- */

extern const struct screen header_quota; /* no screen to open: which fields of a quota it wants */
/* What a server says that a job has, as far as it can be: sums of more could overflow. */
int64_t gpus_believed(int64_t gpus);
void tally_job(void *ctx, const void *row, int sign);

/* ---- object.c: what actions are about ---- */

/* A row of some kind; `row` NULL: there is none. */
struct object {
	const struct kind *kind;
	const void *row;
};
/* The open object or the selected row; the kind is known also where there is no row. */
struct object app_object(const struct app *a);
struct object view_object(const struct view *v);
/* Its log says why it failed, and where. */
bool object_says_failure(struct object o);
/* enum scope: what the screen on top is, and what can be done with its object. */
unsigned app_scopes(const struct app *a);
unsigned view_scopes(const struct view *v);
/* Whether the key's role is at least that; where it is not known the platform decides. */
bool app_may(const struct app *a, unsigned least);
/* What requests call it: the uid where it is known, for a name may pass to another. */
const char *object_id(struct object o, const char *name);
/* The row that the person points at, where several have the name; else the first of that name. */
const void *app_row(const struct app *a, const struct kind *k, const char *name);
/* The org that requests about it must name; "" the key's own. `name` is what `o` is called. */
const char *app_org(const struct app *a, struct object o, const char *name);
/* That of an open object of this name, where it was opened as another org's; NULL: none is. */
const char *app_org_open(const struct app *a, const struct kind *k, const char *name);
/*
 * The path of an object: collection, encoded name, tail such as "/cancel", and its org where that
 * is not the key's own. Where `o` has no row the one of that name is looked for. The caller frees.
 */
char *object_path(const struct app *a, struct object o, const char *name, const char *tail);

/* ---- objevents.c: what happened to an object ---- */

extern const struct column event_columns[];
/* Asks for the events of an object; the reply with the id that is returned goes to events_take. */
uint64_t events_ask(struct app *a, struct object o, const char *name, struct cmds *out);
void events_take(struct table *t, const json_t *body);

/* ---- why.c: why an object is where it is, read again from the platform ---- */

void why_ask(struct app *a, struct object o, struct cmds *out);
void why_reply(struct app *a, const struct msg *m);

#endif
