#include "model/change.h"

#include "base/mem.h"
#include "base/timefmt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct change *change_new(struct model *m)
{
	struct change *c = mem_alloc(sizeof *c);

	c->m = m;
	c->before = store_tx_new();
	c->more = store_tx_new();
	return c;
}

struct change *change_by(struct model *m, const struct author *who)
{
	struct change *c = change_new(m);

	c->asked = true;
	c->by = *who;
	if (who->nonce && *who->nonce)
		c->expires = who->now + 2 * (int64_t)SIGN_WINDOW_MS;
	return c;
}

static void entry_release(struct entry *en)
{
	free(en->uid);
	free(en->org_id);
	free(en->parent);
	free(en->name);
	buf_release(&en->pack);
	buf_release(&en->sealed);
}

void change_release(struct change *c)
{
	for (size_t i = 0; i < c->entries.len; i++)
		entry_release(&c->entries.items[i]);
	vec_release(&c->entries);
	store_tx_free(c->before);
	store_tx_free(c->more);
	free(c->actor);
	free(c->actor_org);
	free(c->answer);
	free(c);
}

void change_free(struct change *c)
{
	for (size_t i = 0; i < c->entries.len; i++)
		entry_undo(c->m, &c->entries.items[i]);
	change_release(c);
}

/* ---- Objects ---- */

static const char *text_of(const struct set *set, const char *field, const void *rec)
{
	const struct field *f = field && rec ? kind_field(set->kind, field) : NULL;

	return f ? record_text(rec, f) : "";
}

/* `rec` NULL: it is to be removed. */
static struct entry *entry_add(struct change *c, const struct kind *k, const char *uid,
	const void *rec)
{
	const struct set *set = sets_of(&c->m->sets, k);
	const struct record *row = rowset_find(set->rows, uid);
	struct entry *old = entry_find(c, set->name, uid), en = {.set = set, .any = set->ours};
	const void *from = rec ? rec : row;

	if (old) {
		buf_reset(&old->pack);
		buf_reset(&old->sealed);
		return old;
	}
	en.uid = mem_strdup(uid);
	en.org_id = mem_strdup(text_of(set, set->org_field, from));
	en.parent = mem_strdup(text_of(set, set->parent_field, from));
	en.name = mem_strdup(text_of(set, set->name_field, from));
	en.fresh = rec && !en.any && row == NULL && !change_in_flight(c->m, k, uid);
	en.base = row ? row->revision : STORE_NONE;
	buf_init(&en.pack, 0);
	buf_init(&en.sealed, 0);
	vec_push(&c->entries, en);
	return &c->entries.items[c->entries.len - 1];
}

/*
 * What a change is about: all that it makes different from the row as it is stored, which may be more
 * than it makes different from the row that it was composed from, where a change before it was lost.
 */
static void touched(struct entry *en, const void *row, const void *from, const void *rec)
{
	const struct kind *k = en->set->kind;

	fieldset_all(&en->touched, k);
	fieldset_all(&en->own, k);
	if (from && from != rec)
		record_diff(k, from, rec, &en->own);
	if (row && row != rec)
		record_diff(k, row, rec, &en->touched);
	else
		en->touched = en->own;
	if (from && from != rec)
		fieldset_join(&en->touched, &en->own);
}

void entry_pack(struct entry *en, const void *rec)
{
	buf_reset(&en->pack);
	record_pack(en->set->kind, rec, &en->pack);
	if (en->sealed.len > 0)
		pack_extra(&en->pack, "sealed", en->sealed.data, en->sealed.len);
	if (((const struct record *)rec)->large > 0)
		pack_extra(&en->pack, "large", &((const struct record *)rec)->large,
			sizeof(uint32_t));
}

/* The record as it is kept in memory: what is long of it goes beside the object. */
static void entry_split(struct change *c, struct entry *en, const void *rec)
{
	const struct kind *k = en->set->kind;
	struct arena text = ARENA_INIT;
	struct buf whole = BUF_INIT;
	union any_record cut;

	memcpy(cut.bytes, rec, k->size);
	if (record_split(k, &cut, &text, &whole)) {
		store_blob_put(c->before, k->name, en->uid, LARGE_BLOB, whole.data, whole.len);
		if (kind_runs(k))
			model_moving_put(c->m, k, &cut);
	}
	entry_pack(en, &cut);
	en->bytes = (int64_t)en->pack.len + cut.record.large;
	buf_release(&whole);
	arena_release(&text);
}

