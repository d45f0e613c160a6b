/* One object of any kind: looked at, made, edited. */
#include "mltop/cli.h"
#include "mltop/cli_upload.h"

#include "core/kinds/job.h"
#include "core/wire/query.h"
#include "io/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *cli_text_of(const json_t *object, const struct field *f)
{
	const char *text = json_string_value(json_object_get(object, f->name));

	return text ? text : "";
}

/* ---- Finding ---- */

/* Among rows, by name or uid. Borrowed. */
static json_t *row_named(const struct kind *k, const json_t *rows, const char *name)
{
	json_t *row;
	size_t i;

	json_array_foreach((json_t *)rows, i, row)
		if (strcmp(cli_text_of(row, kind_uid(k)), name) == 0 ||
			strcmp(cli_text_of(row, kind_key(k)), name) == 0)
			return row;
	return NULL;
}

/* One's own org first: who may not look at others is then told of what he lacks for the change. */
static bool find_in_lists(struct cli *c, const struct kind *k, const char *name, json_t **out,
	struct err *e)
{
	static const char *const whose[] = {"", "?org_id=-1"};

	for (size_t i = 0; i < ARRAY_SIZE(whose) && *out == NULL; i++) {
		struct buf path = BUF_INIT;
		json_t *rows = NULL;
		bool ok;

		buf_addf(&path, "%s%s", k->path, whose[i]);
		ok = cli_fetch(c, k, path.data, NULL, NULL, &rows, e);
		if (ok)
			*out = json_incref(row_named(k, rows, name));
		json_decref(rows);
		buf_release(&path);
		if (!ok)
			return false;
	}
	return *out || err_set(e, ERR_NOT_FOUND, "there is no %s %.100s", k->name, name);
}

bool cli_find(struct cli *c, const struct kind *k, const char *name, json_t **out, struct err *e)
{
	char *path = cli_path(k, name, "");
	struct err why = ERR_INIT;
	bool ok = cli_call(c, "GET", path, NULL, out, &why);

	/* Platforms before there was one route for each kind. */
	if (!ok && (strstr(why.text, "there is nothing at /") || strstr(why.text, ", not GET")))
		ok = find_in_lists(c, k, name, out, e);
	else if (!ok && e)
		*e = why;
	free(path);
	return ok;
}

int cli_describe(struct cli *c)
{
	struct err e = ERR_INIT;
	json_t *answer = NULL;
	bool ok = cli_find(c, c->verb->kind, c->args[0], &answer, &e) &&
		output_one(c, c->verb->kind, answer, &e);

	json_decref(answer);
	return ok ? EXIT_DONE : cli_fail(&e);
}

/* ---- Making ---- */

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

bool cli_items(const struct cli *c, const char *flag, json_t *body, const char *field,
	struct err *e)
{
	json_t *list = json_object_get(body, field);

	if (list && !json_is_array(list))
		return true; /* the check of the whole says so */
	for (int i = 0; i < c->flag_count; i++) {
		if (strcmp(c->flags[i].name, flag) != 0)
			continue;
		if (list == NULL) {
			list = json_array();
			json_object_set_new(body, field, list);
		}
		if (json_array_append_new(list, json_string(c->flags[i].value)) != 0)
			return err_set(e, ERR_INVALID, "--%s: the value is no UTF-8", flag);
	}
	return true;
}

/* The verb's F_NEW fields that stood among the flags. */
static bool cli_field_flags(const struct cli *c, json_t *body, struct err *e)
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

/* A file is meant by its ending, a slash, or by being there; all else is a name. */
static bool is_file(const char *word)
{
	const char *dot = strrchr(word, '.');

	return strchr(word, '/') ||
		(dot &&
			(strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0 ||
				strcmp(dot, ".json") == 0)) ||
		access(word, F_OK) == 0;
}

/* What a person writes in a file as in a flag: `command: python3 x.py` is split as there. */
static bool texts_read(const struct kind *k, json_t *body, struct err *e)
{
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe(body, next, key, value) {
		const struct field *f = kind_field(k, key);

		if (f == NULL || f->type->storage != ST_STRINGS || !json_is_string(value))
			continue;
		value = f->type->from_text(f, json_string_value(value), e);
		if (value == NULL)
			return false;
		json_object_set_new(body, key, value);
	}
	return true;
}

static bool read_file(const struct kind *k, const char *path, json_t *body, struct err *e)
{
	json_t *read = yaml_load(path, NULL, e);
	bool ok = read != NULL;

	if (read && !json_is_object(read))
		ok = err_set(e, ERR_INVALID, "%s: a %s is a mapping of fields to values", path,
			k->name);
	ok = ok && texts_read(k, read, e) && json_object_update(body, read) == 0;
	json_decref(read);
	return ok;
}

