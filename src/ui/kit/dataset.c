#include "ui/kit/dataset.h"

#include "base/sanitize.h"

#include <stdlib.h>
#include <string.h>

void dataset_init(struct dataset *d, const struct kind *k)
{
	*d = (struct dataset){.kind = k};
	rowset_init(&d->rows, k);
}

void dataset_release(struct dataset *d)
{
	for (size_t i = 0; i < d->len; i++)
		free(d->all[i]);
	free(d->all);
	free(d->error);
	map_release(&d->entries);
	rowset_release(&d->rows);
	d->all = NULL;
	d->error = NULL;
	d->len = d->cap = 0;
}

/* uid of a row, or its name where a server knows no uids. */
static const char *dataset_uid(const struct dataset *d, const void *row)
{
	const char *uid = record_uid(d->kind, row);

	return *uid ? uid : record_key(d->kind, row);
}

struct entry *dataset_find(const struct dataset *d, const char *uid)
{
	return map_get(&d->entries, uid);
}

struct entry *dataset_find_key(const struct dataset *d, const char *key)
{
	for (size_t i = 0; i < d->len; i++)
		if (d->all[i]->row && strcmp(record_key(d->kind, d->all[i]->row), key) == 0)
			return d->all[i];
	return NULL;
}

/*
 * The value of a member in bytes that can be compared later: the row's texts may move when the
 * set is put in order, so texts are copied.
 */
static void remember(const struct dataset *d, const void *row, const struct field *f,
	struct buf *out)
{
	buf_reset(out);
	if (!f || !row || !record_knows(d->kind, row, f))
		return;
	buf_addc(out, 'k');
	switch (f->type->storage) {
	case ST_TEXT: buf_adds(out, record_text(row, f)); break;
	case ST_STRINGS:
	case ST_LABELS:
	case ST_RECORD:
	case ST_RECORDS: record_cell(d->kind, row, f, 0, out); break;
	default: buf_add(out, record_member(row, f), f->size);
	}
}

static struct entry *add_entry(struct dataset *d, void *row)
{
	struct entry *e = mem_alloc(sizeof *e);

	e->row = row;
	if (d->len == d->cap) {
		d->cap = d->cap ? d->cap * 2 : 64;
		d->all = mem_realloc(d->all, d->cap * sizeof *d->all);
	}
	d->all[d->len++] = e;
	map_set(&d->entries, dataset_uid(d, row), e);
	return e;
}

static void add_sample(const struct dataset *d, struct entry *e)
{
	if (!d->spark || !record_knows(d->kind, e->row, d->spark))
		return;
	double v = d->spark->type->number
		? d->spark->type->number(record_member(e->row, d->spark), 0)
		: 0;

	if (e->spark_len == SPARK_MAX)
		memmove(e->spark, e->spark + 1, --e->spark_len);
	e->spark[e->spark_len++] = (uint8_t)(!(v > 0) ? 0 : v > 100 ? 100 : v);
}

/* What the object will be found by; most likely: what it says is cleaned when it is decoded. */
static struct entry *find_json(const struct dataset *d, const json_t *in)
{
	const char *uid = json_string_value(json_object_get(in, kind_uid(d->kind)->name));

	if (!uid || !*uid)
		uid = json_string_value(json_object_get(in, kind_key(d->kind)->name));
	return uid && *uid ? dataset_find(d, uid) : NULL;
}

/* The entry of the row that was just put: `e` where the guess was right. NULL: it has no uid of its
 * own. */
static struct entry *settle_entry(struct dataset *d, struct entry *e, void *row, bool *added)
{
	if (e && e->row == row)
		return e;
	e = dataset_find(d, dataset_uid(d, row));
	*added = !e;
	if (!e)
		return add_entry(d, row);
	return e->row == row ? e : NULL;
}

static void tally(const struct dataset *d, const void *row, int sign)
{
	if (d->tally)
		d->tally(d->ctx, row, sign);
}

bool dataset_put(struct dataset *d, const json_t *in, const struct field *watch,
	struct dataset_change *out)
{
	struct entry *guess = json_is_object(in) ? find_json(d, in) : NULL, *e = NULL;
	struct buf before = BUF_INIT, after = BUF_INIT;

	out->added = false;
	remember(d, guess ? guess->row : NULL, watch, &before);
	if (guess)
		tally(d, guess->row, -1);
	void *row = rowset_put_json(&d->rows, in, NULL, NULL);

	if (row)
		e = settle_entry(d, guess, row, &out->added);
	if (guess && e != guess)
		tally(d, guess->row, +1);
	if (e && e != guess && !out->added)
		e = NULL; /* changed under another name: left as it was counted */
	if (!e)
		goto out;
	remember(d, row, watch, &after);
	out->entry = e;
	out->moved = before.len != after.len || memcmp(before.data, after.data, after.len) != 0;
	e->unseen = false;
	if (d->spark && json_object_get(in, d->spark->name))
		add_sample(d, e);
	tally(d, row, +1);
out:
	buf_release(&before);
	buf_release(&after);
	return e != NULL;
}

struct entry *dataset_remove(struct dataset *d, const char *uid)
{
	struct entry *e = map_remove(&d->entries, uid);

	if (!e)
		return NULL;
	tally(d, e->row, -1);
	if (rowset_find(&d->rows, uid) == e->row)
		rowset_remove(&d->rows, uid);
	e->row = NULL;
	return e;
}

void dataset_begin_again(struct dataset *d)
{
	for (size_t i = 0; i < d->len; i++)
		d->all[i]->unseen = true;
}

bool dataset_synced(struct dataset *d)
{
	bool any = false;

	d->synced = true;
	for (size_t i = 0; i < d->len; i++) {
		struct entry *e = d->all[i];

		if (!e->row || !e->unseen)
			continue;
		char *uid = mem_strdup(dataset_uid(d, e->row));

		dataset_remove(d, uid);
		free(uid);
		any = true;
	}
	return any;
}

void dataset_sweep(struct dataset *d)
{
	size_t to = 0;

	for (size_t i = 0; i < d->len; i++) {
		if (d->all[i]->row)
			d->all[to++] = d->all[i];
		else
			free(d->all[i]);
	}
	d->len = to;
}

void sentence_set(char **error, const char *sentence)
{
	struct buf clean = BUF_INIT;

	free(*error);
	*error = NULL;
	if (!sentence)
		return;
	sanitize_text(&clean, sentence, strlen(sentence));
	*error = buf_detach(&clean);
}

void dataset_fail(struct dataset *d, const char *sentence)
{
	sentence_set(&d->error, sentence);
}
