#include "kinds/package_look.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { REMEMBERED = 256, WAITING_MAX = 64 /* of an org: each holds its request */ };

/* What was asked, and what was found. */
struct look {
	struct platform *p;
	uv_work_t work;
	char *org_id, *path, *label, *module;
	char *key; /* of what is remembered; NULL: nothing is */
	struct archive_limits limits;
	package_looked looked;
	void *ctx;
	bool good;
	struct err e;
};

/* Those of one org that wait for their turn; the first one has it. */
struct look_queue {
	VEC(struct look *) waiting;
};

struct answer {
	char *key;
	bool good;
	struct err e;
};

struct package_looks {
	struct map queues; /* org_id -> struct look_queue */
	struct answer answers[REMEMBERED];
	size_t next;
};

static struct package_looks *looks_of(struct platform *p)
{
	if (p->package_looks == NULL)
		p->package_looks = mem_alloc(sizeof *p->package_looks);
	return p->package_looks;
}

void package_looks_release(struct package_looks *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < REMEMBERED; i++)
		free(l->answers[i].key);
	map_release(&l->queues);
	free(l);
}

/* ---- What is remembered ---- */

static const struct answer *answer_find(const struct package_looks *l, const char *key)
{
	for (size_t i = 0; key && i < REMEMBERED; i++)
		if (l->answers[i].key && strcmp(l->answers[i].key, key) == 0)
			return &l->answers[i];
	return NULL;
}

/* The oldest one leaves for it. A fault of the disk is no property of the package. */
static void answer_keep(struct package_looks *l, const struct look *k)
{
	struct answer *a = &l->answers[l->next];

	if (k->key == NULL || answer_find(l, k->key) ||
		(!k->good && k->e.code != ERR_UNPROCESSABLE))
		return;
	free(a->key);
	*a = (struct answer){mem_strdup(k->key), k->good, k->e};
	l->next = (l->next + 1) % REMEMBERED;
}

/* ---- One ---- */

static void look_free(struct look *k)
{
	free(k->org_id);
	free(k->path);
	free(k->label);
	free(k->module);
	free(k->key);
	free(k);
}

static struct look *look_new(struct platform *p, const struct package_question *q)
{
	struct look *k = mem_alloc(sizeof *k);
	struct buf key = BUF_INIT;

	k->p = p;
	k->work.data = k;
	k->org_id = mem_strdup(q->org_id);
	k->path = mem_strdup(q->path);
	k->label = q->label ? mem_strdup(q->label) : NULL;
	k->module = mem_strdup(q->module ? q->module : "");
	k->limits = archive_limits_default;
	k->limits.entries = p->settings.package_entries;
	k->limits.ratio = p->settings.package_ratio;
	if (q->sha256) {
		buf_addf(&key, "%s %lld %lld %s", q->sha256, (long long)k->limits.entries,
			(long long)k->limits.ratio, k->module);
		k->key = buf_detach(&key);
	}
	return k;
}

static void look_run(uv_work_t *work)
{
	struct look *k = work->data;
	char root[ARCHIVE_ROOT_SIZE];

	if (*k->module)
		k->good = archive_find_module(k->path, k->label, k->module, &k->limits, root,
			&k->e);
	else
		k->good = archive_check(k->path, &k->limits, &k->e);
}

/* ---- Turns ---- */

static void look_next(struct package_looks *l, const char *org_id);

static void look_over(struct look *k)
{
	struct platform *p = k->p;
	struct package_looks *l = p->package_looks;
	struct look_queue *q = map_get(&l->queues, k->org_id);

	vec_remove(&q->waiting, 0);
	look_next(l, k->org_id);
	k->looked(k->ctx, k->good, &k->e);
	look_free(k);
	platform_let_go(p);
}

static void look_done(uv_work_t *work, int status)
{
	struct look *k = work->data;

	if (status != 0) {
		k->good = false;
		err_set(&k->e, ERR_UNAVAILABLE, "mltopd is stopping");
	} else {
		answer_keep(k->p->package_looks, k);
	}
	look_over(k);
}

/* The first of the queue has its turn; those that are answered already need none. */
static void look_next(struct package_looks *l, const char *org_id)
{
	struct look_queue *q = map_get(&l->queues, org_id);
	struct look *k = q->waiting.len ? q->waiting.items[0] : NULL;
	const struct answer *known;

	if (k == NULL) {
		map_remove(&l->queues, org_id);
		vec_release(&q->waiting);
		free(q);
		return;
	}
	known = answer_find(l, k->key);
	if (known) {
		k->good = known->good;
		k->e = known->e;
		look_over(k);
	} else if (k->p->closing) {
		err_set(&k->e, ERR_UNAVAILABLE, "mltopd is stopping");
		look_over(k);
	} else {
		uv_queue_work(k->p->loop, &k->work, look_run, look_done);
	}
}

void package_look(struct platform *p, const struct package_question *question,
	package_looked looked, void *ctx)
{
	struct package_looks *l = looks_of(p);
	struct look_queue *q = map_get(&l->queues, question->org_id);
	struct err full = ERR_INIT;
	struct look *k;

	if (q != NULL && q->waiting.len >= WAITING_MAX) {
		err_set(&full, ERR_BUSY,
			"%d jobs of this org wait for their packages to be looked into, the most "
			"that may: submit it again in a while",
			WAITING_MAX);
		looked(ctx, false, &full);
		return;
	}
	k = look_new(p, question);
	k->looked = looked;
	k->ctx = ctx;
	if (q == NULL) {
		q = mem_alloc(sizeof *q);
		map_set(&l->queues, k->org_id, q);
	}
	platform_hold(p);
	vec_push(&q->waiting, k);
	if (q->waiting.len == 1)
		look_next(l, k->org_id);
}
