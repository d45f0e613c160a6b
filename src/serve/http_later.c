/* Handlers that go on in a later turn of the loop, and what they may take. */
#include "serve/http.h"

#include "base/mem.h"
#include "base/timefmt.h"

bool request_turn_over(const struct request *r)
{
	const struct server *s = r->answered ? NULL : exchange_of(r)->server;

	return s != NULL && !s->ended && steps_turn_over(s);
}

static void request_released(uv_handle_t *over)
{
	struct request *r = over->data;

	free(over);
	r->release(r);
}

void request_over(struct request *r, void (*release)(struct request *r))
{
	uv_idle_t *over = mem_alloc(sizeof *over);

	r->release = release;
	uv_idle_init(r->loop, over);
	over->data = r;
	uv_close((uv_handle_t *)over, request_released);
}

void request_worked(struct request *r, int64_t steps)
{
	struct server *s = r->answered ? NULL : exchange_of(r)->server;

	if (s != NULL)
		steps_spend(s, NULL, steps);
}

void request_pay(struct request *r, int64_t steps)
{
	struct exchange *x = r->answered ? NULL : exchange_of(r);

	if (x != NULL && x->server != NULL)
		steps_spend(x->server, x->conn ? x->conn->use : NULL, steps);
}

int64_t request_wait_ms(const struct request *r)
{
	struct exchange *x = r->answered ? NULL : exchange_of(r);

	return x == NULL || x->server == NULL || x->conn == NULL
		? 0
		: steps_wait_ms(x->server, x->conn->use, time_mono_ms());
}

bool request_spend(struct request *r, int64_t steps, struct err *e)
{
	struct exchange *x = exchange_of(r);
	struct key_use *use;
	int64_t wait;

	if (x == NULL || x->server == NULL)
		return true;
	use = x->conn ? x->conn->use : NULL;
	x->steps += steps;
	steps_spend(x->server, use, steps);
	if (steps > STEPS_ROW)
		return steps_refuse_row(e);
	if (x->steps > STEPS_PASS)
		return steps_refuse_pass(e);
	wait = steps_wait_ms(x->server, use, time_mono_ms());
	return wait == 0 ||
		err_set(e, ERR_UNPROCESSABLE,
			"the filters of this access key have cost too much within a short time: ask again "
			"in %lld s, or use simpler ones",
			(long long)(wait / 1000 + 1));
}

/* At least one goes on in each turn, and new requests leave them a share of it. */
static void turn_of_laters(uv_idle_t *idle)
{
	struct server *s = CONTAINER_OF(idle, struct server, later_idle);
	size_t n = 0;

	if (s->turn_steps < STEPS_LATERS)
		s->turn_steps = STEPS_LATERS;
	while (n < s->laters.len && (n == 0 || !steps_turn_over(s))) {
		struct later l = s->laters.items[n++];

		l.again(l.ctx); /* may add itself once more, behind all others */
	}
	memmove(s->laters.items, s->laters.items + n,
		(s->laters.len - n) * sizeof *s->laters.items);
	s->laters.len -= n;
	if (s->laters.len == 0)
		uv_idle_stop(idle);
}

void request_later(struct request *r, void (*again)(void *ctx), void *ctx)
{
	struct server *s = exchange_of(r)->server;

	vec_push(&s->laters, ((struct later){again, ctx}));
	uv_idle_start(&s->later_idle, turn_of_laters);
}

void laters_open(struct server *s)
{
	uv_idle_init(s->loop, &s->later_idle);
}

void laters_close(struct server *s)
{
	while (s->laters.len > 0)
		turn_of_laters(&s->later_idle);
	vec_release(&s->laters);
}
