/*
 * The parts of mltop(1) that the rows know: every verb with its flags, and every kind's fields, in
 * mdoc(7). `make docs` puts them between their marks in docs/man/mltop.1, and the flags of a verb that
 * has a page of its own between those there.
 */
#include "mltop/cli.h"

#include "core/kinds/kinds.h"

#include <string.h>

/* Text of ours: a backslash and a minus mean something to mdoc, as does a line that begins with a dot. */
static void man_text(const char *text)
{
	for (const char *p = text; *p; p++)
		if (*p == '\\')
			fputs("\\e", stdout);
		else if (*p == '-' && p[1] == '-')
			fputs("\\-", stdout);
		else
			putchar(*p);
	putchar('\n');
}

static void man_doc(const char *doc)
{
	struct buf text = BUF_INIT;
	size_t len = strlen(doc);

	buf_adds(&text, doc);
	if (len && doc[len - 1] != '.')
		buf_addc(&text, '.');
	if (text.data[0] >= 'a' && text.data[0] <= 'z')
		text.data[0] = (char)(text.data[0] - 32);
	man_text(text.data);
	buf_release(&text);
}

static void man_flag(const char *name, char letter, const char *value, const char *doc)
{
	printf(".It ");
	if (letter)
		printf("Fl %c , ", letter);
	printf("Fl \\-%s", name);
	if (value)
		printf(" Ar \"%s\"", value);
	putchar('\n');
	man_doc(doc);
}

static void man_own_flags(const struct verb *v)
{
	if (v->own == NULL)
		return;
	printf(".Bl -tag -width Ds -compact\n");
	for (const struct cli_flag *f = v->own; f->name; f++)
		man_flag(f->name, f->letter, f->value, f->doc);
	printf(".El\n");
}

static void man_verb(const struct verb *v)
{
	printf(".It Cm \"%s%s%s\"", v->noun ? v->noun : "", v->noun ? " " : "", v->name);
	if (*v->args)
		printf(" Ar \"%s\"", v->args);
	putchar('\n');
	man_doc(v->doc);
	if (v->flags & VERB_FIELDS)
		printf("Every field that is marked new in\n.Sx FIELDS\nis a flag as well.\n");
	man_own_flags(v);
}

static void man_fields(const struct kind *k)
{
	printf(".Ss %s\n", k->plural);
	man_doc(k->doc);
	printf(".Bl -tag -width Ds -compact\n");
	for (size_t i = 0; i < k->field_count; i++) {
		const struct field *f = &k->fields[i];

		if (f->flags & (F_SECRET | F_HIDDEN))
			continue;
		const char *given = cli_field_given(f);

		printf(".It Ic %s Pq %s%s%s\n", f->name, f->type->name, *given ? ", " : "", given);
		man_doc(f->doc);
	}
	printf(".El\n");
}

int cli_man_flags(const struct verb *v)
{
	man_own_flags(v);
	return EXIT_DONE;
}

int cli_man(const struct verb *verbs)
{
	printf(".Ss Verbs\n.Bl -tag -width Ds\n");
	for (const struct verb *v = verbs; v->name; v++)
		man_verb(v);
	printf(".El\n.Ss Flags of many verbs\n");
	for (const struct cli_flags *t = cli_flags; t->flags; t++) {
		printf("%s:\n.Bl -tag -width Ds -compact\n", t->title);
		for (const struct cli_flag *f = t->flags; f->name; f++)
			man_flag(f->name, f->letter, f->value, f->doc);
		printf(".El\n");
	}
	printf(".Sh FIELDS\nWhat\n.Fl \\-columns , \\-sort , \\-filter\nand FIELD=VALUE take, a kind at a time;\n"
	       "new ones may be given when an object is made, those of edit changed later.\n");
	for (size_t i = 0; all_kinds[i]; i++)
		man_fields(all_kinds[i]);
	return EXIT_DONE;
}
