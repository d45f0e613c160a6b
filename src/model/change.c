#include "model/change.h"

#include "base/mem.h"
#include "base/timefmt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct change *change_new(struct platform *p)
{
	struct change *c = mem_alloc(sizeof *c);

	c->p = p;
	c->tx = store_tx_new();
	return c;
}

struct change *change_for(struct request *r)
{
	struct change *c = change_new(r->platform);

	c->r = r;
	if (r->nonce && *r->nonce) {
		c->access_key = mem_strdup(r->who.access_key);
		c->nonce = mem_strdup(r->nonce);
		c->hash = mem_strdup(r->request_hash);
		c->expires = r->now + 2 * (int64_t)SIGN_WINDOW_MS;
	}
	return c;
}

struct store_nonce change_nonce(const struct change *c)
{
	const char *body = c->kept ? c->kept : c->answer ? c->answer : "";

	return (struct store_nonce){c->access_key, c->nonce, c->hash, c->expires,
		c->kept ? c->kept_status : c->status, body, strlen(body)};
}

void change_free(struct change *c)
{
	for (size_t i = 0; i < c->shown.len; i++) {
		struct shown *s = &c->shown.items[i];

		if (s->kind == &org_kind)
			rowset_remove(&c->p->orgs_coming, s->uid);
		free(s->uid);
		free(s->org_id);
		if (s->secret)
			sign_wipe(s->secret, strlen(s->secret));
		free(s->secret);
		buf_release(&s->pack);
	}
	vec_release(&c->shown);
	for (size_t i = 0; i < c->jobs.len; i++)
		free(c->jobs.items[i]);
	vec_release(&c->jobs);
	store_tx_free(c->tx);
	free(c->access_key);
	free(c->nonce);
	free(c->hash);
	free(c->actor);
	free(c->actor_org);
	free(c->answer);
	free(c);
}

static struct shown *show(struct change *c, const struct kind *k, const char *uid, const char *org)
{
	struct shown s = {.kind = k,
		.uid = mem_strdup(uid),
		.org_id = mem_strdup(org ? org : ""),
		.pack = BUF_INIT};

	vec_push(&c->shown, s);
	return &c->shown.items[c->shown.len - 1];
}

static const struct buf *show_record(struct change *c, const struct kind *k, const void *rec,
	const char *org)
{
	struct shown *s = show(c, k, record_uid(k, rec), org);

	record_pack(k, rec, &s->pack);
	return &s->pack;
}

void change_job(struct change *c, const struct job *j, int from)
{
	const struct buf *pack = show_record(c, &job_kind, j, j->org_id);
	struct store_job row = {j->uid, j->org_id, j->job_name, j->state, pack->data, pack->len};
	struct active *a = platform_active(c->p, j->uid);

	if (from < 0)
		store_job_insert(c->tx, &row);
	else
		store_job_update(c->tx, &row, (unsigned)from);
	if (a) {
		a->in_flight++;
		vec_push(&c->jobs, mem_strdup(j->uid));
	}
}

void change_job_remove(struct change *c, const char *uid)
{
	const struct job *j = rowset_find(&c->p->jobs, uid);

	store_job_remove(c->tx, uid);
	show(c, &job_kind, uid, j ? j->org_id : "");
}

void change_task(struct change *c, const struct task *t)
{
	const struct buf *pack = show_record(c, &task_kind, t, t->org_id);

	store_task_put(c->tx, t->uid, t->job_uid, pack->data, pack->len);
}

static uint32_t text_hash(const char *text)
{
	return field_tag(text);
}

/* Makes `a`'s newest event this one, or counts it once more. */
static void event_fold(struct platform *p, struct active *a, struct event *ev, int64_t now)
{
	uint32_t hash = text_hash(ev->message);

	if (a->event_uid[0] && a->event_hash == hash && strcmp(a->event_reason, ev->reason) == 0) {
		a->event_count++;
	} else {
		platform_uid(p, a->event_uid, now);
		snprintf(a->event_reason, sizeof a->event_reason, "%s", ev->reason);
		a->event_hash = hash;
		a->event_count = 1;
		a->event_first = now;
	}
	ev->uid = a->event_uid;
	ev->count = a->event_count;
	ev->first_time.v = a->event_first;
}

