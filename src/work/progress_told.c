/* What event files have said of an attempt, beside what its log did. */
#include "work/work.h"

#include "base/mem.h"

#include <stdlib.h>

struct events_told *events_told(struct active *a)
{
	int attempt = (int)a->work->attempt;

	if (a->events == NULL)
		a->events = mem_alloc(sizeof *a->events);
	if (a->events->attempt != attempt)
		*a->events = (struct events_told){.attempt = attempt};
	return a->events;
}

void events_fill(struct active *a, struct progress_values *v)
{
	struct events_told *e = events_told(a);

	e->said |= v->known;
	progress_add(v, e->said, &e->values);
}

void events_drop(struct active *a)
{
	free(a->events);
	a->events = NULL;
}
