/*
 * What the store tells: objects as they are now, at the start, after our own changes and when
 * somebody else changed them. Rows that others see are only ever written here.
 */
#include "model/change.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* `uid` may be the row's own text. */
static void row_gone(struct model *m, struct rowset *rows, const char *uid)
{
	char *name = mem_strdup(uid);

	if (rowset_remove(rows, name))
		m->told.row_gone(m->told.ctx, rows->kind, name);
	free(name);
}

/* ---- What a row has in memory only, by kind ---- */

/* Tasks of a removed workload go with it. */
static void tasks_gone(struct model *m, const struct workload *w)
{
	for (int attempt = 1; attempt <= (int)w->attempt; attempt++) {
		const struct task *t = model_task(m, w->uid, NULL, attempt);

		if (t)
			row_gone(m, &m->tasks, t->uid);
	}
}

static void work_keep(struct model *m, const struct kind *k, struct workload *w)
{
	const struct workload *work = model_moving(m, k, w->uid);
	const struct workload *row = model_row(m, k, w->uid);

	if (work || row)
		workload_samples_copy(k, w, work ? work : row);
	/* Why it waits is not stored and may be newer than this change. */
	if (work && work->state == WORK_ENQUEUED && w->state == WORK_ENQUEUED) {
		workload_set(k, w, reason, work->reason);
		workload_set(k, w, message, work->message);
	}
}

/*
 * What somebody else changed of one in motion holds for what we are about to do with it as well; but
 * for what changes of ours are about, which are on their way and will be put over it.
 */
static void work_meet(struct model *m, const struct kind *k, const struct workload *w)
{
	const void *row = model_row(m, k, w->uid), *work = model_moving(m, k, w->uid);
	struct fieldset changed, ours;
	union any_record mine;

	if (row == NULL || work == NULL)
		return;
	record_diff(k, row, w, &changed);
	flight_touches(m, k, w->uid, &ours);
	fieldset_remove(&changed, &ours);
	memcpy(mine.bytes, work, k->size);
	record_overlay(k, &mine, w, &changed);
	model_moving_put(m, k, &mine);
}

/* ---- Rows ---- */

/* As a kind's own struct. */
union any_row {
	union any_record any;
	struct record record;
	struct workload work;
	struct key key;
};

bool object_read(const struct kind *k, const struct store_object *o, union any_record *rec,
	struct arena *text, struct err *e)
{
	size_t len = 0;
	const void *large;

	if (!record_unpack(k, rec->bytes, text, o->pack, o->len, e))
		return false;
	large = pack_extra_find(o->pack, o->len, "large", &len);
	if (large && len == sizeof rec->record.large)
		memcpy(&rec->record.large, large, len);
	rec->record.revision = o->revision;
	rec->record.packed = (uint32_t)o->len + rec->record.large;
	return true;
}

/* What kind k adds to the unpacked row before it is shown; texts that it makes are in `own`. */
static bool row_fill(struct model *m, const struct store_object *o, const struct kind *k,
	union any_row *rec, struct buf *own, struct err *e)
{
	if (kind_runs(k))
		work_keep(m, k, &rec->work);
	if (kind_runs(k) && o->version == 0)
		work_meet(m, k, &rec->work);
	else
		flight_stored(m, k, o->uid);
	if (k->renew)
		k->renew(rec);
	return k != &key_kind || keys_unseal(m, &rec->key, o, own, e);
}

static void row_shown(struct model *m, struct set *set, const struct store_object *o,
	const union any_row *rec)
{
	const struct kind *k = set->kind;
	const void *row = rowset_find(set->rows, o->uid);

	if (set->name_field && !o->gone && set_name_uid(set, o->org_id, o->name) == NULL)
		set_name_take(set, o->org_id, o->name, o->uid);
	if (set->name_field && o->gone)
		set_name_give(set, o->org_id, o->name, o->uid);
	m->told.row_stored(m->told.ctx, k, row);
	model_show(m, k, o->uid);
	if (k == &key_kind && rec->key.disabled)
		m->told.key_disabled(m->told.ctx, o->uid);
}

