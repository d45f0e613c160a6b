/* The state of the screen of one job, shared by its two files. */
#ifndef MLTOP_UI_JOBVIEW_H
#define MLTOP_UI_JOBVIEW_H

#include "ui/app/objdata.h"
#include "ui/screens/screens.h"
#include "ui/kit/textpane.h"

enum tab { TAB_OVERVIEW, TAB_EVENTS, TAB_TASKS, TAB_OUTPUTS, TAB_SPEC, TAB_COUNT };

struct job_view {
	struct objdata data;
	uint64_t events_id, tasks_id;
	enum tab tab;
	struct textpane overview, spec;
	struct table events, tasks, outputs;
};

static inline const struct job *job_of(const struct job_view *v)
{
	return v->data.rec;
}

/* Writes overview and spec anew from what is known now. */
void job_fill(struct job_view *v, const struct app *a);

#endif
