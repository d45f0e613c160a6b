/* Lists of every kind: whose, which, how much of each, and in pages. */
#include "kinds/kinds.h"

#include "base/mem.h"
#include "base/num.h"
#include "core/schema/csv.h"
#include "core/schema/record_write.h"
#include "serve/steps.h"

#include <stdlib.h>
#include <string.h>

enum { FILTER_READ_MAX = STEPS_ROW / STEPS_PARSE }; /* a longer one is refused unread */

struct listing {
	struct request *r;
	const struct rowset *rows;
	const char *org;
	struct filter *filter;
	struct fieldset fields;
	bool some; /* only `fields` */
	/* As CSV: its columns. 0: as JSON. */
	const struct field *columns[KIND_FIELDS_MAX];
	size_t column_count;
	struct rowset
		*made; /* the rows, where they are the request's own; NULL: the model has them */
	const char *state, *name, *label, *after;
	int64_t limit;
	const struct field *state_field, *label_field;
	/* What there is of the answer: a list may take many turns of the loop. */
	struct buf out;
	int64_t written;
	char *looked_at; /* uid of the last row that was; NULL: none yet. Owned, as the next is */
	char *last;      /* uid of the last row written */
	uint64_t version;
};

static bool listing_numbers(struct listing *l, struct err *e)
{
	const char *limit = request_query(l->r, "limit");
	int64_t most = (int64_t)l->r->platform->limits.list_max;

	l->limit = most;
	if (limit && !num_i64(limit, 1, 1000000000, &l->limit))
		return err_field(e, ERR_INVALID, "limit",
			"limit is '%.40s': give a number from 1 on", limit);
	/* What is in one piece was bounded when it was made. */
	if (l->column_count && !limit)
		l->limit = INT64_MAX;
	else if (l->limit > most && l->column_count == 0 && !(limit && l->made))
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
	l->state_field = kind_state(k);
	l->label_field = kind_field(k, "labels");
	if (!listing_numbers(l, e) || !listing_state(l, e) ||
		(l->some && !fieldset_parse(&l->fields, k, fields, e)))
		return false;
	fieldset_add_splits(&l->fields, k);
	if (filter == NULL || *filter == '\0')
		return true;
	/* Also where no row is looked at: sixty expressions take a millisecond to read. */
	if (!request_spend(l->r, (int64_t)strnlen(filter, FILTER_READ_MAX) * STEPS_PARSE, e))
		return false;
	l->filter = filter_parse(k, filter, e);
	return l->filter != NULL;
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

/* A row that a filter costs too much for is not wanted, and *e says so. */
static bool filter_wants(const struct listing *l, const void *row, struct err *e)
{
	int64_t steps = STEPS_ROW;
	bool fits;

	if (l->filter == NULL)
		return true;
	fits = filter_match_within(l->filter, row, l->r->now, &steps);
	return request_spend(l->r, STEPS_ROW - steps, e) && fits;
}

static bool row_wanted(const struct listing *l, const void *row, struct err *e)
{
	const struct kind *k = l->rows->kind;

	if (!model_visible(&l->r->who, k, row, l->org))
		return false;
	if (l->state && !state_matches(l, row))
		return false;
	if (l->name && strcmp(record_key(k, row), l->name) != 0)
		return false;
	if (l->label &&
		(l->label_field == NULL ||
			!label_matches(record_member(row, l->label_field), l->label)))
		return false;
	return filter_wants(l, row, e);
}

static void listing_close(struct listing *l)
{
	buf_release(&l->out);
	filter_free(l->filter);
	free(l->looked_at);
	free(l->last);
	if (l->made)
		rowset_release(l->made);
	free(l->made);
}

enum listing_end { LISTING_GOES_ON, LISTING_WHOLE, LISTING_PAGE_FULL, LISTING_REFUSED };

static void uid_keep(char **kept, const char *uid)
{
	char *before = *kept;

	*kept = mem_strdup(uid);
	free(before);
}

static void listing_write(struct listing *l, const void *row)
{
	size_t before = l->out.len;

	if (l->written++ > 0 && l->column_count == 0)
		buf_addc(&l->out, ',');
	if (l->column_count)
		record_write_csv(l->rows->kind, row, l->columns, l->column_count, &l->out);
	else
		record_write_json(l->rows->kind, row, l->some ? &l->fields : NULL, &l->out);
	request_worked(l->r, (int64_t)(l->out.len - before) * STEPS_BYTE);
}

static enum listing_end listing_look(struct listing *l, const void *row, struct err *e)
{
	bool wanted = row_wanted(l, row, e);

	request_worked(l->r, STEPS_LOOK);
	if (e->code != ERR_NONE)
		return LISTING_REFUSED;
	if (wanted && l->written == l->limit)
		return LISTING_PAGE_FULL;
	if (wanted) {
		listing_write(l, row);
		uid_keep(&l->last, record_uid(l->rows->kind, row));
	}
	return request_turn_over(l->r) ? LISTING_GOES_ON : LISTING_WHOLE;
}

/*
 * Looks at rows as long as this turn of the loop lasts. The rows stand in order of uid, and the next
 * turn goes on behind the uid that was looked at last: whatever came, changed and went meanwhile, no
 * row is there twice, and none that was there all the time is missing.
 */
static enum listing_end listing_go_on(struct listing *l, struct err *e)
{
	const struct rowset *rows = l->rows;
	enum listing_end end = LISTING_WHOLE;
	size_t i = rowset_after(rows, l->looked_at ? l->looked_at : l->after);

	for (; i < rows->len && end == LISTING_WHOLE; i++)
		end = listing_look(l, rows->rows[i], e);
	if (end == LISTING_GOES_ON)
		uid_keep(&l->looked_at, record_uid(rows->kind, rows->rows[i - 1]));
	return end;
}

static void listing_answer(struct listing *l, bool more)
{
	if (l->column_count) {
		request_reply_text(l->r, "text/csv; charset=utf-8", &l->out);
		return;
	}
	buf_addc(&l->out, ']');
	if (more && l->last) {
		buf_adds(&l->out, ",\"continue\":");
		json_write_text(l->last, &l->out);
	}
	buf_addf(&l->out, ",\"v\":\"%llu\"}", (unsigned long long)l->version);
	request_reply_owned(l->r, 200, &l->out);
}

static void listing_turn_came(void *ctx)
{
	struct listing *l = ctx;
	struct err e = ERR_INIT;
	enum listing_end end = LISTING_REFUSED;

	if (l->r->gone)
		err_set(&e, ERR_UNAVAILABLE, "the client has gone");
	else
		end = listing_go_on(l, &e);
	if (end != LISTING_REFUSED && !request_keeps(l->r, l->out.cap, &e))
		end = LISTING_REFUSED;
	if (end == LISTING_GOES_ON) {
		request_later(l->r, listing_turn_came, l);
		return;
	}
	if (end == LISTING_REFUSED && e.code == ERR_BUSY)
		request_fail_retry(l->r, &e, 1);
	else if (end == LISTING_REFUSED)
		request_fail(l->r, &e);
	else
		listing_answer(l, end == LISTING_PAGE_FULL);
	listing_close(l);
	free(l);
}

/* The names are of rows that there are: fieldset_parse and kind_check have looked. */
static void columns_take(struct listing *l, const char *names)
{
	char *copy = mem_strdup(names), *at = copy, *name;

	while ((name = strsep(&at, ",")) != NULL) {
		const struct field *f = kind_field(l->rows->kind, name);

		if (f && l->column_count < KIND_FIELDS_MAX)
			l->columns[l->column_count++] = f;
	}
	free(copy);
}

static void titles_write(struct listing *l)
{
	for (size_t i = 0; i < l->column_count; i++)
		csv_write_cell(l->columns[i]->name, false, i + 1 == l->column_count, &l->out);
}

static void listing_begin(struct listing *l)
{
	struct request *r = l->r;
	struct err e = ERR_INIT;

	l->version = model_version(&r->platform->model);
	if (!listing_open(l, &e)) {
		request_fail(r, &e);
		listing_close(l);
		free(l);
		return;
	}
	if (l->column_count)
		titles_write(l);
	else
		buf_adds(&l->out, "{\"data\":[");
	listing_turn_came(l);
}

static void list_rows(struct request *r, const struct rowset *rows, const char *org)
{
	struct listing *l = mem_alloc(sizeof *l);

	*l = (struct listing){.r = r, .rows = rows, .org = org, .out = BUF_INIT};
	listing_begin(l);
}

void list_made(struct request *r, struct rowset *rows, const char *columns)
{
	const char *fields = request_query(r, "fields");
	struct listing *l = mem_alloc(sizeof *l);

	*l = (struct listing){.r = r,
		.rows = rows,
		.org = MODEL_ALL_ORGS,
		.made = rows,
		.out = BUF_INIT};
	if (columns)
		columns_take(l, fields && *fields ? fields : columns);
	listing_begin(l);
}

bool list_wanted(struct request *r, const struct rowset *rows,
	void (*wanted)(void *ctx, const void *row), void *ctx)
{
	const char *org = request_query(r, "org_id");
	struct listing l = {.r = r,
		.rows = rows,
		.org = org && *org ? org : MODEL_ALL_ORGS,
		.out = BUF_INIT};
	struct err e = ERR_INIT;

	listing_open(&l, &e);
	for (size_t i = 0; e.code == ERR_NONE && i < rows->len; i++)
		if (row_wanted(&l, rows->rows[i], &e))
			wanted(ctx, rows->rows[i]);
	if (e.code != ERR_NONE)
		request_fail(r, &e);
	listing_close(&l);
	return e.code == ERR_NONE;
}

void generic_list(struct request *r)
{
	const struct kind *k = r->route->kind;
	const char *named = request_query(r, "org_id");
	bool all = kind_of_all(k, r->who.role) && (named == NULL || *named == '\0');
	const char *org = all ? MODEL_ALL_ORGS : request_org(r, k, true);

	if (org)
		list_rows(r, model_rows(&r->platform->model, k), org);
}
