/*
 * The whole verb table: what every kind can do, made from its row in core/kinds, with the special
 * verbs of verbs.c among it. A special verb of the same name stands in for the kind's own.
 */
#include "mltop/cli.h"

#include "core/kinds/kinds.h"

#include <string.h>

enum { VERBS_MAX = 256 };

static const struct cli_flag create_flags[] = {
	{"env", 'e', "K=V", "environment variable; K alone takes the value from here", true},
	{"label", 'l', "K=V", "label of your own", true},
	{0},
};
static const struct cli_flag action_flags[] = {
	{"yes", 'y', NULL, "do not ask", false},
	{"filter", 0, "EXPR", "all that match, in place of names", false},
	{0},
};

/* Of every kind that can do it; the action's rows are made beside these. */
static const struct {
	unsigned can;
	struct verb verb;
} kind_verbs[] = {
	{CAN_LIST,
		{NULL, "list", "", 0, 0, VERB_LIST, NULL, NULL, cli_list,
			"all there are, or those that --filter says"}},
	{CAN_ONE,
		{NULL, "describe", "NAME", 1, 1, VERB_ONE | VERB_OWNED, NULL, NULL, cli_describe,
			"all that is known of one"}},
	{CAN_CREATE,
		{NULL, "create", "[NAME] [FILE.yaml]", 0, 2, VERB_ONE | VERB_FIELDS | VERB_OWNED,
			NULL, create_flags, cli_create,
			"make one, from a file, from flags, or both"}},
	{CAN_EDIT,
		{NULL, "edit", "NAME FIELD=VALUE...", 2, CLI_ARGS_MAX, VERB_ONE | VERB_OWNED, NULL,
			NULL, cli_edit, "change fields of one"}},
	{CAN_EVENTS,
		{NULL, "events", "NAME", 1, 1, VERB_LIST, NULL, NULL, cli_events,
			"what happened to one"}},
	{CAN_TASKS,
		{NULL, "tasks", "NAME", 1, 1, VERB_LIST, NULL, NULL, cli_tasks,
			"its tasks, a row for each attempt"}},
};

enum { TAKING_MAX = 8, TAKEN_MAX = 8 }; /* actions that take something, and flags of one */

struct verb_table {
	struct verb verbs[VERBS_MAX + 1];
	size_t count;
	struct cli_flag taken[TAKING_MAX][TAKEN_MAX + 1];
	size_t taking;
};

static bool noun_is(const struct verb *v, const char *noun)
{
	return v->noun && noun && strcmp(v->noun, noun) == 0;
}

static const struct verb *special_of(const char *noun, const char *name)
{
	for (const struct verb *v = special_verbs; v->name; v++)
		if (noun_is(v, noun) && strcmp(v->name, name) == 0)
			return v;
	return NULL;
}

/* The flags of every action, and those that are rows of what it takes. */
static const struct cli_flag *flags_of(struct verb_table *t, const struct kind_action *a)
{
	struct cli_flag *out;
	size_t n = ARRAY_SIZE(action_flags) - 1;

	if (a->takes == NULL || t->taking == TAKING_MAX)
		return action_flags;
	out = t->taken[t->taking++];
	memcpy(out, action_flags, sizeof action_flags);
	for (size_t i = 0; i < a->takes->field_count && n < TAKEN_MAX; i++) {
		const struct field *f = &a->takes->fields[i];

		if (!(f->flags & F_NEW))
			continue;
		out[n++] = (struct cli_flag){.name = f->name,
			.value = f->type->storage == ST_BOOL ? NULL
				: f->hint                    ? f->hint
							     : "VALUE",
			.doc = f->doc};
	}
	return out;
}

static void table_add(struct verb_table *t, const struct verb *v)
{
	struct verb *made = &t->verbs[t->count];

	if (t->count == VERBS_MAX)
		return;
	*made = *v;
	/* --org is for what belongs to an org. */
	if ((made->flags & VERB_OWNED) && made->kind && made->kind->org_names)
		made->flags |= VERB_ORG;
	if ((made->run == cli_create || made->run == cli_edit) && (made->kind->can & CAN_WHAT_IF))
		made->flags |= VERB_WHAT_IF;
	if (made->run == cli_action && made->action == NULL)
		made->action = kind_action_find(made->kind, made->name);
	if (made->own == NULL && made->run == cli_action)
		made->own = flags_of(t, made->action);
	t->count++;
}

static void add_of_kind(struct verb_table *t, const struct kind *k, const struct verb *form)
{
	struct verb v = *form;

	v.noun = k->plural;
	v.kind = k;
	if (special_of(v.noun, v.name) == NULL)
		table_add(t, &v);
}

static void add_action(struct verb_table *t, const struct kind *k, const struct kind_action *a)
{
	struct verb v = {.name = a->name,
		.args = "NAME...",
		.most = CLI_ARGS_MAX,
		.flags = VERB_ONE | VERB_OWNED,
		.run = cli_action,
		.action = a,
		.doc = a->doc};

	add_of_kind(t, k, &v);
}

static void add_special(struct verb_table *t, const struct kind *k, const struct verb *special)
{
	struct verb v = *special;

	if (v.kind == NULL && ((v.flags & VERB_LIST) || strncmp(v.args, "NAME", 4) == 0))
		v.kind = k;
	table_add(t, &v);
}

static void add_kind(struct verb_table *t, const struct kind *k)
{
	for (size_t i = 0; i < ARRAY_SIZE(kind_verbs); i++)
		if (k->path && (k->can & kind_verbs[i].can))
			add_of_kind(t, k, &kind_verbs[i].verb);
	for (const struct verb *v = special_verbs; v->name; v++)
		if (noun_is(v, k->plural))
			add_special(t, k, v);
	for (size_t i = 0; i < k->action_count; i++)
		add_action(t, k, &k->actions[i]);
}

const struct verb *cli_verbs(void)
{
	static struct verb_table table;

	if (table.count)
		return table.verbs;
	for (size_t i = 0; all_kinds[i]; i++)
		add_kind(&table, all_kinds[i]);
	for (const struct verb *v = special_verbs; v->name; v++)
		if (v->noun == NULL || kinds_find(v->noun) == NULL)
			add_special(&table, v->noun ? NULL : kinds_find(v->name), v);
	return table.verbs;
}

bool cli_is_noun(const char *word)
{
	for (const struct verb *v = cli_verbs(); v->name; v++)
		if (noun_is(v, word))
			return true;
	return false;
}
