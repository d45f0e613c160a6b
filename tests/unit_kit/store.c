#include "unit_kit/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/fsio.h"
#include "base/mem.h"
#include "store_apart/apart.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool fed(void *ctx, const struct store_object *o, struct err *e)
{
	struct kit *f = ctx;

	(void)e;
	f->revision = o->revision;
	f->version = o->version;
	f->gone = o->gone;
	snprintf(f->uid, sizeof f->uid, "%s", o->uid);
	snprintf(f->name, sizeof f->name, "%s", o->name);
	f->jobs += strcmp(o->kind, "job") == 0;
	f->events += strcmp(o->kind, "event") == 0;
	return true;
}

static void fed_gone(void *ctx, const struct store_object *o)
{
	struct kit *f = ctx;

	f->version = o->version;
	f->removed++;
}

static void load(struct kit *f)
{
	static const char *const kinds[] = {"org", "job", "event", NULL};
	struct store_loader l = {.feed = {f, fed, fed_gone},
		.kinds = kinds,
		.newest = "event",
		.most = 1000};

	assert_true(store_load(f->s, &l, NULL));
}

void kit_notify(void *ctx)
{
	atomic_fetch_add(&((struct kit *)ctx)->notified, 1);
}

void kit_open(struct kit *f)
{
	struct store_config c = {.ops = f->ops, .dir = f->dir, .notify = kit_notify, .ctx = f};
	struct err e = ERR_INIT;

	assert_true(store_open(&f->s, &c, &e) || (print_error("%s\n", e.text), false));
	load(f);
	assert_true(store_start(f->s, &e));
}

static int begin_on(void **state, const struct store_ops *ops)
{
	struct kit *f = mem_alloc(sizeof *f);
	const char *tmp = getenv("TMPDIR");

	setenv("MLTOPD_ALONE", "1", 1); /* nobody else writes */
	f->ops = ops;
	snprintf(f->dir, sizeof f->dir, "%s/mltop-store-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(f->dir));
	kit_open(f);
	*state = f;
	return 0;
}

int kit_on_sqlite(void **state)
{
	return begin_on(state, &store_sqlite);
}

int kit_on_apart(void **state)
{
	return begin_on(state, &store_apart);
}

int kit_end(void **state)
{
	struct kit *f = *state;

	store_close(f->s);
	fsio_remove_tree(f->dir, NULL);
	free(f);
	return 0;
}

/* ---- Outcomes ---- */

void on_done(void *ctx, const struct store_outcome *how)
{
	struct outcome *o = ctx;

	o->called = true;
	o->ok = how->ok;
	o->code = how->ok ? ERR_NONE : how->e->code;
	o->now = how->now ? how->now->revision : 0;
}

void on_rows(void *ctx, bool ok, const struct store_rows *rows, const struct err *e)
{
	struct outcome *o = ctx;

	on_done(ctx, &(struct store_outcome){.ok = ok, .e = e});
	for (size_t i = 0; i < rows->count; i++) {
		buf_add(&o->text, rows->rows[i].data, rows->rows[i].len);
		buf_addc(&o->text, '\n');
	}
}

void put(struct store_tx *tx, const char *kind, const char *uid, const char *parent,
	const char *name, uint64_t expected)
{
	store_put(tx,
		&(struct store_object){.kind = kind,
			.uid = uid,
			.org_id = strcmp(kind, "org") == 0 ? "" : "1",
			.parent = parent,
			.name = name,
			.pack = uid,
			.len = strlen(uid),
			.revision = expected});
}

struct store_tx *org_tx(const char *id, const char *name)
{
	struct store_tx *tx = store_tx_new();

	put(tx, "org", id, "", name, STORE_NONE);
	return tx;
}

bool commit(struct kit *f, struct store_tx *tx, uint64_t version)
{
	struct outcome o = {false};

	store_commit(f->s, tx, version, on_done, &o);
	store_drain(f->s);
	assert_true(o.called);
	return o.ok;
}

bool insert(struct kit *f, const char *uid, const char *name)
{
	struct store_tx *tx = store_tx_new();

	put(tx, "job", uid, "", name, STORE_NONE);
	return commit(f, tx, 0);
}

bool update(struct kit *f, const char *uid, const char *name, uint64_t expected, bool gone)
{
	struct store_tx *tx = store_tx_new();

	store_put(tx,
		&(struct store_object){.kind = "job",
			.uid = uid,
			.org_id = "1",
			.parent = "",
			.name = name,
			.gone = gone,
			.pack = "new",
			.len = 3,
			.revision = expected});
	return commit(f, tx, 0);
}

void kit_reopen(struct kit *f)
{
	store_close(f->s);
	f->jobs = f->events = 0;
	kit_open(f);
}

bool kit_opens(const struct kit *f, struct err *e)
{
	struct store_config c = {.dir = f->dir};
	struct store *s;

	if (!store_open(&s, &c, e))
		return false;
	store_close(s);
	return true;
}