/* The name is this one's from now on, or free from now on; entry_undo takes it back. */
static void entry_name(struct change *c, struct entry *en)
{
	struct set *set = sets_of(&c->m->sets, en->set->kind);

	if (*en->name == '\0')
		return;
	if (en->gone)
		en->gave = set_name_give(set, en->org_id, en->name, en->uid) || en->gave;
	else if (en->fresh && !en->took)
		set_name_take(set, en->org_id, en->name, en->uid);
	en->took = en->took || en->fresh;
}

void entry_undo(struct model *m, const struct entry *en)
{
	struct set *set = sets_named(&m->sets, en->set->name);

	if (en->took)
		set_name_give(set, en->org_id, en->name, en->uid);
	if (en->gave && rowset_find(set->rows, en->uid) &&
		set_name_uid(set, en->org_id, en->name) == NULL)
		set_name_take(set, en->org_id, en->name, en->uid);
}

/* `from`: what `rec` was made from, NULL: nothing. */
static struct entry *change_record(struct change *c, const struct kind *k, const void *rec,
	const void *from, bool gone)
{
	const char *uid = record_uid(k, rec);
	struct entry *en = entry_add(c, k, uid, rec);

	en->gone = gone;
	touched(en, rowset_find(en->set->rows, uid), from, rec);
	entry_split(c, en, rec);
	entry_name(c, en);
	return en;
}

void change_work(struct change *c, const struct kind *k, const struct workload *w)
{
	change_record(c, k, w, model_moving(c->m, k, w->uid), w->state == WORK_DELETING);
}

void change_task(struct change *c, const struct task *t)
{
	change_record(c, &task_kind, t, NULL, false);
}

/* Makes the newest event this one, or counts it once more. */
static void event_count(struct model *m, struct event_fold *f, struct event *ev, int64_t now)
{
	uint32_t hash = field_tag(ev->message);

	if (f->uid[0] && f->hash == hash && strcmp(f->reason, ev->reason) == 0) {
		f->count++;
	} else {
		model_uid(m, f->uid, now);
		snprintf(f->reason, sizeof f->reason, "%s", ev->reason);
		f->hash = hash;
		f->count = 1;
		f->first = now;
	}
	ev->uid = f->uid;
	ev->count = f->count;
	ev->first_time.v = f->first;
}

const char *events_of(const struct kind *k, const char *uid, char out[EVENTS_OF_SIZE])
{
	if (k == &org_kind || strcmp(kind_uid(k)->name, "org_id") != 0)
		return uid;
	snprintf(out, EVENTS_OF_SIZE, "%s/%s", k->name, uid);
	return out;
}

void change_event(struct change *c, const struct kind *k, const void *rec, enum event_type type,
	const char *reason, const char *format, ...)
{
	/* What is of the platform first is told to admins, and to nobody else in a list of all. */
	bool of_org = k->see < ROLE_ADMIN && !k->all_at_once;
	const struct field *org = of_org ? kind_field(k, "org_id") : NULL;
	struct event ev = {.org_id = org ? record_text(rec, org) : "",
		.kind = k->name,
		.object_uid = record_uid(k, rec),
		.object_name = record_key(k, rec),
		.type = type,
		.reason = reason,
		.count = 1};
	struct event_fold *fold = c->m->told.fold(c->m->told.ctx, ev.object_uid);
	int64_t now = model_now();
	struct buf text = BUF_INIT;
	char uid[ULID_SIZE], of[EVENTS_OF_SIZE];
	struct entry *en;
	va_list ap;

	va_start(ap, format);
	buf_vaddf(&text, format, ap);
	va_end(ap);
	ev.message = text.data;
	ev.first_time.v = ev.last_time.v = now;
	if (fold) {
		event_count(c->m, fold, &ev, now);
	} else {
		model_uid(c->m, uid, now);
		ev.uid = uid;
	}
	for (size_t i = 0; i < event_kind.field_count; i++)
		record_know(&event_kind, &ev, event_kind.fields[i].offset);
	en = change_record(c, &event_kind, &ev, NULL, false);
	free(en->parent);
	en->parent = mem_strdup(events_of(k, ev.object_uid, of));
	buf_release(&text);
}

void change_events_trim(struct change *c, const struct kind *k, const char *uid)
{
	char of[EVENTS_OF_SIZE];

	store_children_trim(c->more, event_kind.name, events_of(k, uid, of),
		c->m->settings.events_per_job);
}

struct model *change_model(const struct change *c)
{
	return c->m;
}

void change_row(struct change *c, const struct kind *k, const void *rec)
{
	const struct set *set = sets_of(&c->m->sets, k);

	change_record(c, k, rec, rowset_find(set->rows, record_uid(k, rec)), false);
}

void change_only_if(struct change *c, const struct kind *k, const char *uid)
{
	struct entry *en = entry_find(c, k->name, uid);

	if (en)
		en->strict = true;
}

