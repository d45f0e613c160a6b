/* Help, all of it from the verbs' and the kinds' rows: verbs, their flags, and topics. */
#include "mltop/cli.h"

#include "core/kinds/job.h"
#include "core/kinds/key.h"
#include "core/kinds/kinds.h"

#include <ctype.h>
#include <string.h>

/* A sentence as it stands behind a colon: no capital, no period. */
static void doc_text(const char *doc, struct buf *out)
{
	size_t len = strlen(doc);

	if (len && doc[len - 1] == '.')
		len--;
	/* "MLTOP_OUTPUT_DIR" and "A key" begin differently. */
	if (len > 1 && isupper((unsigned char)doc[0]) && !isupper((unsigned char)doc[1])) {
		buf_addc(out, (char)tolower((unsigned char)doc[0]));
		buf_add(out, doc + 1, len - 1);
	} else {
		buf_add(out, doc, len);
	}
}

static void cli_verb_doc(const struct verb *v, struct buf *out)
{
	doc_text(v->doc, out);
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

static void help_new_fields(const struct verb *v)
{
	const struct kind *k = v->kind;

	printf("\nFields of %s %s\n", kind_article(k), k->name);
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

static void help_noun(const char *noun)
{
	const struct kind *k = kinds_find(noun);
	struct buf doc = BUF_INIT;

	if (k) {
		doc_text(k->doc, &doc);
		printf("mltop %s: %s\n\n", noun, doc.data);
	}
	for (const struct verb *v = cli_verbs(); v->name; v++)
		if (v->noun && strcmp(v->noun, noun) == 0)
			help_line(v);
	buf_release(&doc);
}

static void help_end(void)
{
	printf("\n`mltop VERB --help` lists a verb's flags, `mltop help fields` the fields of each kind.\n"
	       "Exit codes: 0 done, 1 refused or failed, 2 usage, 3 not reachable, 4 not authorised,\n"
	       "5 not found.\n");
}

int cli_help_all(const char *noun)
{
	if (noun) {
		help_noun(noun);
	} else {
		printf("mltop: the console of a deep-learning platform\n\n"
		       "  mltop                               the dashboard\n");
		for (const struct verb *v = cli_verbs(); v->name; v++)
			help_line(v);
	}
	help_end();
	return EXIT_DONE;
}

/* ---- What somebody asks for ---- */

/* A kind by its singular is its noun as well. */
static const char *noun_meant(const char *word)
{
	for (size_t i = 0; all_kinds[i]; i++)
		if (strcmp(all_kinds[i]->name, word) == 0 && all_kinds[i]->path)
			return all_kinds[i]->plural;
	return word;
}

/* "hold" alone: the verb of every kind that has one of that name. False: none has. */
static bool help_named(const char *name)
{
	const struct verb *first = NULL;
	size_t count = 0;

	for (const struct verb *v = cli_verbs(); v->name; v++)
		if (strcmp(v->name, name) == 0 && count++ == 0)
			first = v;
	if (count == 1)
		cli_help_verb(first);
	for (const struct verb *v = cli_verbs(); count > 1 && v->name; v++)
		if (strcmp(v->name, name) == 0)
			help_line(v);
	if (count > 1)
		help_end();
	return count > 0;
}

/* For `make docs`, and listed nowhere: all of it, or what a verb's own page has. */
static int help_man(const char *verb)
{
	for (const struct verb *v = cli_verbs(); verb && v->name; v++)
		if (v->noun == NULL && strcmp(v->name, verb) == 0)
			return cli_man_flags(v);
	return cli_man(cli_verbs());
}

static bool help_exact(const char *first, const char *second)
{
	for (const struct verb *v = cli_verbs(); v->name; v++)
		if (v->noun ? second && strcmp(v->noun, first) == 0 && strcmp(v->name, second) == 0
			    : second == NULL && strcmp(v->name, first) == 0)
			return cli_help_verb(v), true;
	return false;
}

/* help, help NOUN, help [NOUN] VERB, help TOPIC [KIND] */
int cli_help(struct cli *c)
{
	const char *first = c->arg_count ? noun_meant(c->args[0]) : NULL,
		   *second = c->arg_count > 1 ? c->args[1] : NULL;
	int shown = first ? cli_help_topic(first, second) : -1;

	if (first && strcmp(first, "man") == 0)
		return help_man(second);
	if (shown >= 0)
		return shown;
	if (first == NULL || (second == NULL && cli_is_noun(first)))
		return cli_help_all(first);
	if (help_exact(first, second) || (second == NULL && help_named(first)))
		return EXIT_DONE;
	return cli_usage(c,
		"%s%s%s: neither a verb nor a topic; `mltop help` lists verbs, topics "
		"are fields, filter, roles and config",
		first, second ? " " : "", second ? second : "");
}
