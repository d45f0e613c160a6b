#include "unit_kit/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/fsio.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void told(struct kit *f, const char *what, const char *of)
{
	buf_addf(&f->told, "%s%s %s", f->told.len ? ", " : "", what, of);
}

static void row_stored(void *ctx, const struct kind *k, const void *row)
{
	struct kit *f = ctx;

	assert_ptr_equal(row, rowset_find(model_rows(&f->m, k), record_uid(k, row)));
	told(f, "stored", k->name);
}

static void row_changed(void *ctx, const struct kind *k, const char *uid)
{
	assert_non_null(rowset_find(model_rows(&((struct kit *)ctx)->m, k), uid));
	told(ctx, "changed", k->name);
}

static void row_gone(void *ctx, const struct kind *k, const char *uid)
{
	assert_null(rowset_find(model_rows(&((struct kit *)ctx)->m, k), uid));
	told(ctx, "gone", k->name);
}

static void key_disabled(void *ctx, const char *access_key)
{
	told(ctx, "disabled", access_key);
}

static void work_settled(void *ctx, const char *uid, bool last, bool lost)
{
	struct kit *f = ctx;

	(void)uid;
	f->settled++;
	f->last = last;
	f->lost = lost;
}

static struct event_fold *fold(void *ctx, const char *uid)
{
	struct kit *f = ctx;

	(void)uid;
	return f->in_motion ? &f->newest : NULL;
}

static void stored(void *ctx)
{
	(void)ctx;
}

/* The one that runs: a store's crash points have no context. */
static struct kit *running;

static void at_point(const char *point)
{
	if (running->at_point)
		running->at_point(running, point);
}

static int begin_on(void **state, const struct store_ops *ops)
{
	struct kit *f = running = calloc(1, sizeof *f);
	const struct model_watchers watchers = {f, row_stored, row_changed, row_gone, key_disabled,
		work_settled, fold};
	struct store_config config = {.ops = ops,
		.dir = f->dir,
		.volatile_data = true,
		.notify = stored,
		.fault = at_point};
	const char *tmp = getenv("TMPDIR");
	struct err e = ERR_INIT;

	setenv("MLTOPD_ALONE", "1", 1); /* others write when a test says so */
	snprintf(f->dir, sizeof f->dir, "%s/mltop-model-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(f->dir));
	model_init(&f->m, &watchers);
	f->m.settings = (struct model_settings){.events_kept = 2, .events_per_job = 2};
	assert_true(store_open(&f->m.store, &config, &e));
	assert_true(model_load(&f->m, &e));
	assert_true(store_start(f->m.store, &e));
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

	store_close(f->m.store);
	model_release(&f->m);
	buf_release(&f->told);
	arena_release(&f->text);
	fsio_remove_tree(f->dir, NULL);
	free(f);
	return 0;
}

/* ---- Changes ---- */

struct change *kit_begin(struct kit *f)
{
	struct change *c = change_new(&f->m);

	change_actor(c, "test", "");
	buf_reset(&f->told);
	return c;
}

struct change *kit_asked(struct kit *f, const char *action)
{
	static const struct author somebody = {"KEY", "somebody", "1", "127.0.0.1", ROLE_ADMIN};
	struct change *c = change_by(&f->m, &somebody);

	change_audit(c, action, "object", NULL);
	buf_reset(&f->told);
	return c;
}

bool kit_commit(struct change *c)
{
	struct err e = ERR_INIT;

	return change_commit_now(c, &e);
}

static void was_told(void *ctx, bool ok, const struct err *e, int status, const char *answer)
{
	struct kit_outcome *o = ctx;

	(void)status, (void)answer;
	o->told++;
	o->ok = ok;
	o->code = ok ? ERR_NONE : e->code;
}

void kit_commit_told(struct change *c, struct kit_outcome *how)
{
	change_told(c, was_told, how);
	change_commit(c);
}

struct job kit_job(struct kit *f, const char *uid)
{
	struct change *c = kit_begin(f);
	struct job j = {0};

	job_set(&j, uid, arena_strdup(&f->text, uid));
	job_set(&j, job_name, j.uid);
	job_set(&j, org_id, "1");
	job_set(&j, state, WORK_RUNNING);
	model_moving_put(&f->m, &job_kind, &j);
	change_work(c, &job_kind, (const struct workload *)&j);
	assert_true(kit_commit(c));
	return *kit_work(f, uid);
}

const struct job *kit_work(struct kit *f, const char *uid)
{
	return (const struct job *)model_moving(&f->m, &job_kind, uid);
}

const struct job *kit_row(struct kit *f, const char *uid)
{
	return rowset_find(&f->m.jobs, uid);
}

/* ---- The writer beside ours, and the disk ---- */

static struct apart *apart_of(struct kit *f)
{
	return f->m.store->back;
}

static void other_does(struct kit *f, struct store_tx *tx)
{
	struct apart *a = apart_of(f);

	pthread_mutex_lock(&a->lock);
	apart_do(a, tx->first, NULL);
	store_told(f->m.store, tx, 0);
	pthread_mutex_unlock(&a->lock);
}

void other_puts(struct kit *f, const struct job *j)
{
	struct store_tx *tx = store_tx_new();
	struct buf pack = BUF_INIT;

	record_pack(&job_kind, j, &pack);
	store_put(tx,
		&(struct store_object){.kind = "job",
			.uid = j->uid,
			.org_id = j->org_id,
			.parent = "",
			.name = j->job_name,
			.pack = pack.data,
			.len = pack.len});
	other_does(f, tx);
	buf_release(&pack);
}

void other_removes(struct kit *f, const struct kind *k, const char *uid)
{
	struct store_tx *tx = store_tx_new();

	store_remove(tx, k->name, uid, STORE_ANY);
	other_does(f, tx);
}

void store_is_idle(struct kit *f)
{
	struct store *s = f->m.store;

	pthread_mutex_lock(&s->lock);
	while (s->queue || s->busy)
		pthread_cond_wait(&s->idle, &s->lock);
	pthread_mutex_unlock(&s->lock);
}

void disk_full(struct kit *f, bool full)
{
	struct apart *a = apart_of(f);

	pthread_mutex_lock(&a->lock);
	a->full = full;
	pthread_mutex_unlock(&a->lock);
}
