#include "balance/inside.h"

/* Those that have just refused come behind all others. */
static bool is_better(const struct backend *a, const struct backend *b, uint64_t now)
{
	bool a_shy = a->shy_until > now, b_shy = b->shy_until > now;

	if (a_shy != b_shy)
		return b_shy;
	return a->in_flight < b->in_flight;
}

struct backend *pick_backend(struct balancer *b, uint64_t not )
{
	struct backend *best = NULL;
	uint64_t now = uv_now(b->loop);

	for (unsigned i = 0; i < BALANCE_BACKENDS_MAX; i++) {
		struct backend *one = b->backends[(b->turn + i) % BALANCE_BACKENDS_MAX];

		if (one == NULL || one->draining || (not >> one->slot & 1))
			continue;
		if (best == NULL || is_better(one, best, now))
			best = one;
	}
	if (best != NULL)
		b->turn = best->slot + 1; /* among equals it is everybody's turn */
	return best;
}

void backend_enter(struct backend *backend)
{
	backend->in_flight++;
}

static void later_came(uv_timer_t *timer)
{
	struct balancer *b = timer->data;

	for (unsigned i = 0; i < BALANCE_BACKENDS_MAX; i++) {
		struct backend *one = b->backends[i];

		if (one == NULL || !one->draining || one->told || one->in_flight > 0)
			continue;
		one->told = true;
		if (b->calls->drained != NULL)
			b->calls->drained(b->ctx, one);
	}
}

/* In a later turn of the loop, when nothing here has the backend in its hands. */
void backend_look_drained(struct backend *backend)
{
	if (backend->draining && backend->in_flight == 0)
		uv_timer_start(&backend->b->later, later_came, 0, 0);
}

void backend_leave(struct backend *backend)
{
	backend->in_flight--;
	backend_look_drained(backend);
}
