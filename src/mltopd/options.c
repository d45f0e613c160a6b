#include "mltopd/options.h"

#include "base/sanitize.h"
#include "base/fsio.h"
#include "base/mem.h"
#include "base/num.h"
#include "store/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* `--name VALUE`, `--name=VALUE`: the value, or NULL. Moves *i on. */
static const char *take_value(char **argv, int argc, int *i, const char *name)
{
	size_t len = strlen(name);

	if (strncmp(argv[*i], name, len) != 0)
		return NULL;
	if (argv[*i][len] == '=')
		return argv[*i] + len + 1;
	if (argv[*i][len] != '\0' || *i + 1 >= argc)
		return NULL;
	return argv[++*i];
}

static bool set_later(struct options *o, char *text, struct err *e)
{
	if (o->set_count == SETS_MAX)
		return err_set(e, ERR_INVALID, "more than %d settings on the command line",
			SETS_MAX);
	o->sets[o->set_count++] = text;
	return true;
}

static bool set_named(struct options *o, const char *name, const char *value, struct err *e)
{
	char *text = NULL;

	return asprintf(&text, "%s=%s", name, value) < 0 ? abort(), false : set_later(o, text, e);
}

/* Flags that are settings under another name. */
static const struct {
	const char *flag, *setting;
} aliases[] = {
	{"--listen", "listen"},
	{"--state-dir", "state_dir"},
	{"--engine", "engine"},
	{"--tls-cert", "tls.cert"},
	{"--tls-key", "tls.key"},
};
static const struct {
	const char *flag, *setting;
} switches[] = {{"--private", "private"}, {"--insecure-listen", "insecure_listen"}};

static bool take_alias(struct options *o, char **argv, int argc, int *i, bool *taken, struct err *e)
{
	const char *value;

	*taken = true;
	for (size_t n = 0; n < ARRAY_SIZE(aliases); n++)
		if ((value = take_value(argv, argc, i, aliases[n].flag)) != NULL)
			return set_named(o, aliases[n].setting, value, e);
	for (size_t n = 0; n < ARRAY_SIZE(switches); n++)
		if (strcmp(argv[*i], switches[n].flag) == 0)
			return set_named(o, switches[n].setting, "yes", e);
	*taken = false;
	return true;
}

static bool take_flag(struct options *o, char **argv, int argc, int *i, struct err *e)
{
	const char *value;
	int64_t fd;
	bool taken;

	if (!take_alias(o, argv, argc, i, &taken, e) || taken)
		return taken;
	if ((value = take_value(argv, argc, i, "--set")) != NULL)
		return set_later(o, mem_strdup(value), e);
	if ((value = take_value(argv, argc, i, "--config")) != NULL) {
		o->config_path = value;
	} else if ((value = take_value(argv, argc, i, "--die-with-fd")) != NULL) {
		if (!num_i64(value, 3, 1000000, &fd))
			return err_set(e, ERR_INVALID, "--die-with-fd %.20s: give a descriptor",
				value);
		o->die_fd = (int)fd;
	} else if (strcmp(argv[*i], "--check-config") == 0) {
		o->check = true;
	} else if (strcmp(argv[*i], "--help") == 0) {
		o->help = true;
	} else if (strcmp(argv[*i], "--version") == 0) {
		o->version = true;
	} else if (o->word_count > 0 && o->word_count < CONTROL_ARGS_MAX) {
		o->words[o->word_count++] = argv[*i]; /* a flag of the verb */
	} else {
		return err_set(e, ERR_INVALID,
			"%.60s is not a flag, or its value is missing; see --help", argv[*i]);
	}
	return true;
}

bool options_read(struct options *o, int argc, char **argv, struct err *e)
{
	for (int i = 1; i < argc; i++) {
		if (argv[i][0] == '-' && argv[i][1] != '\0') {
			if (!take_flag(o, argv, argc, &i, e))
				return false;
		} else if (o->word_count < CONTROL_ARGS_MAX) {
			o->words[o->word_count++] = argv[i];
		}
	}
	return true;
}

void options_release(struct options *o)
{
	for (int i = 0; i < o->set_count; i++)
		free(o->sets[i]);
	free(o->absolute);
	config_release(&o->config);
}

bool options_config(const struct options *o, struct config *c, struct err *e)
{
	config_init(c);
	if (o->config_path && !config_read(c, o->config_path, e))
		return false;
	for (int i = 0; i < o->set_count; i++)
		if (!config_set(c, o->sets[i], e))
			return false;
	return config_check(c, e);
}

char *options_state_dir(const struct config *c, struct err *e)
{
	const char *given = c->state_dir;
	char *path, *here;

	if (*given == '\0')
		return folder_default(e);
	if (*given == '/')
		return mem_strdup(given);
	here = getcwd(NULL, 0);
	path = fsio_join(here ? here : "/", given);
	free(here);
	return path;
}

void print_clean(FILE *f, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		struct buf clean = BUF_INIT;

		sanitize_text(&clean, text, len);
		fprintf(f, "%s%s", clean.data, text[len] ? "\n" : "");
		buf_release(&clean);
		text += len + (text[len] != '\0');
	}
}

void complain(const char *text)
{
	fputs("mltopd: ", stderr);
	print_clean(stderr, text);
	fputc('\n', stderr);
}
