/* What help says of fields, filters, roles and the configuration. */
#include "mltop/cli.h"

#include "core/kinds/key.h"
#include "core/kinds/kinds.h"

#include <string.h>

struct widths {
	int left, type;
};

static bool field_told(const struct field *f)
{
	return !(f->flags & (F_SECRET | F_HIDDEN));
}

/* "job_name, NAME" */
static int field_left(const struct field *f, char *out, size_t size)
{
	return snprintf(out, size, "%s%s%s", f->name, f->title ? ", " : "",
		f->title ? f->title : "");
}

static struct widths field_widths(const struct kind *k)
{
	struct widths w = {0};
	char left[96];

	for (size_t i = 0; i < k->field_count; i++) {
		int taken = field_left(&k->fields[i], left, sizeof left),
		    type = (int)strlen(k->fields[i].type->name);

		if (!field_told(&k->fields[i]))
			continue;
		w.left = taken > w.left ? taken : w.left;
		w.type = type > w.type ? type : w.type;
	}
	return w;
}

static void help_field(const struct field *f, const struct widths *w)
{
	const char *given = cli_field_given(f);
	char left[96];

	field_left(f, left, sizeof left);

	printf("  %-*s  %-*s  %s%s%s%s%s\n", w->left, left, w->type, f->type->name, f->doc,
		*given ? " (" : "", given, *given ? ")" : "",
		(f->flags & F_LARGE) ? " (long)" : "");
}

int cli_help_fields(const struct kind *k)
{
	struct widths w = field_widths(k);

	printf("Fields of %s %s, for --columns, --sort and --filter; a column's title does as well.\n"
	       "(new): may be given when one is made; (edit): may be changed later; (long): only for\n"
	       "--columns, which show how it begins.\n\n",
		kind_article(k), k->name);
	for (size_t i = 0; i < k->field_count; i++)
		if (field_told(&k->fields[i]))
			help_field(&k->fields[i], &w);
	printf("\nShown by default: %s\n", k->list_fields);
	return EXIT_DONE;
}

static int help_every_field(const char *plural)
{
	const struct kind *k = plural ? kinds_find(plural) : NULL;

	if (k)
		return cli_help_fields(k);
	if (plural)
		cli_complain("there is no kind %s", plural);
	else
		printf("Each kind has fields of its own:\n\n");
	for (size_t i = 0; all_kinds[i] && plural == NULL; i++)
		printf("  mltop help fields %-10s %s\n", all_kinds[i]->plural, all_kinds[i]->doc);
	return plural ? EXIT_USAGE : EXIT_DONE;
}

static int help_filter(const char *kind)
{
	(void)kind;
	printf("Terms joined by blanks must all match:\n\n"
	       "  state=running|creating       one of these\n"
	       "  state!=running               known, and not that\n"
	       "  gpu>=4   age<2h   loss<0.5   numbers, sizes (4G), times (90s, 2h, 3d), dates\n"
	       "  owner~=li                    a POSIX extended regular expression\n"
	       "  !name~=test                  turned round\n"
	       "  team=vision                  a label of that name, where no field is called so\n"
	       "  resnet                       fuzzy, on the name\n"
	       "  \"exact part\"                 a part of the name\n\n"
	       "The same language stands after / in the dashboard. `mltop help fields` lists fields.\n");
	return EXIT_DONE;
}

static int help_roles(const char *kind)
{
	static const char *const may[] = {
		[ROLE_VIEWER] = "looks at what its org has",
		[ROLE_OPERATOR] = "also submits, stops and deletes jobs, and uploads packages",
		[ROLE_QUOTA_ADMIN] = "also changes what orgs may use",
		[ROLE_ADMIN] =
			"also makes orgs, keys and secrets, and acts in every org (--org ORG)",
	};

	(void)kind;
	printf("A key has a role; each holds what those before it hold:\n\n");
	for (size_t i = 0; role_words[i]; i++)
		printf("  %-12s %s\n", role_words[i], may[i]);
	printf("\nA key that is read-only changes nothing, whatever its role.\n");
	return EXIT_DONE;
}

static int help_config(const char *kind)
{
	(void)kind;
	printf("$XDG_CONFIG_HOME/mltop/config.yaml (~/.config/mltop/config.yaml); mltop never writes it:\n\n"
	       "  current: NAME                the context to use\n"
	       "  contexts:\n"
	       "    NAME:\n"
	       "      endpoint: URL            https://host[:port][/prefix]\n"
	       "      access_key: TEXT\n"
	       "      secret_key: TEXT         or secret_file: PATH, which others must not read\n"
	       "      org: ID                  for admins: whose objects are shown\n"
	       "      ca_file: PATH            certificates to trust in place of the system's\n"
	       "  theme: NAME                  of the dashboard\n"
	       "  mouse: no                    the terminal keeps the mouse\n"
	       "  undo_seconds: 3              how long a change waits for second thoughts\n"
	       "  keys: {KEY: COMMAND}         in the dashboard\n\n"
	       "Stronger, in this order: --endpoint, --context, --state-dir (the private platform there),\n"
	       "MLTOP_CONTEXT, XIAOMI_CLOUDML_ENDPOINT with XIAOMI_ACCESS_KEY_ID and\n"
	       "XIAOMI_SECRET_ACCESS_KEY, `mltop context use`. Weaker: ~/.config/xiaomi/config, then the\n"
	       "private platform.\n");
	return EXIT_DONE;
}

static const struct {
	const char *name;
	int (*show)(const char *kind);
} topics[] = {
	{"fields", help_every_field},
	{"filter", help_filter},
	{"roles", help_roles},
	{"config", help_config},
};

int cli_help_topic(const char *topic, const char *kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(topics); i++)
		if (strcmp(topics[i].name, topic) == 0)
			return topics[i].show(kind);
	return -1;
}