void change_row_remove(struct change *c, const struct kind *k, const char *uid)
{
	struct entry *en = entry_add(c, k, uid, NULL);
	char of[EVENTS_OF_SIZE];

	en->gone = true;
	entry_name(c, en);
	store_children_remove(c->more, events_of(k, uid, of));
}

bool change_key(struct change *c, const struct key *k, struct err *e)
{
	struct buf sealed = BUF_INIT;
	struct entry *en;

	if (!store_seal(c->m->store, k->access_key, k->secret_key, strlen(k->secret_key), &sealed,
		    e))
		return false;
	en = change_record(c, &key_kind, k, model_key(c->m, k->access_key), false);
	buf_add(&en->sealed, sealed.data, sealed.len);
	entry_pack(en, k);
	buf_release(&sealed);
	return true;
}

void change_actor(struct change *c, const char *actor, const char *org_id)
{
	c->actor = mem_strdup(actor);
	c->actor_org = mem_strdup(org_id);
}

/* Who did it, of which org that is where it is not the one whose chain has the record. */
static json_t *audit_record(const struct change *c, const char *org, const char *action,
	const char *object)
{
	const struct author *by = c->asked ? &c->by : NULL;
	const char *of = by ? by->org_id : c->actor_org;
	char time[TIMEFMT_SIZE];
	json_t *record;

	timefmt_rfc3339(time, model_now());
	record = json_pack("{s:s, s:s, s:s?, s:s?, s:s, s:s?, s:s, s:s?}", "time", time, "org_id",
		org, "access_key", by ? by->access_key : NULL, "key_name",
		by ? by->key_name : c->actor, "role", by ? role_words[by->role] : "local", "peer",
		by ? by->peer : NULL, "action", action, "object", object);
	if (record && of && *of && strcmp(of, org) != 0)
		json_object_set_new(record, "by_org", json_string(of));
	return record;
}

static void audit_add(struct change *c, const char *org, json_t *record)
{
	char *text = record ? json_dumps(record, JSON_COMPACT) : NULL;

	if (text)
		store_audit_add(c->more, org, text);
	c->audited = text != NULL;
	free(text);
	json_decref(record);
}

void change_audit_in(struct change *c, const char *org, const char *action, const char *object,
	const char *detail)
{
	json_t *record = audit_record(c, org, action, object);

	if (record && detail)
		json_object_set_new(record, "detail", json_string(detail));
	audit_add(c, org, record);
}

void change_audit(struct change *c, const char *action, const char *object, const char *detail)
{
	const char *org = c->asked ? c->by.org_id : c->actor_org;

	change_audit_in(c, org ? org : "", action, object, detail);
}

void change_audit_of(struct change *c, const struct kind *k, const char *verb, const void *row)
{
	const struct field *f = kind_field(k, "org_id");
	const char *of = f ? record_text(row, f) : "";
	struct buf action = BUF_INIT;

	buf_addf(&action, "%s.%s", k->name, verb);
	if (*of)
		change_audit_in(c, of, action.data, record_uid(k, row), record_key(k, row));
	else
		change_audit(c, action.data, record_uid(k, row), record_key(k, row));
	buf_release(&action);
}

void change_audit_drop(struct change *c, const char *org, int64_t n, const char *hash)
{
	json_t *record = audit_record(c, org, AUDIT_CHECKPOINT, "");
	struct buf detail = BUF_INIT;

	buf_addf(&detail, "records up to %lld are dropped", (long long)n);
	if (record) {
		json_object_set_new(record, "detail", json_string(detail.data));
		json_object_set_new(record, "dropped", json_integer(n));
		json_object_set_new(record, "hash", json_string(hash));
	}
	store_audit_drop(c->more, org, n);
	audit_add(c, org, record);
	buf_release(&detail);
}

void change_then(struct change *c, change_after after, void *ctx)
{
	c->after = after;
	c->after_ctx = ctx;
}

void change_told(struct change *c, change_answered answered, void *ctx)
{
	c->answered = answered;
	c->answered_ctx = ctx;
}

void change_answer(struct change *c, int status, json_t *body)
{
	c->status = status;
	c->answer = json_dumps(body, JSON_COMPACT);
	/* A text that JSON cannot hold: what is asked for is done all the same. */
	if (c->answer == NULL)
		c->answer = mem_strdup("{}");
	json_decref(body);
}

/* A secret is shown once: it must not lie in the store in the clear until the window ends. */
void change_answer_once(struct change *c)
{
	c->kept_status = 409;
	c->kept =
		"{\"error\":true,\"message\":\"this request was carried out and its answer held a "
		"secret, which is shown once: rotate the key to get a new one\"}";
}
