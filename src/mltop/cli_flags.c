/* The flags that verbs have in common, and what of them was given. */
#include "mltop/cli.h"

#include <string.h>

/* Flags of every verb. */
static const struct cli_flag common_flags[] = {
	{"endpoint", 0, "URL",
		"platform to use, with XIAOMI_ACCESS_KEY_ID and XIAOMI_SECRET_ACCESS_KEY", false},
	{"context", 0, "NAME", "context of config.yaml to use", false},
	{"state-dir", 0, "DIR", "state of the private platform", false},
	{"help", 'h', NULL, "this help", false},
	{0},
};
static const struct cli_flag output_flags[] = {
	{"output", 'o', "FORM", "table, wide, json, yaml, csv or name", false},
	{"json", 0, NULL, "short for -o json", false},
	{0},
};
static const struct cli_flag shown_flags[] = {
	{"columns", 0, "A,B,C", "fields to show", false},
	{"sort", 0, "FIELD", "order; -FIELD for descending", false},
	{"no-headers", 0, NULL, "no title row", false},
	{0},
};
static const struct cli_flag list_flags[] = {
	{"filter", 0, "EXPR", "only rows that match, as after / in the dashboard", false},
	{"watch", 'w', NULL, "print again whenever something changed", false},
	{0},
};
static const struct cli_flag org_flags[] = {
	{"org", 0, "ORG", "another org's, by name or id; -1 for a list of all (admins)", false},
	{0},
};
static const struct cli_flag what_if_flags[] = {
	{"what-if", 0, NULL, "do nothing: say what it would lead to", false},
	{0},
};
const struct cli_flags cli_flags[] = {
	{"Output", output_flags, VERB_LIST | VERB_ONE | VERB_LOCAL},
	{"Columns", shown_flags, VERB_LIST | VERB_LOCAL},
	{"Rows", list_flags, VERB_LIST},
	{"Whose", org_flags, VERB_LIST | VERB_ORG},
	{"Before it is done", what_if_flags, VERB_WHAT_IF},
	{"Everywhere", common_flags, 0},
	{0},
};

bool cli_takes(const struct verb *v, const struct cli_flags *t)
{
	return t->verbs == 0 || (v->flags & t->verbs);
}

const char *cli_value(const struct cli *c, const char *flag)
{
	for (int i = c->flag_count - 1; i >= 0; i--)
		if (strcmp(c->flags[i].name, flag) == 0)
			return c->flags[i].value;
	return NULL;
}

bool cli_has(const struct cli *c, const char *flag)
{
	return cli_value(c, flag) != NULL;
}

const struct cli_flag *cli_flag_in(const struct cli_flag *flags, const char *name, size_t len,
	char letter)
{
	for (; flags && flags->name; flags++)
		if (letter ? flags->letter == letter
			   : strlen(flags->name) == len && strncmp(flags->name, name, len) == 0)
			return flags;
	return NULL;
}

bool cli_own_flag(const struct verb *v, const char *name)
{
	return cli_flag_in(v->own, name, strlen(name), 0) != NULL;
}

const struct cli_flag *cli_leading_flag(const char *word, size_t *len)
{
	const struct cli_flag *f;

	if (strncmp(word, "--", 2) != 0)
		return NULL;
	*len = strcspn(word + 2, "=");
	f = cli_flag_in(common_flags, word + 2, *len, 0);
	if (f == NULL)
		f = cli_flag_in(org_flags, word + 2, *len, 0);
	return f && f->value ? f : NULL;
}
