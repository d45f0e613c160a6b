/*
 * Help with libuv's rule that a handle's memory is freed only in its close callback: timers that
 * own themselves, and a gate that tells when everything of an object is closed. Loop thread only.
 */
#ifndef MLTOP_IO_LOOP_H
#define MLTOP_IO_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Counts the handles of one object. Owner: the object, which frees itself in `empty` at the earliest. */
struct loop_gate {
	size_t open;
	bool shut;
	void (*empty)(void *ctx);
	void *ctx;
};

void loop_gate_enter(struct loop_gate *g);
void loop_gate_leave(struct loop_gate *g);
/* No more will enter: `empty` is called once all have left, which may be during this call. */
void loop_gate_shut(struct loop_gate *g, void (*empty)(void *ctx), void *ctx);

/* A one-shot timer. `gate` (may be NULL) is held until libuv has let go of the handle. */
struct loop_timer;
struct uv_loop_s; /* uv_loop_t, of uv.h */
struct loop_timer *loop_timer_new(struct uv_loop_s *loop, struct loop_gate *gate,
	void (*fire)(void *ctx), void *ctx);
/* Starts it anew; 0 ms: at the next turn of the loop, never from within this call. */
void loop_timer_start(struct loop_timer *t, int64_t ms);
void loop_timer_stop(struct loop_timer *t);
bool loop_timer_active(const struct loop_timer *t);
/* Never fires again; the memory goes when libuv allows. NULL is fine. */
void loop_timer_free(struct loop_timer *t);

#endif
