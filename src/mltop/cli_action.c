/*
 * What can be done to an object, by the kind's rows: on those that are named, or on all that match a
 * filter, after the question that the row wants asked.
 */
#include "mltop/cli.h"

#include "base/num.h"
#include "base/sanitize.h"
#include "base/vec.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAMED_MAX = 5 }; /* so many of those that match are named in the question */

struct target {
	char *name, *uid, *org; /* uid, org: NULL when it was named */
};

struct targets {
	VEC(struct target) list;
};

static void targets_release(struct targets *t)
{
	for (size_t i = 0; i < t->list.len; i++) {
		free(t->list.items[i].name);
		free(t->list.items[i].uid);
		free(t->list.items[i].org);
	}
	vec_release(&t->list);
}

/* ---- Which ---- */

/* A shell's pattern is no name: said with what does it. */
static bool is_name(const struct kind *k, const char *word, struct err *e)
{
	size_t plain = strcspn(word, "*?[");

	if (*word && word[plain] == '\0')
		return true;
	/* `--filter 'job_name~=^'` would take every one there is. */
	if (plain == 0)
		return err_set(e, ERR_INVALID,
			"'%.60s' is no name: patterns are not looked for; --filter EXPR takes all "
			"that match, see `mltop help filter`",
			word);
	return err_set(e, ERR_INVALID,
		"'%.60s' is no name; --filter '%s~=^%.*s' takes all whose names begin so", word,
		kind_key(k)->name, (int)plain, word);
}

static bool add_row(struct targets *t, const struct kind *k, const struct kind_action *a,
	const json_t *row, struct err *e)
{
	const char *org = json_string_value(json_object_get(row, "org_id"));
	struct arena arena = ARENA_INIT;
	void *rec = mem_alloc(k->size);
	bool ok = record_decode(k, rec, &arena, row, DECODE_SERVER, e);

	if (ok && kind_action_may(k, a, rec)) {
		struct target made = {mem_strdup(record_key(k, rec)),
			mem_strdup(record_uid(k, rec)), org ? mem_strdup(org) : NULL};

		vec_push(&t->list, made);
	}
	free(rec);
	arena_release(&arena);
	return ok;
}

/* Those that match and can have it done to them in their state. */
static bool find_matching(struct cli *c, const struct kind *k, struct targets *t, struct err *e)
{
	struct buf fields = BUF_INIT;
	json_t *rows = NULL, *row;
	size_t i;
	bool ok;

	buf_addf(&fields, "%s,%s", kind_key(k)->name, kind_uid(k)->name);
	if (kind_state(k))
		buf_addf(&fields, ",%s", kind_state(k)->name);
	if (kind_field(k, "org_id"))
		buf_adds(&fields, ",org_id");
	ok = cli_check_filter(c, k, e) &&
		cli_fetch(c, k, k->path, fields.data, cli_value(c, "filter"), &rows, e);
	if (ok)
		json_array_foreach(rows, i, row)
			ok = ok && add_row(t, k, c->verb->action, row, e);
	json_decref(rows);
	buf_release(&fields);
	return ok;
}

static bool find_named(struct cli *c, const struct kind *k, struct targets *t, struct err *e)
{
	for (int i = 0; i < c->arg_count; i++) {
		struct target named = {mem_strdup(c->args[i]), NULL, NULL};

		vec_push(&t->list, named);
		if (!is_name(k, c->args[i], e))
			return false;
	}
	return true;
}

/* ---- The question ---- */

static void say_names(const struct targets *t)
{
	struct buf line = BUF_INIT;

	for (size_t i = 0; i < t->list.len; i++) {
		if (i == NAMED_MAX && t->list.len > NAMED_MAX + 1) {
			buf_addf(&line, " and %zu more", t->list.len - i);
			break;
		}
		buf_adds(&line, i ? ", " : " ");
		sanitize_text(&line, t->list.items[i].name, strlen(t->list.items[i].name));
	}
	fputs(line.data, stderr);
	buf_release(&line);
}

/* Many at once want their number typed, as in the dashboard: a "y" comes too easily. */
static bool counted(const struct kind *k, const struct kind_action *a, size_t count)
{
	char answer[32] = "", wanted[32];

	snprintf(wanted, sizeof wanted, "%zu", count);
	fprintf(stderr, "\nType %s to %c%s %s %s: ", wanted, tolower((unsigned char)a->ask[0]),
		a->ask + 1, wanted, k->plural);
	if (!fgets(answer, sizeof answer, stdin))
		return false;
	answer[strcspn(answer, "\r\n")] = '\0';
	return strcmp(answer, wanted) == 0;
}

/*
 * Asks at a terminal, with "no" as default. Where nobody can be asked only --yes is an answer: a
 * script that says it has been thought about. EXIT_DONE: go on.
 */
