/* Audit records: they are not in memory, so a list reads the store, newest first, a part at a time. */
#include "kinds/kinds.h"

#include "base/mem.h"
#include "base/num.h"
#include "base/timefmt.h"
#include "core/kinds/audit.h"
#include "core/schema/record_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AUDIT_PAGE = 500, AUDIT_PAGE_MAX = 10000, AUDIT_PART = 250 };
enum { AUDIT_LOOK = 60 * 60 * 1000 }; /* ms between two looks for old ones */

struct audit_list {
	struct request *r;
	struct fieldset fields;
	bool some;              /* only `fields` */
	const char *org;        /* only of this one; "": of all */
	int64_t limit, written; /* rows */
	int64_t before;         /* looked at down to this number; 0: not yet */
	json_t *part;           /* what the store has just told of, as it is */
	struct buf out;
};

static void audit_list_free(struct audit_list *l)
{
	buf_release(&l->out);
	free(l);
}

/* {"seq", "hash", "record"} with the record's values beside them: also as a row. */
static json_t *flattened(const struct buf *text)
{
	json_t *whole = json_loadb(text->data, text->len, 0, NULL);
	json_t *record = json_object_get(whole, "record");

	if (json_is_object(record))
		json_object_update_missing(whole, record);
	return whole;
}

static void part_add(struct audit_list *l, struct rowset *rows, const struct buf *text)
{
	json_t *whole = flattened(text), *row = json_copy(whole);
	json_int_t seq = json_integer_value(json_object_get(whole, "seq"));
	char digits[24];

	snprintf(digits, sizeof digits, "%lld", (long long)seq);
	json_object_set_new(row, "seq", json_string(digits));
	if (rowset_put_json(rows, row, NULL, NULL))
		json_object_set(l->part, digits, whole);
	l->before = seq;
	json_decref(row);
	json_decref(whole);
}

static void audit_wanted(void *ctx, const void *row)
{
	struct audit_list *l = ctx;
	const struct audit *a = row;
	char *whole;

	if (l->written == l->limit)
		return;
	buf_adds(&l->out, l->written++ ? "," : "");
	l->before = json_integer_value(json_object_get(json_object_get(l->part, a->seq), "seq"));
	if (l->some) {
		record_write_json(&audit_kind, row, &l->fields, &l->out);
		return;
	}
	whole = json_dumps(json_object_get(l->part, a->seq), JSON_COMPACT);
	buf_adds(&l->out, whole);
	free(whole);
}

static void audit_answer(struct audit_list *l, bool more)
{
	buf_adds(&l->out, "]");
	if (more)
		buf_addf(&l->out, ",\"continue\":\"%lld\"", (long long)l->before);
	buf_adds(&l->out, "}");
	request_reply_json_text(l->r, 200, l->out.data, l->out.len);
	audit_list_free(l);
}

static void audit_ask(struct audit_list *l);

static void audit_read(void *ctx, bool ok, const struct store_rows *rows, const struct err *e)
{
	struct audit_list *l = ctx;
	struct rowset part;
	int64_t lowest;

	if (!ok) {
		request_fail(l->r, e);
		audit_list_free(l);
		return;
	}
	l->part = json_object();
	rowset_init(&part, &audit_kind);
	for (size_t i = 0; i < rows->count; i++)
		part_add(l, &part, &rows->rows[i]);
	lowest = l->before;
	ok = list_wanted(l->r, &part, audit_wanted, l);
	rowset_release(&part);
	json_decref(l->part);
	if (!ok)
		audit_list_free(l); /* it has been answered */
	else if (l->written == l->limit)
		audit_answer(l, l->before > 1);
	else if (rows->count < AUDIT_PART || l->r->gone)
		audit_answer(l, false);
	else {
		l->before = lowest;
		audit_ask(l);
	}
}

static void audit_ask(struct audit_list *l)
{
	store_read_audit(l->r->platform->model.store, l->org, l->before, AUDIT_PART, audit_read, l);
}

static bool audit_list_open(struct audit_list *l, struct err *e)
{
	const char *limit = request_query(l->r, "limit"), *fields = request_query(l->r, "fields");
	const char *after = request_query(l->r, "continue");

	if (after == NULL)
		after = request_query(l->r, "before"); /* the older word */
	l->limit = AUDIT_PAGE;
	if (limit && !num_i64(limit, 1, AUDIT_PAGE_MAX, &l->limit))
		return err_field(e, ERR_INVALID, "limit",
			"limit is '%.40s': give a number up to %d", limit, AUDIT_PAGE_MAX);
	if (after && !num_i64(after, 1, INT64_MAX, &l->before))
		return err_field(e, ERR_INVALID, "continue",
			"continue is '%.40s': give the number of a record", after);
	l->some = fields && *fields;
	return !l->some || fieldset_parse(&l->fields, &audit_kind, fields, e);
}

