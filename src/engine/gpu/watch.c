/*
 * The thread that asks the drivers, and how its readings come to the loop. What both use is one
 * struct under a lock, of which each has a share: where the thread is stuck in a driver when the
 * watch is closed, it is the one that frees it, whenever that is.
 */
#include "engine/gpu/gpu.h"

#include "base/mem.h"
#include "base/timefmt.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PATIENCE_MS = 1000 };

struct shared {
	pthread_mutex_t lock;
	pthread_cond_t wake; /* it is closed */
	char *library, *sysfs;
	int64_t period;
	uv_async_t *told; /* NULL: closed, and nobody may be told any more */
	struct gpu_reading *fresh;
	int shares;
};

struct gpu_watch {
	struct shared *shared;
	uv_async_t async;
	uv_timer_t timer; /* until a reading is overdue */
	int handles;
	struct gpu_reading *reading;
	bool stalled;
	int64_t patience;
	void (*told)(void *ctx);
	void (*closed)(void *ctx);
	void *ctx;
};

static void shared_let_go(struct shared *s)
{
	int left;

	pthread_mutex_lock(&s->lock);
	left = --s->shares;
	pthread_mutex_unlock(&s->lock);
	if (left > 0)
		return;
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->wake);
	gpu_reading_free(s->fresh);
	free(s->library);
	free(s->sysfs);
	free(s);
}

/* ---- The thread ---- */

/* False: closed meanwhile. */
static bool publish(struct shared *s, struct gpu_reading *r)
{
	struct gpu_reading *old;
	bool open;

	pthread_mutex_lock(&s->lock);
	old = s->fresh;
	s->fresh = r;
	open = s->told != NULL;
	if (open)
		uv_async_send(s->told);
	pthread_mutex_unlock(&s->lock);
	gpu_reading_free(old);
	return open;
}

/* False: closed. */
static bool rest(struct shared *s, int64_t ms)
{
	struct timespec until;
	bool open;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&s->lock);
	while (s->told && pthread_cond_timedwait(&s->wake, &s->lock, &until) != ETIMEDOUT)
		;
	open = s->told != NULL;
	pthread_mutex_unlock(&s->lock);
	return open;
}

static void *watch_run(void *ctx)
{
	struct shared *s = ctx;
	struct nvml *nvml = nvml_open(s->library, s->sysfs);
	struct machine_seen before = {0};
	struct gpu_reading *r;

	do {
		r = gpu_reading_new();
		machine_look(&r->machine, &before);
		before = r->machine;
		if (nvml)
			nvml_read(nvml, r);
		r->none = amd_read(s->sysfs, r) == 0 && nvml == NULL;
		r->wall = time_now_ms();
	} while (publish(s, r) && rest(s, s->period));
	nvml_close(nvml);
	shared_let_go(s);
	return NULL;
}

/* Signals are the loop's. */
static bool thread_start(struct shared *s)
{
	sigset_t all, before;
	pthread_attr_t how;
	pthread_t thread;
	bool good;

	sigfillset(&all);
	pthread_attr_init(&how);
	pthread_attr_setdetachstate(&how, PTHREAD_CREATE_DETACHED);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	good = pthread_create(&thread, &how, watch_run, s) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&how);
	return good;
}

/* ---- The loop ---- */

static void overdue(uv_timer_t *timer)
{
	struct gpu_watch *w = timer->data;

	w->stalled = true;
	w->told(w->ctx);
}

static void reading_came(uv_async_t *async)
{
	struct gpu_watch *w = async->data;
	struct gpu_reading *r;

	pthread_mutex_lock(&w->shared->lock);
	r = w->shared->fresh;
	w->shared->fresh = NULL;
	pthread_mutex_unlock(&w->shared->lock);
	if (r == NULL)
		return;
	gpu_reading_free(w->reading);
	w->reading = r;
	w->stalled = false;
	uv_timer_start(&w->timer, overdue, (uint64_t)w->patience, 0);
	w->told(w->ctx);
}

static struct shared *shared_new(const struct gpu_options *o)
{
	struct shared *s = mem_alloc(sizeof *s);
	pthread_condattr_t how;

	pthread_condattr_init(&how);
	pthread_condattr_setclock(&how, CLOCK_MONOTONIC);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->wake, &how);
	pthread_condattr_destroy(&how);
	s->library = mem_strdup(o->library);
	s->sysfs = mem_strdup(o->sysfs);
	s->period = o->period;
	s->shares = 2;
	return s;
}

struct gpu_watch *gpu_watch_open(uv_loop_t *loop, const struct gpu_options *o,
	void (*told)(void *ctx), void *ctx)
{
	struct gpu_watch *w = mem_alloc(sizeof *w);

	w->told = told;
	w->ctx = ctx;
	w->patience = 2 * o->period + PATIENCE_MS;
	w->handles = 2;
	w->shared = shared_new(o);
	uv_async_init(loop, &w->async, reading_came);
	uv_timer_init(loop, &w->timer);
	w->async.data = w->timer.data = w;
	w->shared->told = &w->async;
	uv_timer_start(&w->timer, overdue, (uint64_t)w->patience, 0);
	if (!thread_start(w->shared))
		shared_let_go(w->shared); /* no thread is to be had: it looks stalled, as it is */
	return w;
}

static void handle_closed(uv_handle_t *handle)
{
	struct gpu_watch *w = handle->data;
	void (*closed)(void *ctx) = w->closed;
	void *ctx = w->ctx;

	if (--w->handles > 0)
		return;
	gpu_reading_free(w->reading);
	free(w);
	closed(ctx);
}

void gpu_watch_close(struct gpu_watch *w, void (*closed)(void *ctx))
{
	w->closed = closed;
	pthread_mutex_lock(&w->shared->lock);
	w->shared->told = NULL;
	pthread_cond_signal(&w->shared->wake);
	pthread_mutex_unlock(&w->shared->lock);
	shared_let_go(w->shared);
	uv_close((uv_handle_t *)&w->async, handle_closed);
	uv_close((uv_handle_t *)&w->timer, handle_closed);
}

const struct gpu_reading *gpu_watch_reading(const struct gpu_watch *w)
{
	return w->reading;
}

bool gpu_watch_stalled(const struct gpu_watch *w)
{
	return w->stalled;
}
