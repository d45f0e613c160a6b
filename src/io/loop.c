#include "io/loop.h"

#include "base/mem.h"

#include <stdlib.h>

struct loop_timer {
	uv_timer_t handle;
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
	t->handle.data = t;
	if (gate)
		loop_gate_enter(gate);
	return t;
}

static void on_timer(uv_timer_t *handle)
{
	struct loop_timer *t = handle->data;

	t->fire(t->ctx);
}

void loop_timer_start(struct loop_timer *t, int64_t ms)
{
	/* libuv counts from the loop's last look at the clock, which may be long ago. */
	uv_update_time(t->handle.loop);
	uv_timer_start(&t->handle, on_timer, ms > 0 ? (uint64_t)ms : 0, 0);
}

void loop_timer_stop(struct loop_timer *t)
{
	uv_timer_stop(&t->handle);
}

bool loop_timer_active(const struct loop_timer *t)
{
	return uv_is_active((const uv_handle_t *)&t->handle);
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct loop_timer *t = handle->data;
	struct loop_gate *gate = t->gate;

	free(t);
	if (gate)
		loop_gate_leave(gate);
}

void loop_timer_free(struct loop_timer *t)
{
	if (t == NULL)
		return;
	uv_close((uv_handle_t *)&t->handle, on_timer_closed);
}
