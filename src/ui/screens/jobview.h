/* The state of the screen of one job, shared by its two files. */
#ifndef MLTOP_UI_JOBVIEW_H
#define MLTOP_UI_JOBVIEW_H

#include "ui/screens/jobdata.h"
#include "ui/kit/textpane.h"

enum tab { TAB_OVERVIEW, TAB_EVENTS, TAB_TASKS, TAB_SPEC, TAB_COUNT };

struct job_view {
	struct jobdata data;
	uint64_t events_id, tasks_id;
	enum tab tab;
	struct textpane overview, spec;
	struct table events, tasks;
};

/* Writes overview and spec anew from what is known now. */
void job_fill(struct job_view *v, const struct app *a);

#endif
