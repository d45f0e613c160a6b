#include "kinds/package_look.h"

#include "base/mem.h"
#include "io/turns.h"

#include <stdlib.h>
#include <string.h>

enum { REMEMBERED = 256, WAITING_MAX = 64 /* of an org: each holds its request */ };

/* What was asked, and what was found. */
struct look {
	struct platform *p;
	struct turn turn;
	char *path, *label, *module;
	char *key; /* of what is remembered; NULL: nothing is */
	struct archive_limits limits;
	package_looked looked;
	void *ctx;
	bool good, known; /* known: from memory */
	struct err e;
};

struct answer {
	char *key;
	bool good;
	struct err e;
};

struct package_looks {
	struct answer answers[REMEMBERED];
	size_t next;
};

void package_looks_release(struct package_looks *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < REMEMBERED; i++)
		free(l->answers[i].key);
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
	k->path = mem_strdup(q->path);
	k->label = q->label ? mem_strdup(q->label) : NULL;
	k->module = mem_strdup(q->module ? q->module : "");
	k->limits = archive_limits_default;
	k->limits.entries = p->settings.package_entries;
	k->limits.ratio = p->settings.package_ratio;
	k->limits.stop = turns_stopped(p->turns);
	if (q->sha256) {
		/* With what sentences call it: another org has another name for the same bytes. */
		buf_addf(&key, "%s %lld %lld %s %s", q->sha256, (long long)k->limits.entries,
			(long long)k->limits.ratio, k->module, k->label ? k->label : "");
		k->key = buf_detach(&key);
	}
	return k;
}

static void look_run(struct turn *turn)
{
	struct look *k = turn->ctx;
	char root[ARCHIVE_ROOT_SIZE];

	if (*k->module)
		k->good = archive_find_module(k->path, k->label, k->module, &k->limits, root,
			&k->e);
	else
		k->good = archive_check(k->path, k->label, &k->limits, &k->e);
}

/* ---- Turns ---- */

/* What has been answered meanwhile is not looked into again. */
static bool look_due(struct turn *turn)
{
	struct look *k = turn->ctx;
	const struct answer *known = answer_find(k->p->package_looks, k->key);

	if (known == NULL)
		return true;
	k->good = known->good;
	k->e = known->e;
	k->known = true;
	return false;
}

static void look_over(struct turn *turn, bool ran)
{
	struct look *k = turn->ctx;
	struct platform *p = k->p;

	if (ran) {
		answer_keep(p->package_looks, k);
	} else if (!k->known) {
		k->good = false;
		err_set(&k->e, ERR_UNAVAILABLE, "mltopd is stopping");
	}
	k->looked(k->ctx, k->good, &k->e);
	look_free(k);
	platform_let_go(p);
}

void package_look(struct platform *p, const struct package_question *question,
	package_looked looked, void *ctx)
{
	char key[PLATFORM_TURN_SIZE];
	struct err full = ERR_INIT;
	struct look *k;

	if (turns_count(p->turns, platform_turn(question->org_id, key)) >= WAITING_MAX) {
		err_set(&full, ERR_BUSY,
			"%d jobs of this org wait for their packages to be looked into, the most "
			"that may: submit it again in a while",
			WAITING_MAX);
		looked(ctx, false, &full);
		return;
	}
	k = look_new(p, question);
	if (p->package_looks == NULL)
		p->package_looks = mem_alloc(sizeof *p->package_looks);
	k->looked = looked;
	k->ctx = ctx;
	k->turn = (struct turn){.ctx = k, .due = look_due, .run = look_run, .over = look_over};
	platform_hold(p);
	turns_queue(p->turns, &k->turn, key);
}
