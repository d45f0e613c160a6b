/*
 * What mltopd's command line says, and the two things it can do with it: serve, or carry out a
 * verb. Owner of all texts: struct options, until options_release.
 */
#ifndef MLTOP_MLTOPD_OPTIONS_H
#define MLTOP_MLTOPD_OPTIONS_H

#include "mltopd/config.h"
#include "mltopd/control.h"

#include <stdio.h>

enum { SETS_MAX = 128 };

struct options {
	struct config config;
	const char *config_path;
	char *sets[SETS_MAX]; /* ours; kept for a reload */
	int set_count;
	int die_fd; /* -1: none */
	bool check, help, version;
	char *words[CONTROL_ARGS_MAX]; /* a verb and its arguments; borrowed */
	int word_count;
	char *absolute; /* the word that was made one */
};

bool options_read(struct options *o, int argc, char **argv, struct err *e);
void options_release(struct options *o);
/* File first, then flags and --set in their order, over what is standard; release `c` in any case. */
bool options_config(const struct options *o, struct config *c, struct err *e);
/* The state folder as an absolute path; the caller frees. NULL: `e` says why there is none. */
char *options_state_dir(const struct config *c, struct err *e);

/*
 * "mltopd: TEXT" on standard error. What a message quotes, a person or a file gave: no control
 * character of it reaches the terminal.
 */
void complain(const char *text);
void print_clean(FILE *f, const char *text); /* the same for lines that are whole */

/* daemon.c: serves until it is told to stop; the exit code. */
int daemon_main(struct options *o, char **argv);
/* alone.c: carries out o->words, through a running daemon or on the state folder; the exit code. */
int verb_main(struct options *o);

#endif
