#include "kinds/routes.h"

#include "base/mem.h"
#include "base/num.h"

#include <stdlib.h>
#include <string.h>

/* ---- Quotas ---- */

void route_quota_list(struct request *r)
{
	const char *org = request_query(r, "org_id");
	json_t *list;
	bool other = org && *org && strcmp(org, r->who.org_id) != 0;
	struct err e = ERR_INIT;

	if (other && r->who.role < ROLE_QUOTA_ADMIN) {
		err_set(&e, ERR_FORBIDDEN,
			"org_id names another org: only a quota-admin or admin may see its quota");
		request_fail(r, &e);
		return;
	}
	if (!other)
		org = r->who.org_id;
	list = json_array();
	for (size_t i = 0; i < r->platform->quotas.len; i++) {
		const struct quota *q = r->platform->quotas.rows[i];

		if (strcmp(org, "-1") == 0 || strcmp(org, q->org_id) == 0)
			json_array_append_new(list, record_encode(&quota_kind, q, NULL));
	}
	request_reply(r, 200, json_pack("{s:o}", "data", list));
}

static void quota_stored(void *ctx, bool ok, const struct err *e)
{
	(void)ok, (void)e;
	reconcile_soon(ctx);
}

static void quota_change(struct request *r, const struct quota *q)
{
	struct change *c = change_for(r);

	change_quota(c, q);
	change_audit(c, "quota.change", q->org_id, q->org_name);
	change_answer(c, 200, record_encode(&quota_kind, q, NULL));
	change_then(c, quota_stored, r->platform);
	change_commit(c);
}

/* The public client sends the org's identity along, and what it calls priorities. */
static void quota_body_prepare(json_t *body)
{
	static const char *const known[] = {"org_id", "org_name", "project"};
	const char *key;
	json_t *value;
	void *next;

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		json_object_del(body, known[i]);
	json_object_foreach_safe(body, next, key, value)
		if (json_is_null(value) || strstr(key, "_priority_"))
			json_object_del(body, key);
}

void route_quota_put(struct request *r)
{
	const struct quota *row = rowset_find(&r->platform->quotas, r->params[0]);
	struct arena text = ARENA_INIT;
	struct err e = ERR_INIT;
	struct quota q;

	if (row == NULL) {
		err_set(&e, ERR_NOT_FOUND, "there is no org %.40s", r->params[0]);
	} else if (!json_is_object(r->body)) {
		err_set(&e, ERR_INVALID, "the body must be a JSON object: the limits to change");
	} else {
		q = *row;
		quota_body_prepare(r->body);
		if (record_decode(&quota_kind, &q, &text, r->body, DECODE_EDIT, &e)) {
			quota_change(r, &q);
			arena_release(&text);
			return;
		}
	}
	request_fail(r, &e);
	arena_release(&text);
}

/* ---- Orgs ---- */

void route_org_list(struct request *r)
{
	route_rows(r, &r->platform->orgs, "-1");
}

void route_org_create(struct request *r)
{
	struct arena text = ARENA_INIT;
	struct err e = ERR_INIT;
	struct change *c = NULL;
	struct org wanted = {.org_id = NULL}, o;

	if (!json_is_object(r->body)) {
		err_set(&e, ERR_INVALID, "the body must be a JSON object with org_name");
	} else if (record_decode(&org_kind, &wanted, &text, r->body, DECODE_NEW, &e)) {
		if (platform_org_named(r->platform, wanted.org_name)) {
			err_field(&e, ERR_CONFLICT, "org_name", "there is an org %s already",
				wanted.org_name);
		} else {
			c = change_for(r);
			if (orgs_obtain(c, wanted.org_name, &o, &text, &e)) {
				if (wanted.description && *wanted.description) {
					o.description = wanted.description;
					record_know(&org_kind, &o,
						offsetof(struct org, description));
					change_org(c, &o);
				}
				change_audit(c, "org.create", o.org_id, o.org_name);
				change_answer(c, 200, record_encode(&org_kind, &o, NULL));
				change_commit(c);
				arena_release(&text);
				return;
			}
			change_free(c);
		}
	}
	request_fail(r, &e);
	arena_release(&text);
}

/* ---- Keys ---- */

void route_key_list(struct request *r)
{
	route_rows(r, &r->platform->keys, "-1");
}

static json_t *key_json(const struct key *k)
{
	json_t *out = record_encode(&key_kind, k, NULL);

	json_object_set_new(out, "secret_key", json_string(k->secret_key));
	json_object_set_new(out, "org", json_string(k->org_name));
	return out;
}

