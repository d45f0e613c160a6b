#include "ui/kit/table.h"

/* Rows that a person has marked, and those that an action is about. */

static void set_mark(struct table *t, struct entry *e, bool on)
{
	if (e->marked == on)
		return;
	e->marked = on;
	t->marked = on ? t->marked + 1 : t->marked - 1;
}

void table_mark(struct table *t)
{
	struct entry *e = table_selected(t);

	if (!e)
		return;
	set_mark(t, e, !e->marked);
	t->anchor = e;
	table_move(t, 1);
}

void table_mark_range(struct table *t)
{
	struct entry *e = table_selected(t);
	bool inside = false;

	if (!e)
		return;
	if (!t->anchor || !t->anchor->shown || t->anchor == e) {
		set_mark(t, e, true);
		t->anchor = e;
		return;
	}
	for (size_t i = 0; i < t->len; i++) {
		bool end = t->view[i] == e || t->view[i] == t->anchor;

		if (end || inside)
			set_mark(t, t->view[i], true);
		if (end)
			inside = !inside;
	}
	t->anchor = e;
}

void table_mark_clear(struct table *t)
{
	for (size_t i = 0; i < t->data.len; i++)
		t->data.all[i]->marked = false;
	t->marked = 0;
	t->anchor = NULL;
}

size_t table_targets(struct table *t, struct entry **out, size_t max)
{
	size_t n = 0;

	table_settle(t);
	for (size_t i = 0; t->marked && i < t->order_len; i++)
		if (t->order[i]->marked && n++ < max && out)
			out[n - 1] = t->order[i];
	if (n == 0 && t->selected) {
		t->held = true;
		if (out && max)
			out[0] = t->selected;
		return 1;
	}
	return n;
}
