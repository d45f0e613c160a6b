/* Kinds whose rows are looked up and not stored: nodes, for one. Viewers are told what changed. */
#include "kinds/kinds.h"
#include "kinds/look_samples.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* What is not there any more goes. */
static void rows_leave(struct platform *p, struct rowset *rows, const struct rowset *now)
{
	for (size_t i = rows->len; i-- > 0;) {
		char *uid = mem_strdup(record_uid(rows->kind, rows->rows[i]));

		if (rowset_find(now, uid) == NULL && rowset_remove(rows, uid) && p->hub)
			hub_gone(p->hub, rows->kind, uid);
		free(uid);
	}
}

static bool differs(const struct kind *k, const void *a, const void *b)
{
	const struct fieldset none = {{0}};
	struct fieldset changed;

	record_diff(k, a, b, &changed);
	return memcmp(&changed, &none, sizeof none) != 0;
}

static void rows_come(struct platform *p, struct rowset *rows, const struct rowset *now)
{
	for (size_t i = 0; i < now->len; i++) {
		const char *uid = record_uid(now->kind, now->rows[i]);
		const void *old = rowset_find(rows, uid);

		if (old && !differs(rows->kind, old, now->rows[i]))
			continue;
		rowset_put(rows, now->rows[i], NULL);
		if (p->hub)
			hub_changed(p->hub, rows->kind, uid);
	}
}

static void looks_refresh(struct platform *p)
{
	bool due = look_samples_due(p);

	for (size_t i = 0; all_handlers[i]; i++) {
		const struct kind_handlers *h = all_handlers[i];
		struct rowset now;

		if (h->look == NULL)
			continue;
		rowset_init(&now, h->kind);
		h->look(p, &now);
		if (due)
			look_samples_take(p, &now);
		rows_leave(p, sets_of(&p->model.sets, h->kind)->rows, &now);
		rows_come(p, sets_of(&p->model.sets, h->kind)->rows, &now);
		rowset_release(&now);
	}
}

void looks_open(struct platform *p)
{
	p->planned = looks_refresh;
}
