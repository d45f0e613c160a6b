#include "ui/kit/table.h"

#include <stdlib.h>
#include <string.h>

void table_init(struct table *t, const struct kind *k, const struct column *columns,
	const char *sort)
{
	bool descending = sort && *sort == '-';
	const struct field *f = sort ? kind_field(k, sort + descending) : NULL;

	*t = (struct table){.columns = columns, .descending = descending && f};
	dataset_init(&t->data, k);
	t->sort = f ? f : kind_key(k);
	t->filter_text = mem_strdup("");
}

void table_release(struct table *t)
{
	dataset_release(&t->data);
	filter_free(t->filter);
	free(t->filter_text);
	free(t->order);
	free(t->dirty);
	free(t->view);
	*t = (struct table){0};
}

static void mark_dirty(struct table *t, struct entry *e)
{
	if (e->dirty)
		return;
	e->dirty = true;
	if (t->dirty_len == t->dirty_cap) {
		t->dirty_cap = t->dirty_cap ? t->dirty_cap * 2 : 64;
		t->dirty = mem_realloc(t->dirty, t->dirty_cap * sizeof *t->dirty);
	}
	t->dirty[t->dirty_len++] = e;
}

static void refilter(struct table *t, struct entry *e)
{
	bool shown = e->row && (!t->filter || filter_match(t->filter, e->row, t->now));

	if (shown != e->shown)
		t->loose = true;
	e->shown = shown;
}

void table_rows(struct table *t, const json_t *rows)
{
	for (size_t i = 0; i < json_array_size(rows); i++) {
		struct dataset_change change;

		if (!dataset_put(&t->data, json_array_get(rows, i), t->sort, &change))
			continue;
		if (change.added || change.moved)
			mark_dirty(t, change.entry);
		refilter(t, change.entry);
	}
}

static void drop_entry(struct table *t, struct entry *e)
{
	if (e->marked)
		t->marked--;
	e->marked = false;
	e->shown = false;
	t->gone = true;
	t->loose = true;
}

void table_gone(struct table *t, const json_t *uids)
{
	for (size_t i = 0; i < json_array_size(uids); i++) {
		const char *uid = json_string_value(json_array_get(uids, i));
		struct entry *e = uid ? dataset_remove(&t->data, uid) : NULL;

		if (e)
			drop_entry(t, e);
	}
}

void table_synced(struct table *t)
{
	if (!dataset_synced(&t->data))
		return;
	for (size_t i = 0; i < t->data.len; i++)
		if (!t->data.all[i]->row)
			drop_entry(t, t->data.all[i]);
}

void table_clear(struct table *t)
{
	dataset_begin_again(&t->data);
	table_synced(t);
	t->data.synced = false;
	t->held = t->lost = false;
	table_settle(t);
}

void table_sort(struct table *t, const struct field *f, bool descending)
{
	t->sort = f;
	t->descending = descending;
	t->reorder = true;
}

static void refilter_all(struct table *t)
{
	t->unfiltered = false;
	for (size_t i = 0; i < t->data.len; i++)
		refilter(t, t->data.all[i]);
	t->filter_at = t->now;
}

bool table_filter(struct table *t, const char *text, struct err *e)
{
	struct filter *f = NULL;

	if (text[strspn(text, " ")]) {
		f = filter_parse(t->data.kind, text, e);
		if (!f)
			return false;
	}
	filter_free(t->filter);
	t->filter = f;
	char *copy = mem_strdup(text);

	free(t->filter_text);
	t->filter_text = copy;
	t->unfiltered = true;
	t->refiltered = true;
	return true;
}

enum { FILTER_TIME_MS = 5000 };

bool table_tick(struct table *t, int64_t now)
{
	bool aged = t->age_due && now >= t->age_due;

	/* Told once: drawing it finds the next; one that is covered has nothing to draw. */
	t->age_due = aged ? 0 : t->age_due;
	t->now = now;
	if (!t->filter || !filter_uses_time(t->filter) || now - t->filter_at < FILTER_TIME_MS)
		return aged;
	refilter_all(t);
	return aged || t->loose;
}

int64_t table_wake(const struct table *t)
{
	int64_t filter = t->filter && filter_uses_time(t->filter) ? t->filter_at + FILTER_TIME_MS
								  : 0;

	return filter && (t->age_due == 0 || filter < t->age_due) ? filter : t->age_due;
}

/* ---- The order ---- */

static int compare(const void *a, const void *b, void *ctx)
{
	const struct table *t = ctx;

	return record_compare(t->data.kind, t->sort, t->descending,
		(*(struct entry *const *)a)->row, (*(struct entry *const *)b)->row);
}

