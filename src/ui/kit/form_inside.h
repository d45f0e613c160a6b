/* What the two files of the form share. */
#ifndef MLTOP_UI_FORM_INSIDE_H
#define MLTOP_UI_FORM_INSIDE_H

#include "ui/kit/form.h"

/* The n-th line of the form as it is folded now; false behind the last. */
bool form_place_at(const struct form *f, int n, struct form_place *out);
int form_line_of(const struct form *f, struct form_place p);
struct formfield *form_focused(struct form *f); /* NULL: the cursor is on none */

#endif
