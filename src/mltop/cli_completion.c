/* Completions for shells, made from the verb table and the schema's rows. */
#include "mltop/cli.h"

#include <string.h>

static void words_of_flags(const struct cli_flag *flags)
{
	for (; flags && flags->name; flags++)
		printf(" --%s", flags->name);
}

static void words_of_verb(const struct verb *v)
{
	words_of_flags(v->own);
	for (size_t i = 0; (v->flags & VERB_FIELDS) && i < v->kind->field_count; i++) {
		const struct field *f = &v->kind->fields[i];
		struct buf name = BUF_INIT;

		if ((f->flags & F_NEW) && !(f->flags & F_HIDDEN) && !cli_own_flag(v, f->name)) {
			kind_flag_name(f, &name);
			printf(" --%s", name.data);
		}
		buf_release(&name);
	}
	for (const struct cli_flags *t = cli_flags; t->flags; t++)
		if (cli_takes(v, t))
			words_of_flags(t->flags);
}

/* The columns that are shown first: they are what is most likely meant. */
static void words_of_fields(const struct kind *k)
{
	struct fieldset shown;

	if (!fieldset_parse(&shown, k, k->list_fields, NULL))
		return;
	for (int rest = 0; rest < 2; rest++)
		for (size_t i = 0; i < k->field_count; i++)
			if (fieldset_has(&shown, i) != rest &&
				!(k->fields[i].flags & (F_ALIAS | F_SECRET | F_HIDDEN)))
				printf("%s ", k->fields[i].name);
}

static bool takes_name(const struct verb *v)
{
	return v->kind && (v->kind->can & CAN_LIST) && strncmp(v->args, "NAME", 4) == 0;
}

static void top_words(void)
{
	for (const struct verb *v = cli_verbs(); v->name; v++)
		if (v->noun == NULL)
			printf(" %s", v->name);
		else if (v == cli_verbs() || v[-1].noun == NULL || strcmp(v[-1].noun, v->noun) != 0)
			printf(" %s", v->noun);
}

/* "bash|zsh|fish": the words that may stand there. */
static void words_of_args(const char *args)
{
	for (; *args; args++)
		putchar(*args == '|' ? ' ' : *args);
}

/* What help takes: every noun, every verb by its name alone, and the topics. */
static void words_of_help(void)
{
	top_words();
	for (const struct verb *v = cli_verbs(); v->name; v++) {
		const struct verb *first = cli_verbs();

		while (strcmp(first->name, v->name) != 0)
			first++;
		if (v->noun && first == v)
			printf(" %s", v->name);
	}
	printf(" fields filter roles config");
}

static void bash_case(const struct verb *v)
{
	printf("\t'%s%s%s') words='", v->noun ? v->noun : "", v->noun ? " " : "", v->name);
	if (v->run == cli_help)
		words_of_help();
	else if (strchr(v->args, '|'))
		words_of_args(v->args);
	words_of_verb(v);
	printf("'%s%s", takes_name(v) ? "; kind=" : "", takes_name(v) ? v->kind->plural : "");
	if (v->run == cli_context_use)
		printf("; contexts=1");
	if (v->flags & (VERB_LIST | VERB_ONE | VERB_LOCAL))
		printf("; forms='table wide json yaml csv name'");
	if (v->run == cli_progress)
		printf("; forms='table json'");
	if (v->flags & VERB_LIST) {
		printf("; fields='");
		words_of_fields(v->kind);
		putchar('\'');
	}
	printf(" ;;\n");
}

static void noun_words(void)
{
	for (const struct verb *v = cli_verbs(); v->name; v++) {
		bool first = v->noun &&
			(v == cli_verbs() || v[-1].noun == NULL || strcmp(v[-1].noun, v->noun));

		if (v->noun == NULL)
			continue;
		if (first)
			printf("\t%s) words='", v->noun);
		printf("%s%s", first ? "" : " ", v->name);
		if (v[1].noun == NULL || strcmp(v[1].noun, v->noun) != 0)
			printf("' ;;\n");
	}
}

/*
 * Names come from the platform that is up, or from one elsewhere; completing never starts one. compgen
 * expands its words as the shell does, $(commands) among them, so a platform's word passes only when
 * it is a name.
 */
#define ONLY_NAMES " 2>/dev/null | LC_ALL=C grep -x '[A-Za-z0-9._-]*'"

