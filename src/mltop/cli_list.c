#include "mltop/cli.h"

#include "base/timefmt.h"
#include "core/kinds/event.h"
#include "core/kinds/key.h"
#include "core/kinds/page.h"
#include "core/kinds/task.h"
#include "core/wire/query.h"

#include <stdlib.h>
#include <string.h>

static void add_query(struct query *q, const char *name, const char *value)
{
	if (value)
		query_add(q, name, value, NULL);
}

/* What is asked for of each row. */
struct wanted {
	const char *named; /* by a person; NULL: nothing */
	bool by_set;
	struct fieldset set;
};

/* What a part is shown with. */
static void add_wholes(const struct kind *k, struct fieldset *set)
{
	for (size_t i = 0; i < k->field_count; i++)
		if (fieldset_has(set, i) && k->fields[i].of)
			fieldset_add(set, kind_index(k, kind_field(k, k->fields[i].of)));
}

/*
 * The fields that the output needs, and what tells rows apart: two orgs may have jobs of one name.
 * All, when it prints whatever there is and nobody named any.
 */
static void wanted_fields(const struct cli *c, const struct kind *k, struct wanted *w)
{
	const char *form = cli_value(c, "output"), *columns = cli_value(c, "columns");
	bool whole = cli_has(c, "json") ||
		(form && (strcmp(form, "json") == 0 || strcmp(form, "yaml") == 0));

	*w = (struct wanted){.named = columns};
	if (whole)
		return;
	if (columns == NULL)
		columns = form && strcmp(form, "wide") == 0 ? k->wide_fields : k->list_fields;
	/* What a column's title stands for is a field's name to the platform. */
	if (!fieldset_parse(&w->set, k, columns, NULL))
		return;
	w->by_set = true;
	if (cli_value(c, "sort")) {
		const char *sort = cli_value(c, "sort");
		const struct field *by = kind_field_or_title(k, sort + (*sort == '-'));

		if (by)
			fieldset_add(&w->set, kind_index(k, kind_owner(k, by)));
	}
	fieldset_add(&w->set, kind_index(k, kind_uid(k)));
	add_wholes(k, &w->set);
	fieldset_ask(&w->set, k);
}

static const char *wanted_text(const struct wanted *w, const struct kind *k, struct buf *out)
{
	if (!w->by_set)
		return w->named;
	buf_reset(out);
	for (size_t i = 0; i < k->field_count; i++)
		if (fieldset_has(&w->set, i))
			buf_addf(out, "%s%s", out->len ? "," : "", k->fields[i].name);
	return out->data;
}

/* An older platform lacks a column that nobody asked for: it is asked again without. */
static bool ask_less(struct wanted *w, const struct kind *k, const struct err *e)
{
	const struct field *f = w->by_set && !w->named ? field_refused(k, e->text) : NULL;

	if (f == NULL || !fieldset_has(&w->set, kind_index(k, f)))
		return false;
	fieldset_drop(&w->set, kind_index(k, f));
	return true;
}

static bool row_matches(const struct kind *k, const json_t *row, const char *filter)
{
	struct filter *f = filter ? filter_parse(k, filter, NULL) : NULL;
	struct arena arena = ARENA_INIT;
	void *rec = mem_alloc(k->size);
	bool match = f == NULL ||
		(record_decode(k, rec, &arena, row, DECODE_SERVER, NULL) &&
			filter_match(f, rec, time_now_ms()));

	free(rec);
	arena_release(&arena);
	filter_free(f);
	return match;
}

/* A page without "data" is told whole: what is wanted of it is chosen here. */
static void add_page(const struct kind *k, const json_t *page, const char *filter, json_t *rows)
{
	json_t *all = page_rows(k, page), *row;
	bool chosen = json_is_array(json_object_get(page, "data"));
	size_t i;

	json_array_foreach(all, i, row)
		if (chosen || row_matches(k, row, filter))
			json_array_append(rows, row);
	json_decref(all);
}

bool cli_fetch(struct cli *c, const struct kind *k, const char *path, const char *fields,
	const char *filter, json_t **out, struct err *e)
{
	struct buf full = BUF_INIT;
	char *next = NULL;
	bool ok = true;

	*out = json_array();
	do {
		struct query q = QUERY_INIT;
		json_t *page = NULL;

		add_query(&q, "filter", filter);
		add_query(&q, "fields", fields);
		add_query(&q, "continue", next);
		buf_reset(&full);
		buf_addf(&full, "%s%s", path, q.count == 0 ? "" : strchr(path, '?') ? "&" : "?");
		query_encode(&q, &full);
		query_release(&q);
		ok = cli_call(c, "GET", full.data, NULL, &page, e);
		if (ok)
			add_page(k, page, filter, *out);
		free(next);
		next = mem_strdup(json_string_value(json_object_get(page, "continue")));
		json_decref(page);
	} while (ok && next && *next);
	free(next);
	buf_release(&full);
	return ok;
}

