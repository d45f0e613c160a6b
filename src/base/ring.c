#include "base/ring.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

/* `head` is where the oldest sample lies. */

void ring_init(struct ring *r, size_t cap)
{
	*r = (struct ring){.cap = cap};
}

void ring_release(struct ring *r)
{
	free(r->values);
	ring_init(r, r->cap);
}

void ring_push(struct ring *r, float value)
{
	if (r->cap == 0)
		return;
	if (r->values == NULL)
		r->values = mem_alloc(r->cap * sizeof *r->values);
	if (r->len < r->cap) {
		r->values[(r->head + r->len++) % r->cap] = value;
		return;
	}
	r->values[r->head] = value;
	r->head = (r->head + 1) % r->cap;
}

float ring_at(const struct ring *r, size_t i)
{
	return i < r->len ? r->values[(r->head + i) % r->cap] : NAN;
}
