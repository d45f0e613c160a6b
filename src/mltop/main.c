/* mltop: without a verb the dashboard, with one the command line. */
#include "mltop/cli.h"

#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* Flags that may stand before nothing at all: `mltop --context prod-a`. */
static bool dashboard_flags(int argc, char **argv, struct context_options *o)
{
	for (int i = 1; i < argc; i++) {
		const char **to = strcmp(argv[i], "--endpoint") == 0 ? &o->endpoint
			: strcmp(argv[i], "--context") == 0          ? &o->context
			: strcmp(argv[i], "--state-dir") == 0        ? &o->state_dir
								     : NULL;

		if (to == NULL || ++i >= argc)
			return false;
		*to = argv[i];
	}
	return true;
}

int main(int argc, char **argv)
{
	struct context_options o = {0};

	/* Texts are UTF-8 by LC_CTYPE alone; numbers keep their '.'. */
	setlocale(LC_CTYPE, "");
	signal(SIGPIPE, SIG_IGN);
	if (dashboard_flags(argc, argv, &o))
		return dashboard_main(&o, NULL, NULL);
	return cli_main(argc, argv);
}