/* A list that is empty by a word that nothing is called so says so: it may have been mistyped. */
static void tell_label(const struct cli *c, const struct kind *k, const json_t *rows)
{
	struct filter *f = cli_value(c, "filter") && json_array_size(rows) == 0
		? filter_parse(k, cli_value(c, "filter"), NULL)
		: NULL;

	if (f && filter_label(f))
		cli_complain(
			"nothing matches: %s is no field of %s %s, so it was looked for as a label",
			filter_label(f), kind_article(k), k->name);
	filter_free(f);
}

static int show_list(struct cli *c, const struct kind *k, const char *path)
{
	struct buf fields = BUF_INIT;
	struct err e = ERR_INIT;
	struct wanted w;
	json_t *rows = NULL;
	bool ok;

	wanted_fields(c, k, &w);
	do {
		json_decref(rows);
		ok = cli_fetch(c, k, path, wanted_text(&w, k, &fields), cli_value(c, "filter"),
			&rows, &e);
	} while (!ok && ask_less(&w, k, &e));
	ok = ok && output_list(c, k, rows, &e);
	if (ok)
		tell_label(c, k, rows);
	json_decref(rows);
	buf_release(&fields);
	return ok ? EXIT_DONE : cli_fail(&e);
}

/* The filter is checked here as well, so that its error needs no platform. */
bool cli_check_filter(const struct cli *c, const struct kind *k, struct err *e)
{
	struct filter *f;

	if (cli_value(c, "filter") == NULL)
		return true;
	f = filter_parse(k, cli_value(c, "filter"), e);
	if (f == NULL)
		err_prefix(e, "--filter");
	filter_free(f);
	return f != NULL;
}

/* `--columns help` and the like: what may stand there. */
static bool asks_for_fields(const struct cli *c)
{
	static const char *const flags[] = {"columns", "filter", "sort"};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (cli_value(c, flags[i]) && strcmp(cli_value(c, flags[i]), "help") == 0)
			return true;
	return false;
}

int cli_list_at(struct cli *c, const struct kind *k, const char *path)
{
	struct err e = ERR_INIT;

	if (asks_for_fields(c))
		return cli_help_fields(k);
	if (!cli_check_filter(c, k, &e))
		return cli_fail(&e);
	return cli_has(c, "watch") && path == k->path ? cli_watch(c, k) : show_list(c, k, path);
}

int cli_list(struct cli *c)
{
	return cli_list_at(c, c->verb->kind, c->verb->kind->path);
}

/* A quota-admin's object may be another org's. NULL: the caller's own org has them, or none. */
static const char *org_events(const struct kind *k, const json_t *object)
{
	return k->see < ROLE_ADMIN ? json_string_value(json_object_get(object, "org_id")) : NULL;
}

/* The org's events of one object: by its uid, which outlives names. The one way for every kind. */
int cli_events(struct cli *c)
{
	const struct kind *k = c->verb->kind;
	struct buf filter = BUF_INIT;
	int given = c->flag_count;
	struct err e = ERR_INIT;
	json_t *object = NULL;
	int code;

	if (asks_for_fields(c))
		return cli_help_fields(&event_kind);
	if (!cli_check_filter(c, &event_kind, &e) || !cli_find(c, k, c->args[0], &object, &e))
		return cli_fail(&e);
	buf_addf(&filter, "kind=%s object_uid=\"%s\" %s", k->name, cli_text_of(object, kind_uid(k)),
		cli_value(c, "filter") ? cli_value(c, "filter") : "");
	c->flags[c->flag_count++] = (struct cli_given){"filter", filter.data};
	if (cli_value(c, "org") == NULL && org_events(k, object))
		c->flags[c->flag_count++] = (struct cli_given){"org", org_events(k, object)};
	code = cli_list_at(c, &event_kind, event_kind.path);
	c->flag_count = given;
	buf_release(&filter);
	json_decref(object);
	return code;
}

int cli_tasks(struct cli *c)
{
	char *path = cli_path(c->verb->kind, c->args[0], "/tasks");
	int code = cli_list_at(c, &task_kind, path);

	free(path);
	return code;
}
