/*
 * One job as a whole: fetched by name, kept fresh by the rows that the job list receives anyway.
 */
#ifndef MLTOP_UI_JOBDATA_H
#define MLTOP_UI_JOBDATA_H

#include "ui/screens/screens.h"

struct jobdata {
	struct job job;
	struct arena text;
	bool known;
	uint64_t id; /* of the request on its way; 0: none */
	char *error; /* clean; NULL: none */
};

void jobdata_release(struct jobdata *d);
void jobdata_ask(struct jobdata *d, struct app *a, const char *name, struct cmds *out);
/* True when the job changed; *life when its state or attempt did. */
bool jobdata_message(struct jobdata *d, const struct app *a, const struct msg *m, bool *life);

#endif
