/*
 * A change goes to the disk when it is the first in the queue of each of its objects: so each is
 * compared with what the one before it left. When somebody else was faster, what this change is about
 * is put over what they made of the object, and it goes again. A change that fails takes back what
 * composing it did.
 */
#include "model/change.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRIES_MAX = 32 }; /* against a writer who is faster each time */

static void change_run(struct change *c);

/*
 * A change that cannot be is over, and freed, as soon as it runs, and puts others into the list: only
 * one walk of it is on its way, so that nobody holds what another has freed.
 */
static void next_run(struct model *m)
{
	struct change *c;

	if (m->going)
		return;
	m->going = true;
	while ((c = flights_next(m)) != NULL)
		change_run(c);
	m->going = false;
}

/* ---- Made again on what somebody else made of the object ---- */

/* `row`: the object as it is; borrowed texts are packed before they go. */
static void entry_rebase(struct entry *en, const void *row, uint64_t revision)
{
	const struct kind *k = en->set->kind;
	struct arena text = ARENA_INIT;
	union any_record mine, now;

	en->base = revision;
	if (en->pack.len > 0 &&
		record_unpack(k, mine.bytes, &text, en->pack.data, en->pack.len, NULL)) {
		memcpy(now.bytes, row, k->size);
		record_overlay(k, now.bytes, mine.bytes, &en->touched);
		entry_pack(en, now.bytes);
	}
	arena_release(&text);
}

/* Another change of ours, or somebody else, was there since it was composed. */
static bool change_rebase(struct change *c, struct err *e)
{
	for (size_t i = 0; i < c->entries.len; i++) {
		struct entry *en = &c->entries.items[i];
		const struct record *row;

		if (en->any || en->fresh)
			continue;
		row = rowset_find(en->set->rows, en->uid);
		/* What nobody asked to go, and is gone already, needs nothing more. */
		en->done = row == NULL && en->pack.len == 0 && !c->asked;
		if (en->done)
			continue;
		if (row == NULL)
			return err_set(e, ERR_CONFLICT, "the %s is gone already", en->set->name);
		if (en->strict && row->revision != en->base)
			return err_field(e, ERR_CONFLICT, "version",
				"the %s was changed by somebody else meanwhile: look at it and "
				"change it again",
				en->set->name);
		if (row->revision != en->base)
			entry_rebase(en, row, row->revision);
	}
	return true;
}

/* The store has another state of it than the row here: is that one to be tried? */
static bool change_meets(struct change *c, const struct store_object *now)
{
	struct entry *en = now ? entry_find(c, now->kind, now->uid) : NULL;
	struct arena text = ARENA_INIT;
	union any_record row;
	bool good;

	if (en == NULL || en->any || en->fresh || en->strict)
		return false;
	good = object_read(en->set->kind, now, &row, &text, NULL);
	if (good)
		entry_rebase(en, row.bytes, now->revision);
	arena_release(&text);
	return good && ++c->tries < TRIES_MAX;
}

/* ---- There and back ---- */

static void change_done(void *ctx, const struct store_outcome *how);

static void entry_store(const struct entry *en, struct store_tx *tx)
{
	struct store_object o = {.kind = en->set->name,
		.uid = en->uid,
		.org_id = en->org_id,
		.parent = en->parent,
		.name = en->name,
		.gone = en->gone,
		.pack = en->pack.data,
		.len = en->pack.len,
		.revision = en->any ? STORE_ANY
			: en->fresh ? STORE_NONE
				    : en->base};

	if (en->pack.len > 0)
		store_put(tx, &o);
	else
		store_remove(tx, o.kind, o.uid, o.revision);
}

/*
 * Where one object lasts at a time, the first that is stored decides whether the change holds, and what
 * is not as expected of those behind it is left as it is: so what others may have changed meanwhile
 * goes before what is ours alone, and is queued first.
 */
static void entries_store(const struct change *c, bool any, struct store_tx *tx)
{
	for (size_t i = 0; i < c->entries.len; i++)
		if (c->entries.items[i].any == any && !c->entries.items[i].done)
			entry_store(&c->entries.items[i], tx);
}

static struct store_nonce change_nonce(const struct change *c)
{
	const char *body = c->kept ? c->kept : c->answer ? c->answer : "";

	return (struct store_nonce){c->by.access_key, c->by.nonce, c->by.request_hash, c->expires,
		c->kept ? c->kept_status : c->status, body, strlen(body)};
}

static void change_over(struct change *c, bool ok, const struct err *e);

/*
 * Somebody wants something new: the one thing that can wait for room on the disk. What is new of an
 * object that is removed cannot: it is less than what goes.
 */
