/*
 * The dashboard as three pure functions over a model: update, view, layout (layout.h). Pure means:
 * reads nothing but its arguments; the clock arrives in messages.
 */
#ifndef MLTOP_UI_APP_H
#define MLTOP_UI_APP_H

#include "ui/kit/grid.h"
#include "ui/kit/msg.h"

struct app;
struct screen;

struct app_options {
	/* NULL-ended, borrowed. The first is home, whose rows the header counts on all screens. */
	const struct screen *const *screens;
	bool ascii;          /* no UTF-8: ASCII glyphs */
	bool braille;        /* its font has braille; else curves are blocks */
	bool linear;         /* reserved for --a11y */
	const char *context; /* what the header shows before the server has answered */
	const char *first;   /* palette text run at start: "jobs state=running"; NULL: jobs */
	const json_t *
		remembered; /* what CMD_REMEMBER kept: {"prod-a/jobs.sort": "age", ...}; may be NULL */
	const json_t *keys; /* {"cancel": "x", ...} from the person's config; may be NULL */
	int64_t grace_ms;   /* undo time of a change before it is sent; 0: at once (tests) */
};

struct app *app_new(const struct app_options *options,
	struct err *e); /* conflicts in keys are errors */
void app_free(struct app *a);
/* Changes the model in place and appends commands. Never blocks, never draws. */
void app_update(struct app *a, const struct msg *m, struct cmds *out);
/* Draws everything onto g, whose size is the terminal's. */
void app_view(const struct app *a, struct grid *g);
/* True when the last update changed something that the view shows. */
bool app_dirty(const struct app *a);
/* What is typed now goes into a field that is not shown: whoever keeps keys, keeps none of these. */
bool app_hides_input(const struct app *a);
void app_drawn(struct app *a);
/* Wall ms when a tick is wanted next (ages, grace times, stale marks); 0: none. */
int64_t app_wake(const struct app *a);
/* Whether leaving now would lose something that was asked for and not yet sent. */
bool app_unsent(const struct app *a);

#endif
