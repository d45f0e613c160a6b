/* An object whole again: what is beside it in the store is read when somebody wants to see it. */
#include "model/change.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

struct whole_reading {
	const struct set *set;
	whole_read done;
	void *ctx;
	char uid[];
};

static void whole_give(const struct whole_reading *w, const void *data, size_t len)
{
	const void *row = rowset_find(w->set->rows, w->uid);
	struct arena text = ARENA_INIT;
	struct err e = ERR_INIT;
	union any_record whole;

	if (row)
		memcpy(whole.bytes, row, w->set->kind->size);
	else
		err_set(&e, ERR_NOT_FOUND, "the %s is gone already", w->set->name);
	if (row && record_join(w->set->kind, whole.bytes, &text, data, len, &e))
		w->done(w->ctx, whole.bytes, NULL);
	else
		w->done(w->ctx, NULL, &e);
	arena_release(&text);
}

static void whole_came(void *ctx, bool ok, const struct store_rows *rows, const struct err *e)
{
	struct whole_reading *w = ctx;
	struct err absent = ERR_INIT;
	size_t at = 0;

	while (ok && at + 1 < rows->count && strcmp(rows->rows[at].data, LARGE_BLOB) != 0)
		at += 2;
	if (ok && at + 1 < rows->count) {
		whole_give(w, rows->rows[at + 1].data, rows->rows[at + 1].len);
	} else {
		err_set(&absent, ERR_INTERNAL,
			"what belongs to the %s is missing in the store: check the store, or restore a "
			"backup",
			w->set->name);
		w->done(w->ctx, NULL, ok ? &absent : e);
	}
	free(w);
}

void model_whole(struct model *m, const struct kind *k, const void *row, whole_read done, void *ctx)
{
	const char *uid = record_uid(k, row);
	struct whole_reading *w;

	if (((const struct record *)row)->large == 0) {
		done(ctx, row, NULL);
		return;
	}
	w = mem_alloc(sizeof *w + strlen(uid) + 1);
	w->set = sets_of(&m->sets, k);
	w->done = done;
	w->ctx = ctx;
	memcpy(w->uid, uid, strlen(uid) + 1);
	store_read_blobs(m->store, k->name, uid, whole_came, w);
}
