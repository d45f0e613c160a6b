/*
 * Jobs that run after others. What is waited for stands in the row, and what has completed is taken out
 * of it on the disk: whoever deletes it afterwards holds nobody up.
 */
#include "work/work.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* "uid/name" */
static const struct workload *row_of(const struct active *a, const char *item)
{
	const char *end = strchr(item, '/');
	const struct kind *k;
	char uid[ULID_SIZE];
	size_t len = end ? (size_t)(end - item) : strlen(item);

	if (len >= sizeof uid)
		return NULL;
	memcpy(uid, item, len);
	uid[len] = '\0';
	return model_workload(a->w->model, uid, &k);
}

static const char *name_of(const char *item)
{
	const char *end = strchr(item, '/');

	return end ? end + 1 : item;
}

static bool completed(const struct active *a, const char *item)
{
	const struct workload *row = row_of(a, item);

	return row && row->state == WORK_COMPLETED;
}

const char *active_after(const struct active *a, struct arena *text)
{
	const struct strings *left = &a->work->after_left;
	const char *waits = NULL, *fails = NULL, *why = NULL, *out;
	struct buf b = BUF_INIT;

	for (size_t i = 0; active_waits_for_others(a) && i < left->len && fails == NULL; i++) {
		const struct workload *row = row_of(a, left->items[i]);

		if (row == NULL || (work_state_final(row->state) && row->state != WORK_COMPLETED)) {
			fails = name_of(left->items[i]);
			why = row == NULL ? "was deleted: cancel this one"
				: row->reason == REASON_CANCELLED
				? "was cancelled: retry it, or cancel this one"
				: "has failed: retry it, or cancel this one";
		} else if (row->state != WORK_COMPLETED && waits == NULL) {
			waits = name_of(left->items[i]);
		}
	}
	if (fails == NULL && waits == NULL)
		return NULL;
	if (fails)
		buf_addf(&b, "runs after %s, which %s", fails, why);
	else
		buf_addf(&b, "runs after %s, which has not completed yet", waits);
	out = arena_strdup(text, b.data);
	buf_release(&b);
	return out;
}

static void settle(struct active *a)
{
	const struct strings *left = &a->work->after_left;
	const char **items = mem_alloc((left->len + 1) * sizeof *items);
	struct change *c;
	struct draft d;
	size_t count = 0;

	for (size_t i = 0; i < left->len; i++)
		if (!completed(a, left->items[i]))
			items[count++] = left->items[i];
	if (count < left->len) {
		d = draft_of(a->kind, a->work);
		draft_tell(&d, after_left, true, ((struct strings){items, count}));
		/* How long it waits for room counts from here. */
		if (count == 0)
			a->since = reconcile_now();
		c = change_new(a->w->model);
		reconcile_move(c, &d, d.row.state);
		active_sort(a);
		change_commit(c);
	}
	free(items);
}

static void ask_all(struct work *w)
{
	for (size_t i = 0; i < w->waiting.len; i++) {
		const struct org_queue *q = w->waiting.items[i];

		for (size_t k = 0; k < q->apart.len; k++)
			active_ask_after(q->apart.items[k]);
	}
}

static bool can_settle(const struct active *a)
{
	return !a->dirty && !active_in_flight(a);
}

/* From the end: who is done with leaves, and others may with it. */
void afters_settle(struct work *w)
{
	if (w->completed)
		ask_all(w);
	w->completed = false;
	for (size_t i = w->afters.len; i-- > 0;) {
		struct active *a = i < w->afters.len ? w->afters.items[i] : NULL;
		bool waits = a && active_waits_for_others(a) && a->life.at != AT_OVER;

		/* What is on its way to the disk, or is to be stored anew, is looked at after that. */
		if (a == NULL || (waits && !can_settle(a)))
			continue;
		active_forget_after(a);
		if (waits)
			settle(a);
	}
}
