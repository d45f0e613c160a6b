/* Help, all of it from the verbs' and the kinds' rows: verbs, their flags, and topics. */
#include "mltop/cli.h"

#include "core/kinds/job.h"
#include "core/kinds/key.h"
#include "core/kinds/kinds.h"

#include <ctype.h>
#include <string.h>

void cli_verb_doc(const struct verb *v, struct buf *out)
{
	size_t len = strlen(v->doc);

	if (len && v->doc[len - 1] == '.')
		len--;
	/* "MLTOP_OUTPUT_DIR" and "A key" begin differently. */
	if (len > 1 && isupper((unsigned char)v->doc[0]) && !isupper((unsigned char)v->doc[1])) {
		buf_addc(out, (char)tolower((unsigned char)v->doc[0]));
		buf_add(out, v->doc + 1, len - 1);
	} else {
		buf_add(out, v->doc, len);
	}
}

/* ---- One verb ---- */

static void help_flag(const char *name, char letter, const char *value, const char *doc)
{
	char left[64];

	if (letter)
		snprintf(left, sizeof left, "-%c, --%s%s%s", letter, name, value ? " " : "",
			value ? value : "");
	else
		snprintf(left, sizeof left, "    --%s%s%s", name, value ? " " : "",
			value ? value : "");
	printf("  %-28s %s\n", left, doc);
}

static void help_flags(const char *title, const struct cli_flag *flags)
{
	if (flags == NULL || flags->name == NULL)
		return;
	printf("\n%s\n", title);
	for (; flags->name; flags++)
		help_flag(flags->name, flags->letter, flags->value, flags->doc);
}

static const char *article(const struct kind *k)
{
	return strchr("aeiou", k->name[0]) ? "an" : "a";
}

static void help_new_fields(const struct verb *v)
{
	const struct kind *k = v->kind;

	printf("\nFields of %s %s\n", article(k), k->name);
	for (size_t i = 0; i < k->field_count; i++) {
		const struct field *f = &k->fields[i];
		struct buf name = BUF_INIT;

		if ((f->flags & F_NEW) && !(f->flags & F_HIDDEN) && !cli_own_flag(v, f->name)) {
			kind_flag_name(f, &name);
			help_flag(name.data, 0, f->hint ? f->hint : "VALUE", f->doc);
		}
		buf_release(&name);
	}
}

int cli_help_verb(const struct verb *v)
{
	struct buf title = BUF_INIT;

	cli_verb_title(v, &title);
	buf_addf(&title, "%s%s: ", *v->args ? " " : "", v->args);
	cli_verb_doc(v, &title);
	printf("%s\n", title.data);
	buf_release(&title);
	help_flags("Flags", v->own);
	if (v->flags & VERB_FIELDS)
		help_new_fields(v);
	for (const struct cli_flags *t = cli_flags; t->flags; t++)
		if (cli_takes(v, t))
			help_flags(t->title, t->flags);
	if (v->flags & VERB_LIST)
		printf("\n`mltop help fields %s` lists what --columns, --sort and --filter take.\n",
			v->kind->plural);
	return EXIT_DONE;
}

/* ---- All verbs ---- */

static void help_line(const struct verb *v)
{
	struct buf left = BUF_INIT, doc = BUF_INIT;

	cli_verb_title(v, &left);
	buf_addf(&left, " %s", v->args);
	cli_verb_doc(v, &doc);
	printf("  %-34s  %s\n", left.data, doc.data);
	buf_release(&left);
	buf_release(&doc);
}

int cli_help_all(const char *noun)
{
	printf("mltop: the console of a deep-learning platform\n\n"
	       "  mltop                               the dashboard\n");
	for (const struct verb *v = cli_verbs(); v->name; v++)
		if (noun == NULL || (v->noun && strcmp(v->noun, noun) == 0))
			help_line(v);
	printf("\n`mltop VERB --help` lists a verb's flags, `mltop help fields` the fields of each kind.\n"
	       "Exit codes: 0 done, 1 refused or failed, 2 usage, 3 not reachable, 4 not authorised,\n"
	       "5 not found.\n");
	return EXIT_DONE;
}

/* ---- Topics ---- */

static void help_field(const struct kind *k, const struct field *f)
{
	char left[64];

	if (f->flags & (F_SECRET | F_HIDDEN))
		return;
	snprintf(left, sizeof left, "%s%s%s", f->name, f->title ? ", " : "",
		f->title ? f->title : "");
	printf("  %-30s %-9s %s%s\n", left, f->type->name, f->doc,
		(f->flags & F_EDIT)          ? " (new, edit)"
			: (f->flags & F_NEW) ? " (new)"
					     : "");
	(void)k;
}

int cli_help_fields(const struct kind *k)
{
	printf("Fields of %s %s, for --columns, --sort and --filter; a column's title does as well.\n"
	       "(new): may be given when one is made; (edit): may be changed later.\n\n",
		article(k), k->name);
	for (size_t i = 0; i < k->field_count; i++)
		help_field(k, &k->fields[i]);
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
		[ROLE_ADMIN] = "also makes orgs and keys, and acts in every org (--org ID)",
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
	       "Stronger, in this order: --endpoint, --context, MLTOP_CONTEXT, XIAOMI_CLOUDML_ENDPOINT with\n"
	       "XIAOMI_ACCESS_KEY_ID and XIAOMI_SECRET_ACCESS_KEY, `mltop context use`. Weaker:\n"
	       "~/.config/xiaomi/config, then the private platform.\n");
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

/* help, help NOUN, help NOUN VERB, help TOPIC [KIND] */
int cli_help(struct cli *c)
{
	const char *first = c->arg_count ? c->args[0] : NULL,
		   *second = c->arg_count > 1 ? c->args[1] : NULL;
	bool noun = false;

	for (size_t i = 0; first && i < ARRAY_SIZE(topics); i++)
		if (strcmp(topics[i].name, first) == 0)
			return topics[i].show(second);
	for (const struct verb *v = cli_verbs(); first && v->name; v++) {
		noun |= v->noun && strcmp(v->noun, first) == 0;
		if (v->noun ? second && strcmp(v->noun, first) == 0 && strcmp(v->name, second) == 0
			    : second == NULL && strcmp(v->name, first) == 0)
			return cli_help_verb(v);
	}
	if (first && (!noun || second))
		return cli_usage(c,
			"%s%s%s: neither a verb nor a topic; `mltop help` lists verbs, topics "
			"are fields, filter, roles and config",
			first, second ? " " : "", second ? second : "");
	return cli_help_all(first);
}
