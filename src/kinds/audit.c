/* Audit records: they are not in memory, so a list reads the store, newest first, a part at a time. */
#include "kinds/kinds.h"

#include "base/mem.h"
#include "base/num.h"
#include "core/kinds/audit.h"
#include "core/schema/record_write.h"

#include <stdlib.h>

enum { AUDIT_PAGE = 500, AUDIT_PAGE_MAX = 10000, AUDIT_PART = 250 };

struct audit_list {
	struct request *r;
	struct fieldset fields;
	bool some;              /* only `fields` */
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
	store_read_audit(l->r->platform->model.store, l->before, AUDIT_PART, audit_read, l);
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

static void audit_list(struct request *r)
{
	struct audit_list *l = mem_alloc(sizeof *l);
	struct err e = ERR_INIT;

	*l = (struct audit_list){.r = r, .out = BUF_INIT};
	if (!audit_list_open(l, &e)) {
		request_fail(r, &e);
		audit_list_free(l);
		return;
	}
	buf_adds(&l->out, "{\"data\":[");
	audit_ask(l);
}

static const struct route more[] = {
	{.method = METHOD_GET,
		.pattern = API "/audit",
		.least = ROLE_ADMIN,
		.handle = audit_list,
		.doc = "Audit records, newest first: ?fields= ?filter= ?name= ?limit= ?continue=SEQ "
		       "?org_id=, in pages; without fields each with its \"hash\" and, as it was "
		       "chained, its \"record\"."},
	{.pattern = NULL},
};

const struct kind_handlers audit_handlers = {
	.kind = &audit_kind,
	.more = more,
};
