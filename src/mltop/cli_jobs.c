/* Verbs on lists and jobs: each is one or two calls and what they print. */
#include "mltop/cli.h"
#include "mltop/cli_upload.h"

#include "core/kinds/event.h"
#include "core/kinds/framework.h"
#include "core/kinds/job.h"
#include "core/wire/query.h"
#include "io/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Lists ---- */

static void add_query(struct query *q, const char *name, const char *value)
{
	if (value)
		query_add(q, name, value, NULL);
}

/*
 * The fields that the output needs, and what tells rows apart: two orgs may have jobs of one name.
 * NULL: all, when it prints whatever there is.
 */
static const char *wanted_fields(const struct cli *c, const struct kind *k, struct buf *out)
{
	const char *form = cli_value(c, "output"), *columns = cli_value(c, "columns");

	if (cli_has(c, "json") ||
		(form && (strcmp(form, "json") == 0 || strcmp(form, "yaml") == 0)))
		return columns;
	if (columns == NULL)
		columns = form && strcmp(form, "wide") == 0 ? k->wide_fields : k->list_fields;
	buf_addf(out, "%s,%s", columns, kind_uid(k)->name);
	if (cli_value(c, "sort"))
		buf_addf(out, ",%s", cli_value(c, "sort") + (*cli_value(c, "sort") == '-'));
	return out->data;
}

/* Frameworks come as {"NAME": [VERSION, ...]}, the form that the public client knows. */
static void framework_rows(const json_t *page, json_t *rows)
{
	const char *name;
	json_t *versions;

	json_object_foreach((json_t *)page, name, versions)
		json_array_append_new(rows,
			json_pack("{s:s, s:O}", "name", name, "versions", versions));
}

/* All pages of a list, as one array. */
static bool fetch_list(struct cli *c, const struct kind *k, const char *path, json_t **out,
	struct err *e)
{
	struct buf fields = BUF_INIT, full = BUF_INIT;
	char *next = NULL;
	bool ok = true;

	*out = json_array();
	do {
		struct query q = QUERY_INIT;
		json_t *page = NULL;

		add_query(&q, "filter", cli_value(c, "filter"));
		buf_reset(&fields);
		add_query(&q, "fields", wanted_fields(c, k, &fields));
		add_query(&q, "continue", next);
		buf_reset(&full);
		buf_addf(&full, "%s%s", path, q.count ? "?" : "");
		query_encode(&q, &full);
		query_release(&q);
		ok = cli_call(c, "GET", full.data, NULL, &page, e);
		if (ok && k == &framework_kind)
			framework_rows(page, *out);
		else if (ok)
			json_array_extend(*out, json_object_get(page, "data"));
		free(next);
		next = mem_strdup(json_string_value(json_object_get(page, "continue")));
		json_decref(page);
	} while (ok && next && *next);
	free(next);
	buf_release(&fields);
	buf_release(&full);
	return ok;
}

static int show_list(struct cli *c)
{
	const struct kind *k = c->verb->kind;
	struct err e = ERR_INIT;
	json_t *rows = NULL;
	bool ok;

	if (cli_has(c, "watch"))
		return cli_watch(c, k);
	ok = fetch_list(c, k, k->path, &rows, &e) && output_list(c, k, rows, &e);
	json_decref(rows);
	return ok ? EXIT_DONE : cli_fail(&e);
}

/* The filter is checked here as well, so that its error needs no platform. */
static bool check_filter(const struct cli *c, const struct kind *k, struct err *e)
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

int cli_list(struct cli *c)
{
	struct err e = ERR_INIT;

	if (!check_filter(c, c->verb->kind, &e))
		return cli_fail(&e);
	return show_list(c);
}

/* The org's events of one object: by its uid, which outlives names. */
int cli_events(struct cli *c)
{
	char *path = cli_path(&job_kind, c->args[0], "");
	struct buf filter = BUF_INIT;
	struct err e = ERR_INIT;
	json_t *job = NULL;
	int code;

	if (!check_filter(c, c->verb->kind, &e) || !cli_call(c, "GET", path, NULL, &job, &e)) {
		free(path);
		return cli_fail(&e);
	}
	buf_addf(&filter, "object_uid=%s %s", json_string_value(json_object_get(job, "uid")),
		cli_value(c, "filter") ? cli_value(c, "filter") : "");
	c->flags[c->flag_count++] = (struct cli_given){"filter", filter.data};
	code = show_list(c);
	c->flag_count--;
	buf_release(&filter);
	json_decref(job);
	free(path);
	return code;
}

/* ---- One job ---- */

int cli_describe(struct cli *c)
{
	char *path = cli_path(c->verb->kind, c->args[0], "");
	struct err e = ERR_INIT;
	json_t *answer = NULL;
	bool ok = cli_call(c, "GET", path, NULL, &answer, &e) &&
		output_one(c, c->verb->kind, answer, &e);

	json_decref(answer);
	free(path);
	return ok ? EXIT_DONE : cli_fail(&e);
}

static void say(const struct cli *c, const char *name, const char *done)
{
	output_text(c, name);
	printf("%s\n", done);
}

/* A change of each job named; goes on after a failure and returns the first one's code. */
static int change_each(struct cli *c, const char *method, const char *tail, const char *done)
{
	int code = EXIT_DONE;

	for (int i = 0; i < c->arg_count; i++) {
		char *path = cli_path(&job_kind, c->args[i], tail);
		struct err e = ERR_INIT;

		if (cli_call(c, method, path, NULL, NULL, &e))
			say(c, c->args[i], done);
		else if (code == EXIT_DONE)
			code = cli_fail(&e);
		else
			cli_fail(&e);
		free(path);
	}
	return code;
}

