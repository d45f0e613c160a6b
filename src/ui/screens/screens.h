/* The screens of the dashboard, one file each; screens.c has the list that app_new is given. */
#ifndef MLTOP_UI_SCREENS_H
#define MLTOP_UI_SCREENS_H

#include "ui/app/parts.h"

extern const struct screen *const dashboard_screens[]; /* NULL-ended */

enum { KIND_SCREENS_MAX = 24, SCREENS_MAX = 48 };

/* kinds.c: a screen made from a kind. */
struct kind_screen {
	struct screen screen;
	struct column columns[16];
	char names[256], fields[80];
};
/* All of the dashboard: those above, and one for each kind that has a list and none of its own. */
struct kind_screens {
	struct kind_screen made[KIND_SCREENS_MAX];
	const struct screen *all[SCREENS_MAX];
};
/* NULL-ended; good as long as `s` stays where it is. */
const struct screen *const *kind_screens(struct kind_screens *s);

extern const struct screen scr_jobs, scr_job, scr_log, scr_quotas, scr_keys, scr_secrets,
	scr_events, scr_help, scr_form, scr_describe, scr_yaml, scr_history, scr_edit, scr_gpus,
	scr_nodes;

/* audit.c, orgs.c */
extern const struct screen scr_audit, scr_trail, scr_orgs;

/* usage.c */
extern const struct screen scr_usage, scr_usage_day;

/* lists.c */
extern const struct screen scr_contexts, scr_outputs;
extern const struct column output_columns[];
extern const char *const no_outputs[];
uint64_t outputs_ask(struct app *a, const char *job, struct cmds *out);
/* log.c: of a task ("" the job's first) and an attempt (0 the newest) of the job of that name. */
void log_open(struct app *a, const char *job, const char *task, int64_t attempt, struct cmds *out);
/* The same at the line with the byte at `offset`, which is marked. */
void log_open_at(struct app *a, const char *job, const char *task, int64_t attempt, uint64_t offset,
	struct cmds *out);

#endif
