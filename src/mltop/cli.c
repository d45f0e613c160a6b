#include "mltop/cli.h"

#include <string.h>
#include <unistd.h>

/* How far a word is from the nearest of the verbs is not worth a table: say what there is. */
static const struct verb *find_verb(int argc, char **argv, int *used)
{
	for (const struct verb *v = cli_verbs(); v->name; v++) {
		if (v->noun == NULL && strcmp(v->name, argv[0]) == 0)
			return *used = 1, v;
		if (v->noun && argc > 1 && strcmp(v->noun, argv[0]) == 0 &&
			strcmp(v->name, argv[1]) == 0)
			return *used = 2, v;
	}
	return NULL;
}

static const struct cli_flag *find_flag(const struct verb *v, const char *name, size_t len,
	char letter)
{
	const struct cli_flag *f = cli_flag_in(v->own, name, len, letter);

	for (const struct cli_flags *t = cli_flags; f == NULL && t->flags; t++)
		if (cli_takes(v, t))
			f = cli_flag_in(t->flags, name, len, letter);
	return f;
}

/* --job-name and --job_name both name the field job_name. */
static const struct field *find_field(const struct verb *v, const char *name, size_t len)
{
	char wire[64];

	if (!(v->flags & VERB_FIELDS) || len >= sizeof wire)
		return NULL;
	for (size_t i = 0; i < len; i++)
		wire[i] = name[i] == '-' ? '_' : name[i];
	wire[len] = '\0';
	const struct field *f = kind_field(v->kind, wire);
	return f && (f->flags & F_NEW) ? f : NULL;
}

static int unknown_flag(const struct cli *c, const char *word)
{
	const struct field *near = NULL;
	struct buf meant = BUF_INIT;
	int code;

	if ((c->verb->flags & VERB_FIELDS) && strncmp(word, "--", 2) == 0)
		near = kind_similar(c->verb->kind, word + 2, F_NEW);
	if (near) {
		buf_adds(&meant, ": did you mean --");
		kind_flag_name(near, &meant);
		buf_adds(&meant, "?");
	}
	code = cli_usage(c, "%s is no flag here%s", word, meant.len ? meant.data : "");
	buf_release(&meant);
	return code;
}

static int add_flag(struct cli *c, const char *name, const char *value)
{
	if (c->flag_count == CLI_FLAGS_MAX - 2)
		return cli_usage(c, "more than %d flags", CLI_FLAGS_MAX);
	c->flags[c->flag_count++] = (struct cli_given){name, value};
	return EXIT_DONE;
}

/* A row whose values the line must not have, whatever the verb. */
static bool names_secret(const struct kind *k, const char *name, size_t len)
{
	for (size_t i = 0; k && i < k->field_count; i++)
		if ((k->fields[i].flags & F_SECRET) && (k->fields[i].flags & (F_NEW | F_EDIT)) &&
			strlen(k->fields[i].name) == len &&
			strncmp(k->fields[i].name, name, len) == 0)
			return true;
	return false;
}

/* One word that starts with '-'. `*at` moves on when the value is the next word. */
static int parse_flag(struct cli *c, int argc, char **argv, int *at)
{
	const char *word = argv[*at], *name = word + 1, *equals = NULL;
	bool is_long = word[1] == '-';
	const struct cli_flag *f;
	const struct field *field = NULL;
	size_t len;

	if (is_long) {
		name = word + 2;
		equals = strchr(name, '=');
		len = equals ? (size_t)(equals - name) : strlen(name);
		f = find_flag(c->verb, name, len, 0);
		field = f ? NULL : find_field(c->verb, name, len);
	} else {
		f = find_flag(c->verb, NULL, 0, *name);
		if (name[1])
			equals = name[1] == '=' ? name + 1 : name;
	}
	if (f == NULL && field == NULL && is_long && names_secret(c->verb->kind, name, len))
		return cli_usage(c,
			"a %s does not belong on a command line, where others can read it: pipe it in, "
			"give --from-file FILE, or be asked for it",
			c->verb->kind->name);
	if (f == NULL && field == NULL)
		return unknown_flag(c, word);
	if (f && f->value == NULL) {
		if (equals)
			return cli_usage(c, "--%s takes no value", f->name);
		return add_flag(c, f->name, "");
	}
	if (equals == NULL && ++*at >= argc)
		return cli_usage(c, "%s needs a value", word);
	return add_flag(c, f ? f->name : field->name, equals ? equals + 1 : argv[*at]);
}

static int parse(struct cli *c, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0 && (c->verb->flags & VERB_REST)) {
			c->rest = argv + i + 1;
			return EXIT_DONE;
		}
		if (argv[i][0] == '-' && argv[i][1] != '\0') {
			int code = parse_flag(c, argc, argv, &i);

			if (code != EXIT_DONE)
				return code;
			continue;
		}
		if (c->verb->flags & VERB_REST) {
			c->rest = argv + i;
			return EXIT_DONE;
		}
		if (c->arg_count == CLI_ARGS_MAX)
			return cli_usage(c, "more than %d arguments", CLI_ARGS_MAX);
		c->args[c->arg_count++] = argv[i];
	}
	return EXIT_DONE;
}