static const char bash_end[] =
	"\t[ -n \"$kind\" ] && [ \"${word#-}\" = \"$word\" ] && {\n"
	"\t\tmltop platform status ||\n"
	"\t\t\tmltop context list -o csv --no-headers --columns current,origin | grep '^true,' |\n"
	"\t\t\tgrep -vx 'true,private'\n"
	"\t} >/dev/null 2>&1 && words=$(mltop $kind list -o name" ONLY_NAMES ")\n"
	"\tcase ${COMP_WORDS[COMP_CWORD-1]} in\n"
	"\t--columns|--sort|--filter) words=$fields ;;\n"
	"\t-o|--output) [ -n \"$forms\" ] && words=$forms ;;\n"
	"\t--context) contexts=1 ;;\n"
	"\tesac\n"
	"\t[ -n \"$contexts\" ] && [ \"${word#-}\" = \"$word\" ] &&\n"
	"\t\twords=$(mltop context list -o name" ONLY_NAMES ")\n"
	"\tCOMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
	"}\n"
	"complete -o default -o nosort -F _mltop mltop 2>/dev/null ||\n"
	"\tcomplete -o default -F _mltop mltop\n";

/* zsh runs the same function through bashcompinit. */
static void complete_bash(void)
{
	printf("_mltop() {\n"
	       "\tlocal word=${COMP_WORDS[COMP_CWORD]} words= kind= fields= forms= contexts=\n"
	       "\tcase \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in\n");
	for (const struct verb *v = cli_verbs(); v->name; v++)
		if (v->noun)
			bash_case(v);
	printf("\t*) case \"${COMP_WORDS[1]}\" in\n");
	for (const struct verb *v = cli_verbs(); v->name; v++)
		if (v->noun == NULL)
			bash_case(v);
	noun_words();
	printf("\tesac ;;\n\tesac\n"
	       "\t[ \"$COMP_CWORD\" -eq 1 ] && words='");
	top_words();
	printf("'\n%s", bash_end);
}

static void fish_text(const char *text)
{
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
}

/* The condition under which a verb's own words are offered. */
static void fish_when(const struct verb *v)
{
	printf("complete -c mltop -n '");
	if (v->noun)
		printf("__fish_seen_subcommand_from %s; and ", v->noun);
	printf("__fish_seen_subcommand_from %s' ", v->name);
}

static void fish_flag(const struct verb *v, const char *name, char letter, bool value,
	const char *doc)
{
	fish_when(v);
	printf("-l %s ", name);
	if (letter)
		printf("-s %c ", letter);
	printf("%s-d '", value ? "-x " : "");
	fish_text(doc);
	printf("'\n");
}

static void fish_flags(const struct verb *v, const struct cli_flag *flags)
{
	for (; flags && flags->name; flags++)
		fish_flag(v, flags->name, flags->letter, flags->value != NULL, flags->doc);
}

static void fish_verb(const struct verb *v)
{
	if (v->noun)
		printf("complete -c mltop -n '__fish_use_subcommand' -a %s\n"
		       "complete -c mltop -n '__fish_seen_subcommand_from %s' -a %s -d '",
			v->noun, v->noun, v->name);
	else
		printf("complete -c mltop -n '__fish_use_subcommand' -a %s -d '", v->name);
	fish_text(v->doc);
	printf("'\n");
	fish_flags(v, v->own);
	for (size_t i = 0; (v->flags & VERB_FIELDS) && i < v->kind->field_count; i++) {
		const struct field *f = &v->kind->fields[i];
		struct buf name = BUF_INIT;

		kind_flag_name(f, &name);
		if ((f->flags & F_NEW) && !(f->flags & F_HIDDEN) && !cli_own_flag(v, f->name))
			fish_flag(v, name.data, 0, true, f->doc);
		buf_release(&name);
	}
	for (const struct cli_flags *t = cli_flags; t->flags; t++)
		if (cli_takes(v, t))
			fish_flags(v, t->flags);
}

static void complete_fish(void)
{
	printf("complete -c mltop -f\n");
	for (const struct verb *v = cli_verbs(); v->name; v++)
		fish_verb(v);
}

int cli_completion(struct cli *c)
{
	if (strcmp(c->args[0], "bash") == 0)
		return complete_bash(), EXIT_DONE;
	if (strcmp(c->args[0], "zsh") == 0) {
		printf("autoload -U +X bashcompinit && bashcompinit\n");
		return complete_bash(), EXIT_DONE;
	}
	if (strcmp(c->args[0], "fish") == 0)
		return complete_fish(), EXIT_DONE;
	return cli_usage(c, "%s: completions are there for bash, zsh and fish", c->args[0]);
}
