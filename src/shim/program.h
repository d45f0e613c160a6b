/*
 * From a program's name to the running program, with the rights of who will run it: nothing is looked
 * up or read with the supervisor's. In the child, after it became that user; allocates nothing.
 */
#ifndef MLTOP_SHIM_PROGRAM_H
#define MLTOP_SHIM_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why it does not run. Texts are cut to fit, and are outside bytes. */
struct program_failure {
	int number;            /* errno; ENOENT: nothing of that name in PATH */
	bool searched;         /* the name had no slash */
	bool runnable;         /* its own mode lets the user run it */
	char path[120];        /* what was tried and is there; "": none */
	char interpreter[100]; /* that its first line names; "": not a script, or not readable */
};

/*
 * Executes argv[0]: a path as it is, else the first of that name in VIRTUAL_ENV/bin and PATH of `env`
 * by the rule of execvp(3), which goes on after one that may not be run. Returns only on failure.
 */
void program_execute(const char *const *argv, const char *const *env, struct program_failure *f);
/* The sentence; `path` is the PATH that was looked through. */
void program_explain(const struct program_failure *f, const char *name, const char *path,
	char *text, size_t size);
/* Of KEY=VALUE entries; NULL: none. */
const char *program_env(const char *const *env, const char *key);

#endif