/* The org that a new key is for, by id or name; it must be there. */
static const struct org *key_org(struct request *r, const struct key *wanted, struct err *e)
{
	struct platform *p = r->platform;
	const struct org *o = NULL;

	if (wanted->org_id && *wanted->org_id)
		o = platform_org(p, wanted->org_id);
	else if (wanted->org_name && *wanted->org_name)
		o = platform_org_named(p, wanted->org_name);
	else
		o = platform_org(p, r->who.org_id);
	if (o == NULL)
		err_field(e, ERR_UNPROCESSABLE, "org_name", "there is no org %.60s: make it first",
			wanted->org_name ? wanted->org_name : wanted->org_id);
	return o;
}

static void key_answer(struct request *r, struct change *c, const struct key *k, const char *action)
{
	struct err e = ERR_INIT;

	if (!change_key(c, k, &e)) {
		change_free(c);
		request_fail(r, &e);
		return;
	}
	change_audit(c, action, k->access_key, k->name);
	change_answer(c, 200, key_json(k));
	change_answer_once(c);
	change_commit(c);
}

void route_key_create(struct request *r)
{
	struct arena text = ARENA_INIT;
	struct err e = ERR_INIT;
	struct key wanted = {.access_key = NULL}, k;
	const struct org *o = NULL;
	bool has_role;

	if (!json_is_object(r->body))
		err_set(&e, ERR_INVALID, "the body must be a JSON object with org_name and role");
	else if (record_decode(&key_kind, &wanted, &text, r->body, DECODE_NEW, &e))
		o = key_org(r, &wanted, &e);
	if (o == NULL) {
		request_fail(r, &e);
		arena_release(&text);
		return;
	}
	has_role = record_has(key, &wanted, role);
	keys_make(&k, &text, o, wanted.name && *wanted.name ? wanted.name : "key",
		has_role ? (enum role)wanted.role : ROLE_OPERATOR, r->now);
	k.read_only = wanted.read_only;
	if (record_has(key, &wanted, not_after)) {
		k.not_after = wanted.not_after;
		record_know(&key_kind, &k, offsetof(struct key, not_after));
	}
	key_answer(r, change_for(r), &k, "key.create");
	arena_release(&text);
}

static const struct key *path_key(struct request *r)
{
	const struct key *k = platform_key(r->platform, r->params[0]);
	struct err e = ERR_INIT;

	if (k == NULL) {
		err_set(&e, ERR_NOT_FOUND, "there is no key %.40s", r->params[0]);
		request_fail(r, &e);
	}
	return k;
}

void route_key_disable(struct request *r)
{
	const struct key *k = path_key(r);
	struct err e = ERR_INIT;
	struct change *c;

	if (k == NULL)
		return;
	c = change_for(r);
	if (!keys_disable(c, k, &e)) {
		change_free(c);
		request_fail(r, &e);
		return;
	}
	change_answer(c, 200, route_message("key %s is disabled", k->access_key));
	change_commit(c);
}

void route_key_rotate(struct request *r)
{
	const struct key *row = path_key(r);
	struct arena text = ARENA_INIT;
	struct key k;

	if (row == NULL)
		return;
	keys_rotate(&k, &text, row, r->now);
	key_answer(r, change_for(r), &k, "key.rotate");
	arena_release(&text);
}

/* ---- Events and audit ---- */

void route_event_list(struct request *r)
{
	const char *org = route_org(r, true);

	if (org)
		route_rows(r, &r->platform->events, org);
}

static void audit_read(void *ctx, bool ok, const struct store_rows *rows, const struct err *e)
{
	struct request *r = ctx;
	struct buf out = BUF_INIT;

	if (!ok) {
		request_fail(r, e);
		return;
	}
	buf_adds(&out, "{\"data\":[");
	for (size_t i = 0; i < rows->count; i++) {
		buf_adds(&out, i ? "," : "");
		buf_add(&out, rows->rows[i].data, rows->rows[i].len);
	}
	buf_adds(&out, "]}");
	request_reply_json_text(r, 200, out.data, out.len);
	buf_release(&out);
}

void route_audit(struct request *r)
{
	const char *limit = request_query(r, "limit"), *before = request_query(r, "before");
	int64_t most = 500, from = 0;
	struct err e = ERR_INIT;

	if ((limit && !num_i64(limit, 1, 10000, &most)) ||
		(before && !num_i64(before, 1, INT64_MAX, &from))) {
		err_set(&e, ERR_INVALID, "limit and before are numbers: limit up to 10000");
		request_fail(r, &e);
		return;
	}
	store_read_audit(r->platform->store, from, most, audit_read, r);
}
