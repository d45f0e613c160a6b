#include "ui/screens/form_foresee.h"

#include "base/mem.h"

#include <stdlib.h>

enum { FORESEE_LINES = 2 };

/* What was typed so far; NULL: it is not whole yet. */
static json_t *body_of(const struct form *form)
{
	struct arena text = ARENA_INIT;
	void *rec = mem_alloc(form->kind->size);
	struct err e = ERR_INIT;
	json_t *body = form_try(form, rec, &text, &e, NULL) ? record_encode_request(form->kind, rec)
							    : NULL;

	free(rec);
	arena_release(&text);
	return body;
}

void form_foresee_tick(struct foresee *f, struct app *a, const struct form *form, const char *id,
	struct cmds *out)
{
	const struct kind *k = form->kind;

	if (foresee_due(f, a)) {
		json_t *body = body_of(form);

		foresee_clear(f);
		if (body)
			foresee_add(f, k, id ? "PUT" : "POST",
				id ? object_path(a, (struct object){k, NULL}, id, "")
				   : mem_strdup(k->path),
				body);
	}
	foresee_send(f, a, out);
}

void form_foresee_draw(const struct foresee *f, struct grid *g, struct rect *r)
{
	int y = r->y + r->height - FORESEE_LINES;
	struct buf says = BUF_INIT, changes = BUF_INIT;

	foresee_says(f, &says);
	foresee_changes(f, &changes);
	if (says.len > 0 && r->height >= 8) {
		r->height -= FORESEE_LINES;
		grid_clip(g, r->x + 1, y, r->width - 2, foresee_role(f), says.data);
		grid_clip(g, r->x + 1, y + 1, r->width - 2, ROLE_DIM, changes.data);
	}
	buf_release(&says);
	buf_release(&changes);
}
