/*
 * What sending a form would lead to, asked of the platform a moment after the last key, and shown
 * before it is sent. A platform that does not know the question is not asked, and nothing is shown.
 */
#ifndef MLTOP_UI_FORM_FORESEE_H
#define MLTOP_UI_FORM_FORESEE_H

#include "ui/app/parts.h"
#include "ui/kit/form.h"

enum { FORESEE_AFTER_MS = 400, FORESEE_LINES = 2 };

struct foresee {
	enum { CAN_UNASKED, CAN_ASKED, CAN_DO, CAN_NOT } can;
	uint64_t id;   /* the request whose answer is wanted; 0: none, whatever comes late */
	int64_t due;   /* mono ms; 0: nothing is to be asked */
	char *says;    /* starts or waits, and what is over a limit; NULL: nothing to show */
	char *changes; /* used and limits, before and after */
	bool bad;      /* it waits, or somebody is over */
};

void foresee_release(struct foresee *f);
/* The form is other than what was asked about. */
void foresee_touched(struct foresee *f, const struct app *a);
/* Asks when it is time. `id`: what requests call the object that is changed; NULL: it is new. */
void foresee_tick(struct foresee *f, struct app *a, const struct form *form, const char *id,
	struct cmds *out);
/* True when the message was an answer to it. */
bool foresee_answer(struct foresee *f, const struct app *a, const struct kind *k,
	const struct msg *m);
/* At the bottom of `r`, which loses the lines. */
void foresee_draw(const struct foresee *f, struct grid *g, struct rect *r);

#endif