void change_event(struct change *c, const struct job *j, enum event_type type, const char *reason,
	const char *format, ...)
{
	struct event ev = {.org_id = j->org_id,
		.kind = "job",
		.object_uid = j->uid,
		.object_name = j->job_name,
		.type = type,
		.reason = reason,
		.count = 1};
	struct active *a = platform_active(c->p, j->uid);
	int64_t now = platform_now();
	struct buf text = BUF_INIT;
	char uid[ULID_SIZE];
	va_list ap;
	const struct buf *pack;

	va_start(ap, format);
	buf_vaddf(&text, format, ap);
	va_end(ap);
	ev.message = text.data;
	ev.first_time.v = ev.last_time.v = now;
	if (a) {
		event_fold(c->p, a, &ev, now);
	} else {
		platform_uid(c->p, uid, now);
		ev.uid = uid;
	}
	for (size_t i = 0; i < event_kind.field_count; i++)
		record_know(&event_kind, &ev, event_kind.fields[i].offset);
	pack = show_record(c, &event_kind, &ev, ev.org_id);
	store_event_put(c->tx, ev.uid, ev.org_id, ev.object_uid, pack->data, pack->len);
	buf_release(&text);
}

void change_events_trim(struct change *c, const char *uid)
{
	store_events_trim(c->tx, uid, config_int(&c->p->config, SET_EVENTS_PER_JOB));
}

struct platform *change_platform(const struct change *c)
{
	return c->p;
}

void change_org(struct change *c, const struct org *o)
{
	const struct buf *pack = show_record(c, &org_kind, o, o->org_id);

	store_org_put(c->tx, o->org_id, o->org_name, pack->data, pack->len);
}

bool change_key(struct change *c, const struct key *k, struct err *e)
{
	struct buf sealed = BUF_INIT;
	const struct buf *pack;

	if (!store_seal(c->p->store, k->access_key, k->secret_key, &sealed, e))
		return false;
	pack = show_record(c, &key_kind, k, k->org_id);
	c->shown.items[c->shown.len - 1].secret = mem_strdup(k->secret_key);
	store_key_put(c->tx, k->access_key, k->org_id, &sealed, pack->data, pack->len);
	buf_release(&sealed);
	return true;
}

void change_quota(struct change *c, const struct quota *q)
{
	const struct buf *pack = show_record(c, &quota_kind, q, q->org_id);

	store_quota_put(c->tx, q->org_id, pack->data, pack->len);
}

void change_package(struct change *c, const char *id, const char *org_id, const struct buf *pack)
{
	if (pack)
		store_package_put(c->tx, id, org_id, pack->data, pack->len);
	else
		store_package_remove(c->tx, id);
}

void change_actor(struct change *c, const char *actor, const char *org_id)
{
	c->actor = mem_strdup(actor);
	c->actor_org = mem_strdup(org_id);
}

void change_audit(struct change *c, const char *action, const char *object, const char *detail)
{
	const struct request *r = c->r;
	const char *org = r ? r->who.org_id : c->actor_org ? c->actor_org : "";
	char time[TIMEFMT_SIZE];
	json_t *record;
	char *text;

	timefmt_rfc3339(time, platform_now());
	record = json_pack("{s:s, s:s, s:s?, s:s?, s:s, s:s?, s:s, s:s?}", "time", time, "org_id",
		org, "access_key", r ? r->who.access_key : NULL, "key_name",
		r ? r->who.key_name : c->actor, "role", r ? role_words[r->who.role] : "local",
		"peer", r ? r->peer : NULL, "action", action, "object", object);
	if (record && detail)
		json_object_set_new(record, "detail", json_string(detail));
	text = record ? json_dumps(record, JSON_COMPACT) : NULL;
	if (text)
		store_audit_add(c->tx, org, text);
	c->audited = text != NULL;
	free(text);
	json_decref(record);
}

void change_then(struct change *c, change_after after, void *ctx)
{
	c->after = after;
	c->after_ctx = ctx;
}

void change_answer(struct change *c, int status, json_t *body)
{
	c->status = status;
	c->answer = json_dumps(body, JSON_COMPACT);
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
