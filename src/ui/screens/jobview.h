/* The state of the screen of one job, shared by its files. */
#ifndef MLTOP_UI_JOBVIEW_H
#define MLTOP_UI_JOBVIEW_H

#include "core/schema/series.h"
#include "ui/app/objdata.h"
#include "ui/screens/screens.h"
#include "ui/kit/curves.h"
#include "ui/kit/textpane.h"

enum tab { TAB_OVERVIEW, TAB_CHARTS, TAB_EVENTS, TAB_TASKS, TAB_OUTPUTS, TAB_SPEC, TAB_COUNT };

struct job_view {
	struct objdata data;
	uint64_t events_id, tasks_id;
	enum tab tab;
	struct textpane overview, spec;
	struct table events, tasks, outputs;
	uint64_t samples_id;
	bool samples_due; /* they are to be asked for, as soon as they are shown */
	struct series samples;
	struct curves curves;
	uint64_t names_id, curve_id; /* of the requests for them */
	int64_t curves_at;           /* when they were asked for last */
};

static inline const struct job *job_of(const struct job_view *v)
{
	return v->data.rec;
}

/* ---- job_charts.c ---- */

void job_charts_ask(struct job_view *v, struct app *a, const char *name, struct cmds *out);
/* True when what is on the screen changed by it. */
bool job_charts_message(struct job_view *v, const struct app *a, const struct msg *m);
void job_charts_draw(const struct job_view *v, struct grid *g, struct rect body);
/* A curve of a few cells; nothing where nothing is known. */
void job_charts_spark(const struct job_view *v, const char *field, bool ascii, struct buf *out);

/* ---- job_curves.c ---- */

void job_curves_ask(struct job_view *v, struct app *a, const char *name, struct cmds *out);
/* True when what is on the screen changed by it. */
bool job_curves_message(struct job_view *v, struct app *a, const char *name, const struct msg *m,
	struct cmds *out);
/* Chooses the curve; false: it is another action. */
bool job_curves_action(struct job_view *v, struct app *a, const char *name, enum action act,
	struct cmds *out);
bool job_curves_search(struct job_view *v, struct app *a, const char *name, const char *text,
	struct cmds *out);

/* Writes overview and spec anew from what is known now. */
void job_fill(struct job_view *v, const struct app *a);

#endif
