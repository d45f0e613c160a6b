/* Lists of every kind: whose, which, how much of each, and in pages. */
#include "kinds/kinds.h"

#include "base/mem.h"
#include "base/num.h"
#include "core/schema/record_write.h"

#include <stdlib.h>
#include <string.h>

static const char all_orgs[] = "-1";

struct listing {
	struct request *r;
	const struct rowset *rows;
	const char *org;
	struct filter *filter;
	struct fieldset fields;
	bool some; /* only `fields` */
	const char *state, *name, *label, *after;
	int64_t limit;
	const struct field *org_field, *state_field, *label_field;
};

static bool listing_numbers(struct listing *l, struct err *e)
{
	const char *limit = request_query(l->r, "limit");
	int64_t most = (int64_t)platform_limits(l->r->platform)->list_max;

	l->limit = most;
	if (limit && !num_i64(limit, 1, 1000000000, &l->limit))
		return err_field(e, ERR_INVALID, "limit",
			"limit is '%.40s': give a number from 1 on", limit);
	if (l->limit > most)
		l->limit = most;
	return true;
}

/* A word that is no state would find nothing, and look like an answer. */
static bool listing_state(struct listing *l, struct err *e)
{
	const struct field *f = l->state_field;

	if (l->state == NULL || *l->state == '\0') {
		l->state = NULL;
		return true;
	}
	for (size_t i = 0; f && f->names[i]; i++)
		if (strcmp(f->names[i], l->state) == 0)
			return true;
	if (f && f->split && strcmp(f->split->word, l->state) == 0)
		return true;
	return err_field(e, ERR_INVALID, "state",
		"state is '%.40s': no %s is ever in that state; use one such as running", l->state,
		l->rows->kind->name);
}

static bool listing_open(struct listing *l, struct err *e)
{
	const char *filter = request_query(l->r, "filter"), *fields = request_query(l->r, "fields");
	const struct kind *k = l->rows->kind;

	l->state = request_query(l->r, "state");
	l->name = request_query(l->r, "name");
	l->label = request_query(l->r, "label");
	l->after = request_query(l->r, "continue");
	l->some = fields && *fields;
	l->org_field = kind_field(k, "org_id");
	l->state_field = kind_state(k);
	l->label_field = kind_field(k, "labels");
	if (!listing_numbers(l, e) || !listing_state(l, e) ||
		(l->some && !fieldset_parse(&l->fields, k, fields, e)))
		return false;
	fieldset_add_splits(&l->fields, k);
	if (filter && *filter) {
		l->filter = filter_parse(k, filter, e);
		return l->filter != NULL;
	}
	return true;
}

static bool label_matches(const struct labels *labels, const char *wanted)
{
	size_t len = strcspn(wanted, "=");

	for (size_t i = 0; i < labels->len; i++) {
		const struct label *label = &labels->items[i];

		if (strlen(label->key) == len && memcmp(label->key, wanted, len) == 0 &&
			(wanted[len] == '\0' || strcmp(label->value, wanted + len + 1) == 0))
			return true;
	}
	return false;
}

static bool state_matches(const struct listing *l, const void *row)
{
	const struct field *f = l->state_field;
	const char *word = f ? record_word(l->rows->kind, row, f) : NULL;

	return word && strcmp(word, l->state) == 0;
}

static bool row_wanted(const struct listing *l, const void *row)
{
	const struct kind *k = l->rows->kind;

	if (strcmp(l->org, all_orgs) != 0 && l->org_field &&
		strcmp(record_text(row, l->org_field), l->org) != 0)
		return false;
	if (l->state && !state_matches(l, row))
		return false;
	if (l->name && strcmp(record_key(k, row), l->name) != 0)
		return false;
	if (l->label &&
		(l->label_field == NULL ||
			!label_matches(record_member(row, l->label_field), l->label)))
		return false;
	return l->filter == NULL || filter_match(l->filter, row, l->r->now);
}

struct listed {
	const char *uid;
	const void *row;
};

static int by_uid(const void *a, const void *b)
{
	const struct listed *x = a, *y = b;

	return strcmp(x->uid, y->uid);
}

/* Rows in order of uid: of creation, and stable over pages. They mostly are in order already. */
static struct listed *rows_in_order(const struct rowset *rows)
{
	struct listed *out = mem_alloc((rows->len + 1) * sizeof *out);
	bool sorted = true;

	for (size_t i = 0; i < rows->len; i++) {
		out[i] = (struct listed){record_uid(rows->kind, rows->rows[i]), rows->rows[i]};
		sorted = sorted && (i == 0 || strcmp(out[i - 1].uid, out[i].uid) <= 0);
	}
	if (!sorted)
		qsort(out, rows->len, sizeof *out, by_uid);
	return out;
}

/* Appends the page; *last is the uid to go on after, NULL when this was the end. */
static void listing_write(const struct listing *l, struct buf *out, const char **last)
{
	struct listed *order = rows_in_order(l->rows);
	const char *previous = NULL;
	int64_t n = 0;

	*last = NULL;
	for (size_t i = 0; i < l->rows->len; i++) {
		if ((l->after && strcmp(order[i].uid, l->after) <= 0) ||
			!row_wanted(l, order[i].row))
			continue;
		if (n == l->limit) {
			*last = previous;
			break;
		}
		if (n++ > 0)
			buf_addc(out, ',');
		record_write_json(l->rows->kind, order[i].row, l->some ? &l->fields : NULL, out);
		previous = order[i].uid;
	}
	free(order);
}

void list_rows(struct request *r, const struct rowset *rows, const char *org)
{
	struct listing l = {.r = r, .rows = rows, .org = org};
	struct err e = ERR_INIT;
	struct buf out = BUF_INIT;
	const char *last;

	if (!listing_open(&l, &e)) {
		request_fail(r, &e);
		return;
	}
	buf_adds(&out, "{\"data\":[");
	listing_write(&l, &out, &last);
	buf_addc(&out, ']');
	if (last) {
		buf_adds(&out, ",\"continue\":");
		json_write_text(last, &out);
	}
	buf_addf(&out, ",\"v\":\"%llu\"}", (unsigned long long)platform_version(r->platform));
	request_reply_json_text(r, 200, out.data, out.len);
	buf_release(&out);
	filter_free(l.filter);
}

bool list_wanted(struct request *r, const struct rowset *rows,
	void (*wanted)(void *ctx, const void *row), void *ctx)
{
	struct listing l = {.r = r, .rows = rows, .org = all_orgs};
	struct err e = ERR_INIT;

	if (!listing_open(&l, &e)) {
		request_fail(r, &e);
		return false;
	}
	for (size_t i = 0; i < rows->len; i++)
		if (row_wanted(&l, rows->rows[i]))
			wanted(ctx, rows->rows[i]);
	filter_free(l.filter);
	return true;
}

void generic_list(struct request *r)
{
	const struct kind_handlers *h = r->route->handlers;
	bool all = h->everywhere && handlers_others(h) <= (enum role)h->kind->see;
	const char *org = all ? all_orgs : request_org(r, h, true);

	if (org)
		list_rows(r, platform_rows(r->platform, h->kind), org);
}
