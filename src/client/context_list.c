/* The platforms that a person may choose from, and which one is in use. */
#include "client/context.h"

#include "base/mem.h"
#include "client/config.h"
#include "client/context_inside.h"

#include <stdlib.h>
#include <string.h>

struct listing {
	json_t *rows;
	const char *origin;
};

static json_t *row_named(const json_t *rows, const char *name)
{
	json_t *row;
	size_t i;

	json_array_foreach((json_t *)rows, i, row)
		if (strcmp(json_string_value(json_object_get(row, "name")), name) == 0)
			return row;
	return NULL;
}

/* The first of a name wins, as it does where it is looked for. */
static void context_found(void *ctx, const char *name, const char *endpoint)
{
	struct listing *l = ctx;

	if (row_named(l->rows, name) == NULL)
		json_array_append_new(l->rows,
			json_pack("{s:s, s:s*, s:s, s:b}", "name", name, "endpoint", endpoint,
				"origin", l->origin, "current", 0));
}

static void list_files(struct listing *l, const json_t *ours, const json_t *theirs,
	const char *state_dir)
{
	struct context local = {0};

	l->origin = "config.yaml";
	config_each(ours, context_found, l);
	l->origin = "~/.config/xiaomi/config";
	xiaomi_each(theirs, context_found, l);
	l->origin = "private";
	private_find(&local, state_dir, NULL);
	context_found(l, CONTEXT_LOCAL, local.url);
	context_release(&local);
}

/* The name of what was said by a flag or a variable; NULL: neither. */
static const char *said(const struct context_options *o, const char **by)
{
	*by = o->context ? "--context" : o->state_dir ? "--state-dir" : "MLTOP_CONTEXT";
	if (o->endpoint)
		return NULL;
	return o->context      ? o->context
		: o->state_dir ? CONTEXT_LOCAL
			       : context_variable("MLTOP_CONTEXT");
}

/*
 * The name of what context_resolve would take, without starting anything, and what said so. NULL:
 * undecided, and `e` says what would decide.
 */
static char *chosen(struct listing *l, const struct context_options *o, const json_t *ours,
	const json_t *theirs, const char **by, struct err *e)
{
	const char *name = said(o, by);
	struct context found = {0};
	char *kept;

	if (name)
		return mem_strdup(name);
	if (context_from_environment(&found, o, e)) {
		l->origin = found.origin;
		context_found(l, found.name, found.url);
	} else if (e->code != ERR_NONE) {
		return NULL;
	} else if ((kept = context_kept()) != NULL) {
		*by = "the choice of `mltop context use`";
		return kept;
	} else if (json_object_size(json_object_get(ours, "contexts"))) {
		*by = "config.yaml";
		name = config_current(ours, e);
		return name ? mem_strdup(name) : NULL;
	} else if (xiaomi_context(&found, theirs, NULL, NULL)) {
		l->origin = found.origin;
		context_found(l, found.name, found.url);
	}
	kept = mem_strdup(found.name ? found.name : CONTEXT_LOCAL);
	context_release(&found);
	return kept;
}

static void mark_chosen(struct listing *l, const struct context_options *o, const json_t *ours,
	const json_t *theirs, struct err *undecided)
{
	const char *by;
	char *name = chosen(l, o, ours, theirs, &by, undecided);
	json_t *row = name ? row_named(l->rows, name) : NULL;

	if (row)
		json_object_set_new(row, "current", json_true());
	else if (name)
		err_set(undecided, ERR_NOT_FOUND,
			"%s is %s, and there is no such context: choose one by "
			"`mltop context use NAME`",
			by, name);
	free(name);
}

json_t *context_list(const struct context_options *o, struct err *undecided, struct err *e)
{
	struct listing l = {.rows = json_array()};
	json_t *ours = NULL, *theirs = NULL;
	struct err unheard = ERR_INIT;

	if (!config_load(&ours, e)) {
		json_decref(l.rows);
		return NULL;
	}
	/* The public client's file is not ours: one that cannot be read has no names. */
	xiaomi_load(&theirs, NULL);
	list_files(&l, ours, theirs, o->state_dir);
	mark_chosen(&l, o, ours, theirs, undecided ? undecided : &unheard);
	json_decref(ours);
	json_decref(theirs);
	return l.rows;
}

bool context_use(const char *name, struct err *e)
{
	json_t *rows = context_list(&(struct context_options){0}, NULL, e);
	bool known = row_named(rows, name) != NULL;

	json_decref(rows);
	if (rows == NULL)
		return false;
	if (!known)
		return err_set(e, ERR_NOT_FOUND,
			"there is no context %s; `mltop context list` shows "
			"those there are, and `local` is the private platform",
			name);
	return context_keep(name, e);
}
