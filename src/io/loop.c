#include "io/loop.h"

#include "base/mem.h"

#include <stdlib.h>
#include <uv.h>

/*
 * Two handles: libuv 1.44 runs a timer of 0 ms that is started from a timer again at once, without
 * ever looking at sockets, so "at the next turn" is an idle handle's.
 */
struct loop_timer {
	uv_timer_t handle;
	uv_idle_t soon;
	int closed;
	struct loop_gate *gate;
	void (*fire)(void *ctx);
	void *ctx;
};

void loop_gate_enter(struct loop_gate *g)
{
	g->open++;
}

static void gate_check(struct loop_gate *g)
{
	if (g->shut && g->open == 0 && g->empty)
		g->empty(g->ctx);
}

void loop_gate_leave(struct loop_gate *g)
{
	g->open--;
	gate_check(g);
}

void loop_gate_shut(struct loop_gate *g, void (*empty)(void *ctx), void *ctx)
{
	g->shut = true;
	g->empty = empty;
	g->ctx = ctx;
	gate_check(g);
}

struct loop_timer *loop_timer_new(uv_loop_t *loop, struct loop_gate *gate, void (*fire)(void *ctx),
	void *ctx)
{
	struct loop_timer *t = mem_alloc(sizeof *t);

	t->gate = gate;
	t->fire = fire;
	t->ctx = ctx;
	uv_timer_init(loop, &t->handle);
	uv_idle_init(loop, &t->soon);
	t->handle.data = t->soon.data = t;
	if (gate)
		loop_gate_enter(gate);
	return t;
}

static void on_timer(uv_timer_t *handle)
{
	struct loop_timer *t = handle->data;

	t->fire(t->ctx);
}

static void on_soon(uv_idle_t *handle)
{
	struct loop_timer *t = handle->data;

	uv_idle_stop(handle);
	t->fire(t->ctx);
}

void loop_timer_start(struct loop_timer *t, int64_t ms)
{
	loop_timer_stop(t);
	if (ms <= 0) {
		uv_idle_start(&t->soon, on_soon);
		return;
	}
	/* libuv counts from the loop's last look at the clock, which may be long ago. */
	uv_update_time(t->handle.loop);
	uv_timer_start(&t->handle, on_timer, (uint64_t)ms, 0);
}

void loop_timer_stop(struct loop_timer *t)
{
	uv_timer_stop(&t->handle);
	uv_idle_stop(&t->soon);
}

bool loop_timer_active(const struct loop_timer *t)
{
	return uv_is_active((const uv_handle_t *)&t->handle) ||
		uv_is_active((const uv_handle_t *)&t->soon);
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct loop_timer *t = handle->data;
	struct loop_gate *gate = t->gate;

	if (++t->closed < 2)
		return;
	free(t);
	if (gate)
		loop_gate_leave(gate);
}

void loop_timer_free(struct loop_timer *t)
{
	if (t == NULL)
		return;
	uv_close((uv_handle_t *)&t->handle, on_timer_closed);
	uv_close((uv_handle_t *)&t->soon, on_timer_closed);
}
