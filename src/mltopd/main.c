/* mltopd: the platform API server. */
#include "mltopd/options.h"
#include "kinds/kinds.h"

#include "base/standard.h"

#include <jansson.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void print_help(void)
{
	struct buf verbs = BUF_INIT;

	command_usage(&verbs);
	printf("mltopd %s: the platform API server\n\n"
	       "  mltopd [--config FILE] [--listen ADDR:PORT] [--state-dir DIR]\n"
	       "         [--engine local|kubernetes|fake] [--tls-cert FILE --tls-key FILE]\n"
	       "         [--insecure-listen] [--private] [--set KEY=VALUE]... [--check-config]\n\n"
	       "Verbs (with --state-dir DIR; they work with mltopd running and without):\n%s"
	       "  mltopd docs api|routes|config%*s prints reference pages\n",
		MLTOP_VERSION, verbs.data, 34, "");
	buf_release(&verbs);
}

static int docs_main(const struct options *o)
{
	struct buf out = BUF_INIT;
	const char *what = o->word_count > 1 ? o->words[1] : "";

	if (strcmp(what, "api") == 0)
		routes_docs(&out);
	else if (strcmp(what, "routes") == 0)
		routes_json(&out);
	else if (strcmp(what, "config") == 0)
		config_docs(&out);
	bool known = out.len > 0;

	fputs(out.data, stdout);
	if (!known)
		fprintf(stderr, "mltopd: docs: give api, routes or config\n");
	buf_release(&out);
	return known ? 0 : 2;
}

static int run(struct options *o, int argc, char **argv)
{
	struct err e = ERR_INIT;

	if (!options_read(o, argc, argv, &e)) {
		complain(e.text);
		return 2;
	}
	if (o->help || o->version) {
		if (o->help)
			print_help();
		else
			printf("mltopd %s\n", MLTOP_VERSION);
		return 0;
	}
	if (o->word_count > 0 && strcmp(o->words[0], "docs") == 0)
		return docs_main(o);
	if (o->word_count > 0 && !command_known(o->words[0])) {
		err_set(&e, ERR_INVALID, "%.60s is not a verb; see --help", o->words[0]);
		complain(e.text);
		return 2;
	}
	if (!options_config(o, &o->config, &e)) {
		complain(e.text);
		return 2;
	}
	if (o->check) {
		printf("mltopd: the configuration is good\n");
		return 0;
	}
	return o->word_count > 0 ? verb_main(o) : daemon_main(o, argv);
}

/* Requests bring secrets, and what JSON was is all over the memory that is free. */
static void json_wipe(void *memory)
{
	if (memory)
		explicit_bzero(memory, malloc_usable_size(memory));
	free(memory);
}

int main(int argc, char **argv)
{
	struct options o = {.die_fd = -1};
	int status;

	if (!standard_hold())
		return 1;
	umask(077);
	/* A long list's answer goes back to the system: glibc would keep as much as it once saw. */
	mallopt(M_MMAP_THRESHOLD, 256 << 10);
	mallopt(M_TRIM_THRESHOLD, 1 << 20);
	json_set_alloc_funcs(malloc, json_wipe);
	status = run(&o, argc, argv);
	if ((fflush(stdout) != 0 || ferror(stdout)) && status == 0)
		status = 1;
	options_release(&o);
	return status;
}