static bool change_makes(const struct change *c)
{
	bool makes = false, removes = false;

	for (size_t i = 0; c->asked && i < c->entries.len; i++) {
		makes = makes || c->entries.items[i].fresh;
		removes = removes || c->entries.items[i].pack.len == 0;
	}
	return makes && !removes;
}

/* It is the first at each of its objects. */
static void change_run(struct change *c)
{
	struct model *m = c->m;
	struct store_tx *tx = store_tx_new();
	struct err e = ERR_INIT;

	c->running = true;
	if (c->tries == 0 && !change_rebase(c, &e)) {
		store_tx_free(tx);
		change_over(c, false, &e);
		return;
	}
	if (!change_makes(c))
		store_tx_urgent(tx);
	store_tx_add(tx, c->before);
	entries_store(c, false, tx);
	entries_store(c, true, tx);
	if (c->expires) {
		struct store_nonce n = change_nonce(c);

		model_nonces_sweep(m, model_now(), tx); /* first: this one may be among them */
		store_nonce_put(tx, &n);
	}
	store_tx_add(tx, c->more);
	c->version = c->entries.len > 0 ? ++m->next_version : 0;
	store_commit(m->store, tx, c->version, change_done, c);
}

/* Whoever looks after its workloads learns how it went. */
static void change_works_done(struct change *c, bool ok)
{
	const struct model_watchers *told = &c->m->told;

	for (size_t i = 0; i < c->entries.len; i++) {
		const struct entry *en = &c->entries.items[i];

		if (kind_runs(en->set->kind))
			told->work_settled(told->ctx, en->uid,
				!change_in_flight(c->m, en->set->kind, en->uid),
				!ok && !c->asked && en->pack.len > 0);
	}
}

/* A workload that was asked to change: what is wanted of it is again what the last commit holds. */
static void work_undo(struct model *m, const struct entry *en)
{
	const struct kind *k = en->set->kind;
	const void *row = model_row(m, k, en->uid), *work = model_moving(m, k, en->uid);
	union any_record mine;

	if (row == NULL || work == NULL || en->pack.len == 0)
		return;
	memcpy(mine.bytes, work, k->size);
	record_overlay(k, &mine, row, &en->own);
	model_moving_put(m, k, &mine);
}

static void change_undo(struct change *c)
{
	for (size_t i = 0; i < c->entries.len; i++) {
		const struct entry *en = &c->entries.items[i];

		/* What nobody asked for goes on being wanted, and is stored again. */
		if (kind_runs(en->set->kind) && !c->asked)
			continue;
		entry_undo(c->m, en);
		if (kind_runs(en->set->kind) && !en->fresh)
			work_undo(c->m, en);
	}
}

static void change_over(struct change *c, bool ok, const struct err *e)
{
	struct model *m = c->m;

	m->changes_waiting--;
	flights_leave(c);
	coming_end(c);
	if (ok && c->version > m->version)
		m->version = c->version;
	if (!ok)
		change_undo(c);
	change_works_done(c, ok);
	if (ok && c->expires) {
		struct store_nonce n = change_nonce(c);

		model_nonce_keep(m, &n);
	}
	if (c->after)
		c->after(c->after_ctx, ok, e);
	if (c->answered)
		c->answered(c->answered_ctx, ok, e, c->status, c->answer);
	change_release(c);
	next_run(m);
}

static void change_done(void *ctx, const struct store_outcome *how)
{
	struct change *c = ctx;

	if (!how->ok && change_meets(c, how->now))
		change_run(c);
	else
		change_over(c, how->ok, how->e);
}

void change_commit(struct change *c)
{
	c->m->changes_waiting++;
	/* A change by a person without its audit record must not happen. */
	if (c->asked && !c->audited) {
		struct err e = ERR_INIT;

		err_set(&e, ERR_INTERNAL,
			"the audit record could not be made: nothing was changed");
		c->running = true;
		change_over(c, false, &e);
		return;
	}
	flights_join(c);
	coming_begin(c);
	if (flights_first(c))
		change_run(c);
}

struct committed {
	bool ok;
	struct err e;
};

static void change_committed(void *ctx, bool ok, const struct err *e)
{
	struct committed *o = ctx;

	o->ok = ok;
	if (!ok)
		o->e = *e;
}

bool change_commit_now(struct change *c, struct err *e)
{
	struct committed result = {false, ERR_INIT};
	struct store *store = c->m->store;

	change_then(c, change_committed, &result);
	change_commit(c);
	store_drain(store);
	if (!result.ok && e)
		*e = result.e;
	return result.ok;
}
