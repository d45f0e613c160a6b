/* The screens of the dashboard, one file each; screens.c has the list that app_new is given. */
#ifndef MLTOP_UI_SCREENS_H
#define MLTOP_UI_SCREENS_H

#include "ui/app/parts.h"

extern const struct screen *const dashboard_screens[]; /* NULL-ended */

extern const struct screen scr_jobs, scr_job, scr_log, scr_quotas, scr_events, scr_help, scr_form,
	scr_describe, scr_yaml, scr_history, scr_edit;

/* log.c: of a task ("" the job's first) and an attempt (0 the newest) of the job of that name. */
void log_open(struct app *a, const char *job, const char *task, int64_t attempt, struct cmds *out);

#endif
