#include "io/turns.h"

#include "base/map.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/vec.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { POOL_DEFAULT = 4, POOL_MAX = 1024 }; /* uv_queue_work(3) */

/* The work of one key; there while it has any. */
struct turn_lane {
	char *key;
	struct turn *first, **last; /* those that wait */
	bool busy;                  /* one of them runs */
};

struct turns {
	uv_loop_t *loop;
	size_t most, running, patient; /* patient: of those that run */
	atomic_bool stopped;
	struct map lanes;              /* by key; owns them */
	VEC(struct turn_lane *) ready; /* that have work and none running; the first is next */
};

size_t turns_pool(void)
{
	const char *given = getenv("UV_THREADPOOL_SIZE");
	int64_t threads = POOL_DEFAULT;

	if (given && !num_i64(given, 1, POOL_MAX, &threads))
		threads = 1;
	return threads > 1 ? (size_t)threads - 1 : 1;
}

struct turns *turns_new(uv_loop_t *loop, size_t most)
{
	struct turns *ts = mem_alloc(sizeof *ts);

	ts->loop = loop;
	ts->most = most;
	return ts;
}

void turns_free(struct turns *ts)
{
	if (ts == NULL)
		return;
	map_release(&ts->lanes);
	vec_release(&ts->ready);
	free(ts);
}

static struct turn_lane *lane_of(struct turns *ts, const char *key)
{
	struct turn_lane *lane = map_get(&ts->lanes, key);

	if (lane == NULL) {
		lane = mem_alloc(sizeof *lane);
		lane->key = mem_strdup(key);
		lane->last = &lane->first;
		map_set(&ts->lanes, key, lane);
	}
	return lane;
}

static struct turn *lane_take(struct turn_lane *lane)
{
	struct turn *t = lane->first;

	lane->first = t->next;
	if (lane->first == NULL)
		lane->last = &lane->first;
	return t;
}

/* One that is over gets in line behind all others, or goes. */
static void lane_over(struct turns *ts, const struct turn *t)
{
	struct turn_lane *lane = t->lane;

	lane->busy = false;
	ts->running--;
	ts->patient -= t->patient;
	if (lane->first) {
		vec_push(&ts->ready, lane);
		return;
	}
	map_remove(&ts->lanes, lane->key);
	free(lane->key);
	free(lane);
}

static void turn_run(uv_work_t *work)
{
	struct turn *t = work->data;

	t->ran = !atomic_load(&t->turns->stopped);
	if (t->ran)
		t->run(t);
}

static void turns_advance(struct turns *ts);

static void turn_over(uv_work_t *work, int status)
{
	struct turn *t = work->data;
	struct turns *ts = t->turns;

	(void)status;
	free(work);
	lane_over(ts, t);
	t->over(t, t->ran);
	turns_advance(ts);
}

/* Whose turn it is, out of the line; NULL: nobody's. */
static struct turn_lane *lane_next(struct turns *ts)
{
	size_t patient = ts->most > 1 ? ts->most - 1 : 1;

	for (size_t i = 0; ts->running < ts->most && i < ts->ready.len; i++) {
		struct turn_lane *lane = ts->ready.items[i];

		if (!lane->first->patient || ts->patient < patient) {
			vec_remove(&ts->ready, i);
			return lane;
		}
	}
	return NULL;
}

/* What is no more needed is over at once, and may ask for more from within. */
static void turns_advance(struct turns *ts)
{
	struct turn_lane *lane;

	while ((lane = lane_next(ts)) != NULL) {
		struct turn *t = lane_take(lane);

		lane->busy = true;
		ts->running++;
		ts->patient += t->patient;
		t->begun = true;
		if (t->due == NULL || t->due(t)) {
			t->work = mem_alloc(sizeof *t->work);
			t->work->data = t;
			uv_queue_work(ts->loop, t->work, turn_run, turn_over);
		} else {
			lane_over(ts, t);
			t->over(t, false);
		}
	}
}

void turns_queue(struct turns *ts, struct turn *t, const char *key)
{
	struct turn_lane *lane = lane_of(ts, key);

	t->turns = ts;
	t->lane = lane;
	t->next = NULL;
	t->begun = t->ran = false;
	if (lane->first == NULL && !lane->busy)
		vec_push(&ts->ready, lane);
	*lane->last = t;
	lane->last = &t->next;
	turns_advance(ts);
}

size_t turns_count(const struct turns *ts, const char *key)
{
	const struct turn_lane *lane = map_get(&ts->lanes, key);
	size_t count = lane ? lane->busy : 0;

	for (const struct turn *t = lane ? lane->first : NULL; t; t = t->next)
		count++;
	return count;
}

static void lane_idle(struct turns *ts, struct turn_lane *lane)
{
	for (size_t i = 0; i < ts->ready.len; i++)
		if (ts->ready.items[i] == lane) {
			vec_remove(&ts->ready, i);
			break;
		}
	map_remove(&ts->lanes, lane->key);
	free(lane->key);
	free(lane);
}

bool turns_withdraw(struct turn *t)
{
	struct turn_lane *lane = t->lane;
	struct turn **at;

	if (t->begun)
		return false;
	for (at = &lane->first; *at != t;)
		at = &(*at)->next;
	*at = t->next;
	if (lane->last == &t->next)
		lane->last = at;
	if (lane->first == NULL && !lane->busy)
		lane_idle(t->turns, lane);
	return true;
}

void turns_stop(struct turns *ts)
{
	atomic_store(&ts->stopped, true);
}

atomic_bool *turns_stopped(struct turns *ts)
{
	return &ts->stopped;
}