/* The org that is meant: the own one, or that which is named; "": all. NULL: it has been answered. */
static const char *audit_org(struct request *r)
{
	const char *named = request_query(r, "org_id"), *org;
	bool all = kind_of_all(&audit_kind, r->who.role) && (named == NULL || *named == '\0');

	org = all ? MODEL_ALL_ORGS : request_org(r, &audit_kind, true);
	return org && strcmp(org, MODEL_ALL_ORGS) == 0 ? "" : org;
}

static void audit_list(struct request *r)
{
	const char *org = audit_org(r);
	struct audit_list *l;
	struct err e = ERR_INIT;

	if (org == NULL)
		return;
	l = mem_alloc(sizeof *l);
	*l = (struct audit_list){.r = r, .org = org, .out = BUF_INIT};
	if (!audit_list_open(l, &e)) {
		request_fail(r, &e);
		audit_list_free(l);
		return;
	}
	buf_adds(&l->out, "{\"data\":[");
	audit_ask(l);
}

/* ---- Are they whole? ---- */

static void audit_verified_told(void *ctx, bool ok, const struct store_rows *rows,
	const struct err *e)
{
	struct request *r = ctx;
	json_t *out, *chains = json_array();

	r->platform->audit_busy = false;
	for (size_t i = 1; ok && i < rows->count; i++) {
		char org[32] = "", hash[STORE_HASH_HEX] = "";
		long long n = 0, dropped = 0;
		const char *at = rows->rows[i].data;

		snprintf(org, sizeof org, "%.*s", (int)strcspn(at, "\t"), at);
		at += strcspn(at, "\t");
		if (sscanf(at, "%lld %lld %64s", &n, &dropped, hash) >= 2)
			json_array_append_new(chains,
				json_pack("{s:s, s:I, s:I, s:s}", "org_id", org, "records",
					(json_int_t)n, "dropped", (json_int_t)dropped, "hash",
					hash));
	}
	if (!ok) {
		json_decref(chains);
		request_fail(r, e);
		return;
	}
	out = json_pack("{s:s, s:o}", "message", rows->rows[0].data, "chains", chains);
	request_reply(r, 200, out);
}

/* All of it is read, and nothing is stored meanwhile: one at a time. */
static void audit_verify(struct request *r)
{
	const char *org = audit_org(r);
	struct err e = ERR_INIT;

	if (org == NULL)
		return;
	if (r->platform->audit_busy) {
		err_set(&e, ERR_BUSY, "the audit is being verified for somebody else: ask again");
		request_fail_retry(r, &e, 2);
		return;
	}
	r->platform->audit_busy = true;
	store_audit_verify(r->platform->model.store, org, audit_verified_told, r);
}

/* ---- Old ones go ---- */

static void audit_old_told(void *ctx, bool ok, const struct store_rows *rows, const struct err *e)
{
	struct platform *p = ctx;

	(void)e;
	for (size_t i = 0; ok && i + 2 < rows->count; i += 3) {
		struct change *c = change_new(&p->model);
		int64_t n = 0;

		num_i64(rows->rows[i + 1].data, 0, INT64_MAX, &n);
		change_actor(c, "audit.keep", rows->rows[i].data);
		change_audit_drop(c, rows->rows[i].data, n, rows->rows[i + 2].data);
		change_commit(c);
	}
	platform_let_go(p);
}

void audit_keep(struct platform *p, int64_t now)
{
	char time[TIMEFMT_SIZE];

	if (p->settings.audit_keep <= 0 ||
		(now >= p->audit_kept && now - p->audit_kept < AUDIT_LOOK))
		return;
	p->audit_kept = now;
	timefmt_rfc3339(time, now - p->settings.audit_keep);
	platform_hold(p);
	store_audit_old(p->model.store, time, audit_old_told, p);
}

static const struct route more[] = {
	{.method = METHOD_GET,
		.pattern = API "/audit/verify",
		.least = ROLE_OPERATOR,
		.handle = audit_verify,
		.doc = "Recomputes the hash chain of the org (?org_id=; an admin's without: of all): "
		       "{\"message\", \"chains\": [{\"org_id\", \"records\", \"dropped\", "
		       "\"hash\"}]}, or 500 with the record that was altered, moved or removed."},
	{.method = METHOD_GET,
		.pattern = API "/audit",
		.least = ROLE_OPERATOR,
		.handle = audit_list,
		.doc = "Audit records, newest first: ?fields= ?filter= ?name= ?limit= ?continue=SEQ "
		       "?org_id=, in pages; without fields each with \"n\", its number in the chain "
		       "of its org, its \"hash\" (SHA-256 of the one before and the record) and, as "
		       "it was chained, its \"record\"."},
	{.pattern = NULL},
};

const struct kind_handlers audit_handlers = {
	.kind = &audit_kind,
	.more = more,
};
