/* What sending a form would lead to, shown at its bottom (ui/app/foresee.h). */
#ifndef MLTOP_UI_FORM_FORESEE_H
#define MLTOP_UI_FORM_FORESEE_H

#include "ui/app/parts.h"
#include "ui/kit/form.h"

/* Asks when it is time. `id`: what requests call the object that is changed; NULL: it is new. */
void form_foresee_tick(struct foresee *f, struct app *a, const struct form *form, const char *id,
	struct cmds *out);
/* At the bottom of `r`, which loses the lines. */
void form_foresee_draw(const struct foresee *f, struct grid *g, struct rect *r);

#endif
