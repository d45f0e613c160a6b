/* mltop: without a verb the dashboard, with one the command line. */
#include "mltop/cli.h"

#include "base/mem.h"
#include "base/standard.h"

#include <locale.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* The value of `flag` at argv[*at], which may be the next word; NULL: it is another flag. */
static const char *value_of(const char *flag, int argc, char **argv, int *at)
{
	size_t len = strlen(flag);

	if (strncmp(argv[*at], flag, len) != 0)
		return NULL;
	if (argv[*at][len] == '=')
		return argv[*at] + len + 1;
	return argv[*at][len] == '\0' && *at + 1 < argc ? argv[++*at] : NULL;
}

/* Flags that may stand before nothing at all: `mltop --context prod-a`. */
static bool dashboard_flags(int argc, char **argv, struct context_options *o)
{
	const struct {
		const char *name, **to;
	} flags[] = {
		{"--endpoint", &o->endpoint},
		{"--context", &o->context},
		{"--state-dir", &o->state_dir},
	};

	for (int i = 1; i < argc; i++) {
		const char *value = NULL;

		for (size_t f = 0; f < ARRAY_SIZE(flags) && !value; f++)
			if ((value = value_of(flags[f].name, argc, argv, &i)) != NULL)
				*flags[f].to = value;
		if (value == NULL)
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	struct context_options o = {0};

	if (!standard_hold())
		return EXIT_MLTOP_FAILED;
	/* Rows come as JSON trees of some hundred KiB, one after the other: the memory of one is kept
	 * for the next instead of going to the kernel and coming back page by page. */
	mallopt(M_TRIM_THRESHOLD, 2 << 20);
	mallopt(M_TOP_PAD, 1 << 20);
	/* Texts are UTF-8 by LC_CTYPE alone; numbers keep their '.'. */
	setlocale(LC_CTYPE, "");
	signal(SIGPIPE, SIG_IGN);
	if (dashboard_flags(argc, argv, &o))
		return dashboard_main(&o, NULL, NULL);
	return cli_main(argc, argv);
}
