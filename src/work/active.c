/*
 * Workloads in motion. Those that hold resources are in one list; the others in the queue of their org,
 * in the order in which they may start, so that a turn of planning need not look at all of a long one.
 */
#include "work/history.h"
#include "work/work.h"

#include "base/mem.h"
#include "base/timefmt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Does `a` start before `b`, as plan() has it? */
static bool starts_before(const struct active *a, const struct active *b)
{
	if (a->preemptible != b->preemptible)
		return b->preemptible;
	return a->priority != b->priority ? a->priority > b->priority : a->order < b->order;
}

/* A kind may have no row for them: then there are none. */
bool active_waits_for_others(const struct active *a)
{
	return a->work->after_left.len > 0;
}

/* Held, or after others: it cannot start, whatever room there is. Who is to go is let go at once. */
static bool stands_apart(const struct active *a)
{
	return a->life.wish == WISH_NONE &&
		(a->life.at == AT_HELD || (a->life.at == AT_WAITING && active_waits_for_others(a)));
}

/* Where `a` is in the list, or belongs. */
static size_t place_in(const struct active_list *list, const struct active *a)
{
	size_t low = 0, high = list->len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (starts_before(list->items[middle], a))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool queue_empty(const struct org_queue *q)
{
	return q->waiting.len + q->apart.len == 0;
}

static void waiting_add(struct work *w, struct active *a)
{
	struct org_queue *q = a->queue;
	struct active_list *list;
	size_t at;

	if (queue_empty(q)) {
		q->at = w->waiting.len;
		vec_push(&w->waiting, q);
	}
	a->apart = stands_apart(a);
	list = a->apart ? &q->apart : &q->waiting;
	at = place_in(list, a);
	vec_push(list, a);
	memmove(&list->items[at + 1], &list->items[at],
		(list->len - 1 - at) * sizeof(struct active *));
	list->items[at] = a;
}

static void waiting_remove(struct work *w, struct active *a)
{
	struct org_queue *q = a->queue;
	struct active_list *list = a->apart ? &q->apart : &q->waiting;

	vec_remove(list, place_in(list, a));
	if (!queue_empty(q))
		return;
	w->waiting.items[q->at] = w->waiting.items[w->waiting.len - 1];
	w->waiting.items[q->at]->at = q->at;
	w->waiting.len--;
}

void active_sort(struct active *a)
{
	if (life_holds(a->life) || a->apart == stands_apart(a))
		return;
	waiting_remove(a->w, a);
	waiting_add(a->w, a);
}

static void live_remove(struct work *w, const struct active *a)
{
	size_t at = 0;

	while (w->live.items[at] != a)
		at++;
	vec_remove(&w->live, at);
}

struct org_queue *queue_of(struct work *w, const char *org_id)
{
	struct org_queue *q = map_get(&w->queues, org_id);

	if (q == NULL) {
		q = mem_alloc(sizeof *q + strlen(org_id) + 1);
		memcpy(q->org_id, org_id, strlen(org_id) + 1);
		q->org.org_id = q->org_id;
		map_set(&w->queues, org_id, q);
	}
	return q;
}

/* Spans go by a clock that nobody sets. */
int64_t reconcile_now(void)
{
	return time_mono_ms();
}

/* How long it has waited already, before this daemon knew it. */
static int64_t waited(const struct workload *row)
{
	int64_t ms = model_now() - row->create_time.v;

	return ms > 0 ? ms : 0;
}

/* Of the past that wall clocks tell: what lies ahead was told by another clock. */
static int64_t preempted(const struct workload *row)
{
	int64_t ago = model_now() - row->preempted_time.v;

	/* A kind may have no row for it. */
	if (row->preempted_time.v == 0 || ago < 0)
		return INT64_MIN;
	return reconcile_now() - ago;
}

enum life_wish wish_of(const struct workload *row)
{
	if (row->state == WORK_DELETING)
		return WISH_DELETE;
	if (row->reason == REASON_CANCELLED)
		return WISH_CANCEL;
	return work_reason_yields(row->reason) ? WISH_YIELD : WISH_NONE;
}

struct active *work_active(struct work *w, const char *uid)
{
	return map_get(&w->actives, uid);
}

struct workload *active_row(const struct active *a)
{
	return model_row(a->w->model, a->kind, a->uid);
}

struct active *active_new(struct work *w, const struct kind *k, const struct workload *row)
{
	struct active *a = mem_alloc(sizeof *a);
	struct plan_gang gang;

	a->w = w;
	snprintf(a->uid, sizeof a->uid, "%s", row->uid);
	a->kind = k;
	a->began = INT64_MIN;
	a->policy = w->told.policy(w->told.ctx, k);
	a->work = model_moving(w->model, k, a->uid);
	a->order = w->next_order++;
	a->priority = row->priority;
	a->policy->claim(&a->claim, row);
	a->policy->gang(&gang, &a->claim, row);
	a->preemptible = gang.preemptible;
	a->queue = queue_of(w, row->org_id);
	a->since = reconcile_now() - waited(row);
	a->preempted = preempted(row);
	a->life = life_found(false, false,
		row->state == WORK_ENQUEUED && row->reason == REASON_HELD, wish_of(row));
	map_set(&w->actives, a->uid, a);
	waiting_add(w, a);
	active_ask_after(a);
	return a;
}

void active_ask_after(struct active *a)
{
	struct active_list *list = &a->w->afters;

	if (a->asked > 0 || !active_waits_for_others(a))
		return;
	vec_push(list, a);
	a->asked = list->len;
}

/* The last one takes its place. */
void active_forget_after(struct active *a)
{
	struct active_list *list = &a->w->afters;

	if (a->asked == 0)
		return;
	list->items[a->asked - 1] = list->items[list->len - 1];
	list->items[a->asked - 1]->asked = a->asked;
	list->len--;
	a->asked = 0;
}

void active_grant(struct active *a)
{
	a->w->granted += !a->granted;
	a->granted = true;
}

static void grant_end(struct active *a)
{
	a->w->granted -= a->granted;
	a->granted = false;
}

void active_lives(struct active *a, struct life_state life)
{
	bool held = life_holds(a->life), holds = life_holds(life);

	a->life = life;
	if (life.at != AT_WAITING)
		grant_end(a);
	if (held == holds) {
		active_sort(a);
		return;
	}
	if (holds) {
		waiting_remove(a->w, a);
		vec_push(&a->w->live, a);
		history_soon(a->w);
	} else {
		live_remove(a->w, a);
		waiting_add(a->w, a);
	}
}

bool active_in_flight(const struct active *a)
{
	return change_in_flight(a->w->model, a->kind, a->uid);
}

bool active_next(const struct work *w, size_t *at, struct active **out)
{
	const char *uid;
	void *value;

	if (!map_next(&w->actives, at, &uid, &value))
		return false;
	*out = value;
	return true;
}

void active_gpus(struct active *a, const char *const *gpus, size_t count)
{
	for (size_t i = 0; i < a->gpu_count; i++)
		free(a->gpus[i]);
	free(a->gpus);
	a->gpus = count ? mem_alloc(count * sizeof *a->gpus) : NULL;
	a->gpu_count = count;
	for (size_t i = 0; i < count; i++)
		a->gpus[i] = mem_strdup(gpus[i]);
}

void active_free(struct active *a)
{
	struct work *w = a->w;

	history_over(a);
	active_forget_after(a);
	map_remove(&w->actives, a->uid);
	model_moving_remove(w->model, a->kind, a->uid);
	if (life_holds(a->life))
		live_remove(w, a);
	else
		waiting_remove(w, a);
	grant_end(a);
	active_gpus(a, NULL, 0);
	vec_release(&a->waiters);
	logs_close(a);
	failure_drop(a);
	secrets_forget(a);
	progress_drop(a);
	events_drop(a);
	task_due_drop(a);
	free(a->end);
	free(a->wisher);
	free(a);
}

void actives_release(struct work *w)
{
	size_t at = 0;
	const char *org;
	void *queue;

	while (w->live.len > 0)
		active_free(w->live.items[w->live.len - 1]);
	while (w->waiting.len > 0) {
		struct org_queue *q = w->waiting.items[w->waiting.len - 1];
		struct active_list *list = q->waiting.len > 0 ? &q->waiting : &q->apart;

		active_free(list->items[list->len - 1]);
	}
	vec_release(&w->live);
	vec_release(&w->waiting);
	vec_release(&w->afters);
	map_release(&w->actives);
	while (map_next(&w->queues, &at, &org, &queue)) {
		struct org_queue *q = queue;

		vec_release(&q->waiting);
		vec_release(&q->apart);
		free(q);
	}
	map_release(&w->queues);
}