/* As a script gives it whose variable is empty: it would name the list, or everything. */
static bool names_nothing(const char *name)
{
	return name[0] == '\0';
}

/* No object's name has one: it would be another path of the platform's. */
static bool names_a_path(const char *name)
{
	return strchr(name, '/') != NULL;
}

/* The first of the verb's NAMEs of which that is so; NULL: none. */
static const char *name_that(const struct cli *c, bool (*is)(const char *name))
{
	bool all = strcmp(c->verb->args, "NAME...") == 0;

	if (strncmp(c->verb->args, "NAME", 4) != 0)
		return NULL;
	for (int i = 0; i < (all ? c->arg_count : c->arg_count > 0); i++)
		if (is(c->args[i]))
			return c->args[i];
	return NULL;
}

static int run_verb(struct cli *c, int argc, char **argv)
{
	int code = parse(c, argc, argv);

	if (code != EXIT_DONE)
		return code;
	if (cli_has(c, "help"))
		return cli_help_verb(c->verb);
	if (c->arg_count < c->verb->least)
		return cli_usage(c, "%s is missing", c->verb->args);
	if (c->arg_count > c->verb->most)
		return cli_usage(c, "%s is one argument too many", c->args[c->verb->most]);
	if (name_that(c, names_nothing))
		return cli_usage(c, "NAME is empty");
	if (c->verb->kind && name_that(c, names_a_path))
		return cli_usage(c, "'%s' is no name of %s %s", name_that(c, names_a_path),
			kind_article(c->verb->kind), c->verb->kind->name);
	return c->verb->run(c);
}

/* How many words at the begin are such flags with their values: `mltop --context a jobs list`. */
static int leading_flags(int argc, char **argv)
{
	size_t len;
	int n = 0;

	while (n < argc && cli_leading_flag(argv[n], &len))
		n += argv[n][2 + len] == '=' ? 1 : 2;
	return n < argc ? n : 0;
}

/* Moves the first `count` of `total` words behind the others. */
static void move_behind(char **argv, int count, int total)
{
	for (; count > 0; count--) {
		char *first = argv[0];

		memmove(argv, argv + 1, (size_t)(total - 1) * sizeof *argv);
		argv[total - 1] = first;
	}
}

/* Neither a noun nor a verb by itself; said with what was perhaps meant. */
static int unknown_word(struct cli *c, const char *word)
{
	for (const struct verb *v = cli_verbs(); v->name; v++) {
		if (v->noun && strcmp(v->name, word) == 0)
			return cli_usage(c,
				"%s: of what? `mltop %s %s`, for example; `mltop help %s` says more",
				word, v->noun, word, word);
		if (v->noun && v->kind && strcmp(v->kind->name, word) == 0)
			return cli_usage(c, "%s: no such command; did you mean `mltop %s`?", word,
				v->noun);
	}
	return cli_usage(c, "%s: no such %s; `mltop help` lists them", word,
		word[0] == '-' ? "flag" : "command");
}

/* `argv` begins with the noun or verb, or with flags that stand before it as well as behind. */
static int cli_dispatch(struct cli *c, int argc, char **argv)
{
	int leading = leading_flags(argc, argv), used = 0;
	size_t len;

	c->verb = find_verb(argc - leading, argv + leading, &used);
	if (c->verb)
		move_behind(argv, leading, leading + used);
	else
		argv += leading, argc -= leading;
	if (c->verb)
		return run_verb(c, argc - used, argv + used);
	if (cli_leading_flag(argv[0], &len))
		return cli_usage(c,
			argc == 1 && argv[0][2 + len] == '\0'
				? "%s needs a value"
				: "%s: no command follows; `mltop help` lists them",
			argv[0]);
	if (!cli_is_noun(argv[0]))
		return unknown_word(c, argv[0]);
	if (argc > 1 && argv[1][0] != '-')
		return cli_usage(c, "%s %s: no such verb; `mltop help %s` lists them", argv[0],
			argv[1], argv[0]);
	cli_help_all(argv[0]);
	return argc > 1 ? EXIT_DONE : EXIT_USAGE;
}

static int verb_on(struct context *context, char **words)
{
	struct cli c = {.tty = isatty(STDOUT_FILENO), .context = *context, .verb_on = verb_on};
	int count = 0, code;

	*context = (struct context){0};
	while (words[count])
		count++;
	code = cli_dispatch(&c, count, words);
	cli_release(&c);
	return code;
}

int cli_main(int argc, char **argv)
{
	struct cli c = {.tty = isatty(STDOUT_FILENO), .verb_on = verb_on};
	int code;

	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		code = cli_help_all(argc > 2 ? argv[2] : NULL);
	else if (strcmp(argv[1], "--version") == 0)
		code = cli_version(&c);
	else
		code = cli_dispatch(&c, argc - 1, argv + 1);
	cli_release(&c);
	if ((fflush(stdout) != 0 || ferror(stdout)) && code == EXIT_DONE)
		code = cli_output_failed();
	return code;
}