static bool created_body(struct cli *c, json_t *body, struct err *e)
{
	const struct kind *k = c->verb->kind;

	for (int i = 0; i < c->arg_count; i++)
		if (is_file(c->args[i]) && !read_file(k, c->args[i], body, e))
			return false;
	for (int i = 0; i < c->arg_count; i++)
		if (!is_file(c->args[i]))
			json_object_set_new(body, kind_key(k)->name, json_string(c->args[i]));
	return cli_field_flags(c, body, e) &&
		(!kind_field(k, "env") || cli_pairs(c, "env", body, "env", e)) &&
		(!kind_field(k, "secrets") || cli_items(c, "secret", body, "secrets", e)) &&
		(!kind_field(k, "labels") || cli_pairs(c, "label", body, "labels", e)) &&
		(!kind_field(k, "progress_patterns") ||
			cli_items(c, "progress-pattern", body, "progress_patterns", e));
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

const char *cli_name_of(const struct kind *k, const json_t *answer, const json_t *body)
{
	const char *name = cli_text_of(answer, kind_key(k));

	return *name ? name : cli_text_of(body, kind_key(k));
}

/* What was made: its name, the form of -o, or all of it where it holds a secret. */
static bool cli_print_made(struct cli *c, const struct kind *k, const json_t *answer,
	const json_t *body, struct err *e)
{
	if (cli_has(c, "json") || cli_has(c, "output"))
		return output_one(c, k, answer, e);
	for (size_t i = 0; i < k->field_count; i++)
		if ((k->fields[i].flags & F_SECRET) && json_object_get(answer, k->fields[i].name))
			return output_one(c, NULL, answer, e);
	output_text(c, cli_name_of(k, answer, body));
	putchar('\n');
	return true;
}

int cli_create(struct cli *c)
{
	const struct kind *k = c->verb->kind;
	json_t *body = json_object(), *answer = NULL;
	struct err e = ERR_INIT;
	bool ok = created_body(c, body, &e) && cli_check(k, body, &e) &&
		(k != &job_kind || cli_job_place(c, body, &e)) && cli_upload_trainer(c, body, &e);

	if (ok && cli_has(c, "what-if"))
		ok = cli_what_if(c, "POST", k->path, body, &e);
	else
		ok = ok && cli_call(c, "POST", k->path, body, &answer, &e) &&
			cli_print_made(c, k, answer, body, &e);
	json_decref(body);
	json_decref(answer);
	return ok ? EXIT_DONE : cli_fail(&e);
}

/* ORG ROLE [NAME] stand for the fields that every key needs. */
int cli_key_create(struct cli *c)
{
	static const char *const names[] = {"org_name", "role", "name"};
	const struct kind *k = c->verb->kind;
	json_t *body = json_pack("{s:s}", "name", "key"), *answer = NULL;
	struct err e = ERR_INIT;
	bool ok;

	for (int i = 0; i < c->arg_count; i++)
		json_object_set_new(body, names[i], json_string(c->args[i]));
	ok = cli_field_flags(c, body, &e) && cli_call(c, "POST", k->path, body, &answer, &e) &&
		cli_print_made(c, k, answer, body, &e);
	json_decref(body);
	json_decref(answer);
	return ok ? EXIT_DONE : cli_fail(&e);
}

/* ---- Editing ---- */

static bool edit_unknown(const struct kind *k, const char *name, struct err *e)
{
	const struct field *near = kind_similar(k, name, F_EDIT);

	return err_set(e, ERR_INVALID,
		"%.60s is no field of a %s%s%s; `mltop help fields %s` lists them", name, k->name,
		near ? ": did you mean " : "", near ? near->name : "", k->plural);
}

/* FIELD=VALUE as the field itself reads it; short names stand for theirs, "none" takes away. */
static bool edited_field(const struct kind *k, const char *word, json_t *body, struct err *e)
{
	const char *equals = strchr(word, '=');
	char *name = strndup(word, (size_t)(equals - word));
	const struct field *f = kind_field_to_edit(k, name);
	json_t *value;

	if (f == NULL)
		edit_unknown(k, name, e);
	free(name);
	if (f && (f->flags & F_SECRET))
		return err_set(e, ERR_INVALID,
			"%s: a secret does not belong on a command line, where others can read it: "
			"`mltop %s update NAME` takes it from elsewhere",
			f->name, k->plural);
	if (f == NULL)
		return false;
	value = f->type->from_text(f, equals + 1, e);
	if (value == NULL && (strcmp(equals + 1, "none") == 0 || equals[1] == '\0'))
		value = json_null();
	return value && json_object_set_new(body, kind_owner(k, f)->name, value) == 0;
}

/* With the version that it must still have, where one is given: it is a number. */
static char *edit_path(struct cli *c, const struct kind *k, const json_t *object)
{
	char *path = cli_path(k, cli_text_of(object, kind_uid(k)), "");
	struct buf with = BUF_INIT;

	if (!cli_has(c, "if-version"))
		return path;
	buf_addf(&with, "%s%cif_version=", path, strchr(path, '?') ? '&' : '?');
	percent_encode(&with, cli_value(c, "if-version"), strlen(cli_value(c, "if-version")), "");
	free(path);
	return buf_detach(&with);
}

int cli_edit(struct cli *c)
{
	const struct kind *k = c->verb->kind;
	json_t *body = json_object(), *object = NULL, *answer = NULL;
	struct err e = ERR_INIT;
	char *path = NULL;
	bool ok = true;

	for (int i = 1; i < c->arg_count && ok; i++) {
		if (strchr(c->args[i], '=') == NULL) {
			json_decref(body);
			return cli_usage(c,
				"%s: give FIELD=VALUE; `mltop help fields %s` lists fields",
				c->args[i], k->plural);
		}
		ok = edited_field(k, c->args[i], body, &e);
	}
	ok = ok && cli_find(c, k, c->args[0], &object, &e);
	if (ok)
		path = edit_path(c, k, object);
	if (ok && cli_has(c, "what-if"))
		ok = cli_what_if(c, "PUT", path, body, &e);
	else
		ok = ok && cli_call(c, "PUT", path, body, &answer, &e);
	if (ok && answer && (cli_has(c, "json") || cli_has(c, "output")))
		ok = output_one(c, k, answer, &e);
	free(path);
	json_decref(body);
	json_decref(object);
	json_decref(answer);
	return ok ? EXIT_DONE : cli_fail(&e);
}