static int confirmed(const struct cli *c, const struct kind *k, const struct targets *t)
{
	const struct kind_action *a = c->verb->action;
	char answer[16] = "";
	bool yes;

	fprintf(stderr, "%s", a->ask);
	say_names(t);
	if (a->stakes)
		fprintf(stderr, "? %s", a->stakes);
	if (cli_has(c, "filter") && t->list.len > 1) {
		yes = counted(k, a, t->list.len);
	} else {
		fprintf(stderr, "%s [y/N] ", a->stakes ? "" : "?");
		yes = fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y');
	}
	return yes ? EXIT_DONE : EXIT_REFUSED;
}

static bool must_ask(const struct cli *c)
{
	return c->verb->action->asks == ASKS_CONFIRM && !cli_has(c, "yes");
}

/* ---- Doing ---- */

/* A row found by a filter over all orgs is of its own org, whatever --org says. */
static char *target_path(const struct cli *c, const struct kind *k, const struct target *t)
{
	char *path = cli_path(k, t->uid ? t->uid : t->name, c->verb->action->tail);
	const char *org = cli_value(c, "org");
	struct buf whole = BUF_INIT;

	if (t->org && org && strcmp(org, "-1") == 0) {
		buf_addf(&whole, "%s?org_id=%s", path, t->org);
		free(path);
		path = buf_detach(&whole);
	}
	return path;
}

/* What its flags say, where the action takes something; NULL: it takes nothing, or `e` says why not. */
static json_t *body_of(const struct cli *c, const struct kind_action *a, struct err *e)
{
	json_t *body = a->takes ? json_object() : NULL;

	for (size_t i = 0; a->takes && i < a->takes->field_count; i++) {
		const struct field *f = &a->takes->fields[i];
		const char *text = f->flags & F_NEW ? cli_value(c, f->name) : NULL;
		json_t *value = NULL;

		if (text == NULL)
			continue;
		value = f->type->storage == ST_BOOL ? json_true() : f->type->from_text(f, text, e);
		if (value == NULL) {
			json_decref(body);
			return NULL;
		}
		json_object_set_new(body, f->name, value);
	}
	return body;
}

static bool act(struct cli *c, const struct kind *k, const struct target *t, struct err *e)
{
	const struct kind_action *a = c->verb->action;
	char *path = target_path(c, k, t);
	json_t *body = body_of(c, a, e), *answer = NULL;
	bool secret = false,
	     ok = (body || a->takes == NULL) && cli_call(c, a->method, path, body, &answer, e);

	for (size_t i = 0; ok && i < k->field_count; i++)
		secret |= (k->fields[i].flags & F_SECRET) &&
			json_object_get(answer, k->fields[i].name) != NULL;
	if (ok && (secret || cli_has(c, "json") || cli_has(c, "output"))) {
		ok = output_one(c, secret ? NULL : k, answer, e);
	} else if (ok) {
		output_text(c, t->name);
		printf(" %s\n", a->doing);
	}
	json_decref(answer);
	json_decref(body);
	free(path);
	return ok;
}

/* Goes on after a failure, and returns the first one's code. */
static int act_on_each(struct cli *c, const struct kind *k, const struct targets *t)
{
	struct err e = ERR_INIT;
	int code = e.code == ERR_NONE ? EXIT_DONE : cli_fail(&e);

	for (size_t i = 0; e.code == ERR_NONE && i < t->list.len; i++) {
		struct err why = ERR_INIT;

		if (!act(c, k, &t->list.items[i], &why)) {
			int failed = cli_fail(&why);

			code = code == EXIT_DONE ? failed : code;
		}
	}
	return code;
}

int cli_action(struct cli *c)
{
	const struct kind *k = c->verb->kind;
	struct targets t = {0};
	struct err e = ERR_INIT;
	int code = EXIT_DONE;

	if (cli_has(c, "filter") == (c->arg_count > 0))
		return cli_usage(c,
			c->arg_count ? "--filter stands in place of names"
				     : "NAME is missing: name them, or give --filter");
	if (must_ask(c) && (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)))
		return cli_usage(c, "nobody can be asked here: give -y to %s without",
			c->verb->name);
	if (!(cli_has(c, "filter") ? find_matching(c, k, &t, &e) : find_named(c, k, &t, &e)))
		code = cli_fail(&e);
	else if (t.list.len == 0) {
		cli_complain("nothing is done: no %s to %s matches the filter", k->name,
			c->verb->action->name);
		code = EXIT_NOT_FOUND;
	} else if (must_ask(c))
		code = confirmed(c, k, &t);
	if (code == EXIT_DONE)
		code = act_on_each(c, k, &t);
	targets_release(&t);
	return code;
}
