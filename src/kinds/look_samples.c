#include "kinds/look_samples.h"

#include "base/mem.h"
#include "base/num.h"
#include "base/timefmt.h"
#include "core/schema/series.h"

#include <stdlib.h>
#include <string.h>

enum { APART_MS = 1000 }; /* as the samples of what runs */

struct looked {
	struct series series;
	bool seen;
	char key[]; /* of the row */
};

bool look_samples_due(struct platform *p)
{
	int64_t mono = time_mono_ms();

	if (p->looked_at && mono - p->looked_at < APART_MS)
		return false;
	p->looked_at = mono;
	return true;
}

/* By kind and key: rows that stand for others' have the same. */
static void name_of(const struct kind *k, const char *key, struct buf *out)
{
	buf_addf(out, "%s/%s", k->name, key);
}

static struct looked *looked_find(struct platform *p, const struct kind *k, const char *key)
{
	struct buf name = BUF_INIT;
	struct looked *found;

	name_of(k, key, &name);
	found = map_get(&p->looked, name.data);
	buf_release(&name);
	return found;
}

static struct looked *looked_new(struct platform *p, const struct kind *k, const char *key)
{
	size_t len = strlen(key) + 1;
	struct looked *made = mem_alloc(sizeof *made + len);
	struct buf name = BUF_INIT;

	memcpy(made->key, key, len);
	series_init(&made->series, k);
	name_of(k, key, &name);
	map_set(&p->looked, name.data, made);
	buf_release(&name);
	return made;
}

static void looked_free(struct looked *l)
{
	series_release(&l->series);
	free(l);
}

static void seen_take(struct platform *p, const struct kind *k, const void *row, int64_t now)
{
	const char *key = record_key(k, row);
	struct looked *l = looked_find(p, k, key);

	if (l == NULL)
		l = looked_new(p, k, key);
	l->seen = true;
	series_add(&l->series, row, now);
}

/* Those of the kind that were not seen go. */
static void forget_others(struct platform *p, const struct kind *k)
{
	VEC(struct looked *) gone = {0};
	const char *name;
	void *value;

	for (size_t at = 0; map_next(&p->looked, &at, &name, &value);) {
		struct looked *l = value;

		if (l->series.kind == k && !l->seen)
			vec_push(&gone, l);
	}
	for (size_t i = 0; i < gone.len; i++) {
		struct buf key = BUF_INIT;

		name_of(k, gone.items[i]->key, &key);
		map_remove(&p->looked, key.data);
		looked_free(gone.items[i]);
		buf_release(&key);
	}
	vec_release(&gone);
}

void look_samples_take(struct platform *p, const struct rowset *rows)
{
	int64_t now = model_now();
	const char *name;
	void *value;

	if (!kind_has_series(rows->kind))
		return;
	for (size_t at = 0; map_next(&p->looked, &at, &name, &value);)
		((struct looked *)value)->seen = false;
	for (size_t i = 0; i < rows->len; i++)
		seen_take(p, rows->kind, rows->rows[i], now);
	forget_others(p, rows->kind);
}

void look_samples_release(struct platform *p)
{
	const char *name;
	void *value;

	for (size_t at = 0; map_next(&p->looked, &at, &name, &value);)
		looked_free(value);
	map_release(&p->looked);
}

void look_samples(struct request *r)
{
	const struct kind *k = r->route->kind;
	const char *from = request_query(r, "from");
	const struct looked *l = looked_find(r->platform, k, r->params[0]);
	struct err e = ERR_INIT;
	int64_t since = 0;

	if (request_org(r, k, true) == NULL)
		return;
	if (from && !num_i64(from, 0, INT64_MAX / 2, &since)) {
		err_field(&e, ERR_INVALID, "from", "from is '%.40s': give milliseconds since 1970",
			from);
		request_fail(r, &e);
	} else if (l == NULL) {
		request_absent(r, k, r->params[0]);
	} else {
		request_reply(r, 200, series_encode(&l->series, NULL, since));
	}
}