/* The oldest events leave memory, and viewers, who would gather them for ever; the store has them. */
static void events_bound(struct model *m)
{
	size_t most = (size_t)m->settings.events_kept;

	while (m->events.len > most) {
		const struct event *oldest = m->events.rows[0];

		row_gone(m, &m->events, oldest->uid);
	}
}

/* The counter that streams go by: of our change, or one more for what somebody else did. */
static void version_reached(struct model *m, uint64_t version)
{
	if (version == 0 && m->loaded)
		version = ++m->next_version;
	if (version > m->version)
		m->version = version;
}

static bool row_unpack(const struct store_object *o, const struct kind *k, union any_row *rec,
	struct arena *text, struct err *e)
{
	if (o->row) {
		memcpy(&rec->any, o->row, k->size);
		return true;
	}
	if (k->from_json && o->len > 0 && *(const char *)o->pack == '{')
		return k->from_json(rec, text, o->pack, o->len, e);
	return object_read(k, o, &rec->any, text, e);
}

/* What runs for an org takes so much in the store. `rec` NULL: the row goes. */
static void bytes_count(struct model *m, const struct workload *rec, const struct workload *row)
{
	const char *org = rec ? rec->org_id : row->org_id;
	intptr_t n = (intptr_t)map_get(&m->record_bytes, org);

	n += rec ? (intptr_t)rec->record.packed : 0;
	n -= row ? (intptr_t)row->record.packed : 0;
	map_set(&m->record_bytes, org, (void *)n);
}

int64_t model_record_bytes(const struct model *m, const char *org_id)
{
	return (intptr_t)map_get(&m->record_bytes, org_id);
}

static bool feed_put(void *ctx, const struct store_object *o, struct err *e)
{
	struct model *m = ctx;
	struct set *set = sets_named(&m->sets, o->kind);
	struct arena text = ARENA_INIT;
	struct buf own = BUF_INIT;
	union any_row rec;
	bool good;

	if (set == NULL)
		return true; /* of a newer program */
	good = row_unpack(o, set->kind, &rec, &text, e) && row_fill(m, o, set->kind, &rec, &own, e);
	if (good) {
		rec.record.revision = o->revision;
		version_reached(m, o->version);
		if (kind_runs(set->kind))
			bytes_count(m, &rec.work, rowset_find(set->rows, o->uid));
		rowset_put(set->rows, &rec, NULL);
		row_shown(m, set, o, &rec);
		if (set->kind == &event_kind)
			events_bound(m);
	}
	if (own.len > 0)
		sign_wipe(own.data, own.len);
	buf_release(&own);
	arena_release(&text);
	return good;
}

static void feed_gone(void *ctx, const struct store_object *o)
{
	struct model *m = ctx;
	struct set *set = sets_named(&m->sets, o->kind);
	const struct workload *w;

	if (set == NULL)
		return;
	version_reached(m, o->version);
	w = kind_runs(set->kind) ? rowset_find(set->rows, o->uid) : NULL;
	if (w) {
		bytes_count(m, NULL, w);
		set_name_give(set, w->org_id, record_key(set->kind, w), w->uid);
		tasks_gone(m, w);
	}
	row_gone(m, set->rows, o->uid);
}

static bool nonce_loaded(void *ctx, const struct store_nonce *n, struct err *e)
{
	(void)e;
	return model_nonce_load(ctx, n);
}

bool model_load(struct model *m, struct err *e)
{
	const char *kinds[KIND_SETS + 1];
	struct store_loader l = {.feed = {m, feed_put, feed_gone},
		.kinds = kinds,
		.newest = "event",
		.most = m->settings.events_kept,
		.nonce = nonce_loaded,
		.now = model_now()};

	sets_stored(&m->sets, kinds);
	if (!store_load(m->store, &l, e))
		return false;
	/* A start is a server of its own: what is in memory only is new, and the store may be a copy. */
	if (getrandom(&m->server, sizeof m->server, 0) != (ssize_t)sizeof m->server)
		return err_set(e, ERR_INTERNAL, "the system gives no random bytes");
	m->version = m->next_version = store_version_at_start(m->store) + 1;
	m->loaded = true;
	return true;
}