/*
 * Asks at a terminal, with "no" as default. Where nobody can be asked only --yes is an answer: a
 * script that says it has been thought about. EXIT_DONE: go on.
 */
static int confirmed(const struct cli *c, const char *what)
{
	char answer[16] = "";

	if (cli_has(c, "yes"))
		return EXIT_DONE;
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return cli_usage(c, "nobody can be asked here: give -y to %s without",
			c->verb->name);
	fprintf(stderr, "%s ", what);
	for (int i = 0; i < c->arg_count; i++)
		fprintf(stderr, "%s%s", i ? ", " : "", c->args[i]);
	fprintf(stderr, "? [y/N] ");
	return fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y')
		? EXIT_DONE
		: EXIT_REFUSED;
}

int cli_cancel(struct cli *c)
{
	int code = confirmed(c, "Cancel");

	return code != EXIT_DONE ? code : change_each(c, "POST", "/cancel", " is being cancelled");
}

int cli_delete(struct cli *c)
{
	int code = confirmed(c, "Delete, with log and output,");

	return code != EXIT_DONE ? code : change_each(c, "DELETE", "", " is deleted");
}

int cli_retry(struct cli *c)
{
	return change_each(c, "POST", "/retry", " is run again");
}

/* ---- Submit ---- */

/* "K=V", or "K" for the value from our own environment. */
static bool add_pair(json_t *object, const char *flag, const char *pair, struct err *e)
{
	const char *equals = strchr(pair, '='), *value;
	char *key = equals ? strndup(pair, (size_t)(equals - pair)) : mem_strdup(pair);
	bool ok = true;

	value = equals ? equals + 1 : getenv(key);
	if (*key == '\0')
		ok = err_set(e, ERR_INVALID, "--%s %s: no name before '='", flag, pair);
	else if (value == NULL)
		ok = err_set(e, ERR_INVALID,
			"--%s %s: the environment here has no %s; give %s=VALUE", flag, pair, key,
			key);
	else if (json_object_set_new(object, key, json_string(value)) != 0)
		ok = err_set(e, ERR_INVALID, "--%s %s: the value is no UTF-8", flag, key);
	free(key);
	return ok;
}

bool cli_pairs(const struct cli *c, const char *flag, json_t *body, const char *field,
	struct err *e)
{
	json_t *object = json_object_get(body, field);

	if (object && !json_is_object(object))
		return true; /* the check of the whole says so */
	for (int i = 0; i < c->flag_count; i++) {
		if (strcmp(c->flags[i].name, flag) != 0)
			continue;
		if (object == NULL) {
			object = json_object();
			json_object_set_new(body, field, object);
		}
		if (!add_pair(object, flag, c->flags[i].value, e))
			return false;
	}
	return true;
}

static bool add_field_flags(const struct cli *c, json_t *body, struct err *e)
{
	for (int i = 0; i < c->flag_count; i++) {
		const struct field *f = kind_field(c->verb->kind, c->flags[i].name);
		json_t *value;

		if (f == NULL || !(f->flags & F_NEW) || cli_own_flag(c->verb, f->name))
			continue;
		value = f->type->from_text(f, c->flags[i].value, e);
		if (value == NULL)
			return false;
		json_object_set_new(body, f->name, value);
	}
	return true;
}

static bool submit_body(struct cli *c, json_t **out, struct err *e)
{
	json_t *body = c->arg_count ? yaml_load(c->args[0], NULL, e) : json_object();

	if (body && !json_is_object(body)) {
		json_decref(body);
		return err_set(e, ERR_INVALID, "%s: a job is a mapping of fields to values",
			c->args[0]);
	}
	if (body == NULL || !add_field_flags(c, body, e) || !cli_pairs(c, "env", body, "env", e) ||
		!cli_pairs(c, "label", body, "labels", e)) {
		json_decref(body);
		return false;
	}
	*out = body;
	return true;
}

/* The same check as the platform's, before anything is sent. */
bool cli_check(const struct kind *k, const json_t *body, struct err *e)
{
	struct arena arena = ARENA_INIT;
	void *rec = mem_alloc(k->size);
	bool ok = record_decode(k, rec, &arena, body, DECODE_NEW, e);

	free(rec);
	arena_release(&arena);
	return ok;
}

const char *cli_job_name(const json_t *answer, const json_t *body)
{
	const char *name = json_string_value(json_object_get(answer, "job_name"));

	return name ? name : json_string_value(json_object_get(body, "job_name"));
}

int cli_submit(struct cli *c)
{
	struct err e = ERR_INIT;
	json_t *body = NULL, *answer = NULL;
	bool ok = submit_body(c, &body, &e) && cli_check(c->verb->kind, body, &e) &&
		cli_upload_trainer(c, body, &e) &&
		cli_call(c, "POST", c->verb->kind->path, body, &answer, &e);

	if (ok && (cli_has(c, "json") || cli_has(c, "output")))
		ok = output_one(c, c->verb->kind, answer, &e);
	else if (ok)
		say(c, cli_job_name(answer, body), "");
	json_decref(body);
	json_decref(answer);
	return ok ? EXIT_DONE : cli_fail(&e);
}