/* Takes dirty and gone rows out of the order, and gone ones out of the dirty list. */
static void compact(struct table *t)
{
	size_t to = 0;

	for (size_t i = 0; i < t->order_len; i++)
		if (t->order[i]->row && !t->order[i]->dirty)
			t->order[to++] = t->order[i];
	t->order_len = to;
	to = 0;
	for (size_t i = 0; i < t->dirty_len; i++)
		if (t->dirty[i]->row)
			t->dirty[to++] = t->dirty[i];
	t->dirty_len = to;
}

/* First place at or after `from` whose row comes after `e`. */
static size_t place(const struct table *t, struct entry *e, size_t from, size_t end)
{
	while (from < end) {
		size_t middle = (from + end) / 2;

		if (compare(&e, &t->order[middle], (void *)t) < 0)
			end = middle;
		else
			from = middle + 1;
	}
	return from;
}

/*
 * The dirty rows, sorted among themselves, go to their places from the last one down: each costs
 * a binary search, and every other row is moved once at most.
 */
static void insert_dirty(struct table *t)
{
	size_t end = t->order_len, to = t->order_len + t->dirty_len;

	if (t->dirty_len == 0)
		return;
	qsort_r(t->dirty, t->dirty_len, sizeof *t->dirty, compare, t);
	t->order_len = to;
	for (size_t i = t->dirty_len; i-- > 0;) {
		size_t at = place(t, t->dirty[i], 0, end);

		to -= end - at;
		memmove(&t->order[to], &t->order[at], (end - at) * sizeof *t->order);
		t->order[--to] = t->dirty[i];
		t->dirty[i]->dirty = false;
		end = at;
	}
	t->dirty_len = 0;
}

static void reserve(struct table *t)
{
	if (t->data.len <= t->cap)
		return;
	t->cap = t->data.len * 2;
	t->order = mem_realloc(t->order, t->cap * sizeof *t->order);
	t->view = mem_realloc(t->view, t->cap * sizeof *t->view);
}

static void rebuild_view(struct table *t)
{
	t->len = 0;
	for (size_t i = 0; i < t->order_len; i++)
		if (t->order[i]->shown)
			t->view[t->len++] = t->order[i];
	t->loose = false;
}

/*
 * The selection stays on its row. Where that is not shown any more the cursor stays at its line,
 * on nothing, so that the next key is not about a neighbour; a filter that the person changes
 * takes it along.
 */
static void find_selection(struct table *t)
{
	if (!t->held) {
		t->index = 0;
		t->selected = NULL;
	}
	if (t->held && t->selected && !t->selected->shown)
		t->lost = true;
	if (t->refiltered && t->lost)
		t->index = 0;
	if (t->refiltered || t->len == 0)
		t->lost = false;
	if (t->selected && t->selected->shown) {
		if (t->index < t->len && t->view[t->index] == t->selected)
			return;
		for (size_t i = 0; i < t->len; i++)
			if (t->view[i] == t->selected) {
				t->index = i;
				return;
			}
	}
	if (t->index >= t->len)
		t->index = t->len ? t->len - 1 : 0;
	t->selected = t->len && !t->lost ? t->view[t->index] : NULL;
}

void table_settle(struct table *t)
{
	if (t->reorder)
		for (size_t i = 0; i < t->data.len; i++)
			if (t->data.all[i]->row)
				mark_dirty(t, t->data.all[i]);
	t->reorder = false;
	if (t->unfiltered)
		refilter_all(t);
	if (!t->dirty_len && !t->gone && !t->loose) {
		t->refiltered = false;
		return;
	}
	reserve(t);
	if (t->dirty_len || t->gone) {
		compact(t);
		insert_dirty(t);
	}
	rebuild_view(t);
	find_selection(t);
	if (t->anchor && !t->anchor->row)
		t->anchor = NULL;
	if (t->gone)
		dataset_sweep(&t->data);
	t->gone = t->refiltered = false;
}

/* ---- Selection ---- */

size_t table_count(struct table *t)
{
	table_settle(t);
	return t->len;
}

struct entry *table_selected(struct table *t)
{
	table_settle(t);
	return t->selected;
}

void table_select(struct table *t, size_t index)
{
	table_settle(t);
	if (t->len == 0)
		return;
	t->index = index < t->len ? index : t->len - 1;
	t->selected = t->view[t->index];
	t->held = true;
	t->lost = false;
}

bool table_select_uid(struct table *t, const char *uid)
{
	struct entry *e = dataset_find(&t->data, uid);

	table_settle(t);
	if (!e || !e->shown)
		return false;
	t->selected = e;
	t->held = true;
	t->lost = false;
	find_selection(t);
	return true;
}

void table_move(struct table *t, int64_t by)
{
	table_settle(t);
	/* From nothing, down is to the row that took the line. */
	int64_t to = (int64_t)t->index + by - (t->lost && by > 0);

	table_select(t, to < 0 ? 0 : (size_t)to);
}
