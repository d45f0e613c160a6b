#include "store/inside.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* Changes in one commit at most: bounds how long the first of them waits. */
enum { BATCH_MAX = 512 };

void item_free(struct item *it)
{
	store_tx_free(it->tx);
	free(it->now);
	for (size_t i = 0; i < it->row_count; i++)
		buf_release(&it->rows[i]);
	free(it->rows);
	free(it->text[0]);
	free(it->text[1]);
	free(it);
}

struct buf *item_row(struct item *it)
{
	it->rows = mem_realloc(it->rows, (it->row_count + 1) * sizeof *it->rows);
	buf_init(&it->rows[it->row_count], 0);
	return &it->rows[it->row_count++];
}

void store_queue(struct store *s, struct item *it)
{
	pthread_mutex_lock(&s->lock);
	*s->queue_last = it;
	s->queue_last = &it->next;
	pthread_cond_signal(&s->more);
	pthread_mutex_unlock(&s->lock);
}

void store_fault(struct store *s, const char *point)
{
	if (s->config.fault)
		s->config.fault(point);
}

static void items_change(struct store *s, struct item *first, struct item *end)
{
	if (s->ops->many) {
		s->ops->batch(s, first, end);
		return;
	}
	for (struct item *it = first; it != end; it = it->next) {
		s->making = it->version;
		steps_run(s, it);
	}
}

static void items_run(struct store *s, struct item *list)
{
	while (list) {
		struct item *end = list;

		if (list->look) {
			list->ok = list->look(s, list, &list->e);
			list = list->next;
			continue;
		}
		for (int n = 0; end && end->tx && n < BATCH_MAX; n++)
			end = end->next;
		items_change(s, list, end);
		list = end;
	}
}

/* Takes all that waits; NULL when the thread is to end. */
static struct item *items_take(struct store *s)
{
	struct item *list;

	pthread_mutex_lock(&s->lock);
	s->busy = false;
	pthread_cond_broadcast(&s->idle);
	while (s->queue == NULL && !s->stop)
		pthread_cond_wait(&s->more, &s->lock);
	list = s->queue;
	s->queue = NULL;
	s->queue_last = &s->queue;
	s->busy = list != NULL;
	pthread_mutex_unlock(&s->lock);
	return list;
}

static void items_give(struct store *s, struct item *list)
{
	struct item *last = list;

	while (last->next)
		last = last->next;
	pthread_mutex_lock(&s->lock);
	*s->finished_last = list;
	s->finished_last = &last->next;
	pthread_mutex_unlock(&s->lock);
	if (s->config.notify)
		s->config.notify(s->config.ctx);
}

/* What was made to last has been told by now: nobody waits for this, and it waits for a pause. */
static void items_pause(struct store *s)
{
	pthread_mutex_lock(&s->lock);
	bool busy = s->queue != NULL;

	pthread_mutex_unlock(&s->lock);
	if (s->ops->pause && atomic_load(&s->health) != STORE_BROKEN)
		s->ops->pause(s, busy);
}

void store_told(struct store *s, struct store_tx *tx, uint64_t version)
{
	struct item *it = mem_alloc(sizeof *it);

	it->tx = tx;
	it->version = version;
	it->ok = it->told = true;
	items_give(s, it);
}

void store_half_done(struct store *s)
{
	pthread_mutex_lock(&s->lock);
	s->half = s->finished_last;
	pthread_mutex_unlock(&s->lock);
}

void store_whole(struct store *s)
{
	pthread_mutex_lock(&s->lock);
	s->half = NULL;
	pthread_mutex_unlock(&s->lock);
	if (s->config.notify)
		s->config.notify(s->config.ctx);
}

void *store_thread(void *arg)
{
	struct store *s = arg;
	struct item *list;

	while ((list = items_take(s)) != NULL) {
		items_run(s, list);
		items_give(s, list);
		items_pause(s);
	}
	return NULL;
}
