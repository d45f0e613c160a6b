/* What all steps of a life write into the row of what lives. */
#include "work/work.h"

#include <string.h>

struct draft draft_of(const struct kind *k, const void *row)
{
	struct draft d = {.kind = k};

	memcpy(d.bytes, row, k->size);
	return d;
}

void reconcile_why(struct draft *d, enum work_reason reason, const char *message)
{
	draft_set(d, reason, reason);
	draft_set(d, message, message);
}

void reconcile_move(struct change *c, struct draft *d, unsigned state)
{
	draft_set(d, state, state);
	draft_set(d, update_time, (struct when){model_now()});
	change_work(c, d->kind, &d->row);
	model_moving_put(change_model(c), d->kind, &d->row);
}
