/*
 * What a form sends. A new object, and a change that harms nothing, goes at once: `u` takes it back
 * for a while (ui/app/undo.h). What may harm is asked for in a prompt.
 */
#ifndef MLTOP_UI_FORM_SEND_H
#define MLTOP_UI_FORM_SEND_H

#include "ui/app/parts.h"

/* `form` gets the answer. `rec` is of `k`: what was given. */
void form_send_new(struct app *a, uint64_t form, const struct kind *k, const void *rec,
	struct cmds *out);
/*
 * What differs between `before` (NULL: not known) and `rec`, which loses the rest; a notice where
 * nothing does. `id` is what requests call the object, `name` what people do.
 */
void form_send_edit(struct app *a, uint64_t form, const struct kind *k, const char *id,
	const char *name, const void *before, void *rec, struct cmds *out);

#endif
