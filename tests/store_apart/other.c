#include "store_apart/apart.h"

#include "base/log.h"
#include "base/mem.h"
#include "core/kinds/job.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Our own changes must leave alone what they are not about. */
static void rank_check(const struct apart_object *o, const struct job *j)
{
	if (o->rank == 0 || j->current_rank == o->rank)
		return;
	log_line(LOG_ERROR, "job %s: a change of ours took back what somebody else had changed",
		j->uid);
	abort();
}

/* What stands beside the record's fields in its pack is not the other writer's to drop. */
static void extra_keep(const struct op *op, const char *name, struct buf *pack)
{
	size_t len = 0;
	const void *extra = pack_extra_find(op->blob, op->blob_len, name, &len);

	if (extra)
		pack_extra(pack, name, extra, len);
}

/* A rank that it did not have, or the same bytes again: either is a new revision. */
static void job_touch(struct apart *a, struct apart_object *o, struct buf *pack)
{
	struct arena text = ARENA_INIT;
	struct job j;

	if (record_unpack(&job_kind, &j, &text, o->op->blob, o->op->blob_len, NULL)) {
		rank_check(o, &j);
		o->rank = 1 + rand_r(&a->seed) % 1000;
		record_set(job, &j, current_rank, o->rank);
		record_pack(&job_kind, &j, pack);
		extra_keep(o->op, "large", pack);
	}
	arena_release(&text);
}

/* Jobs of that name are removed by it while they run. */
static bool to_be_removed(const struct apart_object *o)
{
	struct arena text = ARENA_INIT;
	struct job j;
	bool found = strcmp(o->op->text[OP_KIND], "job") == 0 &&
		record_unpack(&job_kind, &j, &text, o->op->blob, o->op->blob_len, NULL) &&
		strcmp(j.job_name, "taken-away") == 0 && j.state == WORK_RUNNING;

	arena_release(&text);
	return found;
}

static void take_away(struct apart *a, struct apart_object *o)
{
	struct store_tx *tx = store_tx_new();
	struct op *gone;

	store_remove(tx, o->op->text[OP_KIND], o->op->text[OP_UID],
		(uint64_t)o->op->number[OP_GIVEN]);
	gone = tx->first;
	if (apart_note(a, gone, NULL, NULL)) {
		apart_do(a, gone, NULL);
		store_told(a->store, tx, 0);
	} else {
		store_tx_free(tx);
	}
}

static void touch(struct apart *a, struct apart_object *o)
{
	struct buf pack = BUF_INIT;
	struct op changed = *o->op, *old = o->op;
	struct store_tx *tx = store_tx_new();

	if (strcmp(changed.text[OP_KIND], "job") == 0)
		job_touch(a, o, &pack);
	if (pack.len > 0) {
		changed.blob = pack.data;
		changed.blob_len = pack.len;
	}
	changed.number[OP_EXPECTED] = o->op->number[OP_GIVEN];
	changed.number[OP_GIVEN] = (int64_t)++a->revision;
	op_append(tx, op_copy(&changed));
	o->op = op_copy(&changed);
	free(old);
	store_told(a->store, tx, 0);
	buf_release(&pack);
}

/* One of those that more than one may change, at random. */
static struct apart_object *some(struct apart *a)
{
	static const char *const kinds[] = {"job", "org", "key", "quota"};
	const char *kind = kinds[rand_r(&a->seed) % 4], *key;
	VEC(struct apart_object *) all = {0};
	struct apart_object *one = NULL;
	size_t at = 0;
	void *value;

	while (map_next(&a->objects, &at, &key, &value)) {
		struct apart_object *o = value;

		if (!o->hidden && strcmp(o->op->text[OP_KIND], kind) == 0)
			vec_push(&all, o);
	}
	if (all.len > 0)
		one = all.items[rand_r(&a->seed) % all.len];
	vec_release(&all);
	return one;
}

void *apart_other(void *arg)
{
	struct apart *a = arg;
	bool stop = false;

	while (!stop) {
		struct apart_object *o;

		usleep(500 + (unsigned)rand_r(&a->seed) % 4000);
		pthread_mutex_lock(&a->lock);
		o = some(a);
		if (o && to_be_removed(o))
			take_away(a, o);
		else if (o)
			touch(a, o);
		stop = a->stop;
		pthread_mutex_unlock(&a->lock);
	}
	return NULL;
}
