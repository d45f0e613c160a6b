/*
 * What private.c, private_find.c and demo.c share; and their parts with the program and the folder
 * named: for tests, whose own place is another.
 */
#ifndef MLTOP_CLIENT_PRIVATE_INSIDE_H
#define MLTOP_CLIENT_PRIVATE_INSIDE_H

#include "client/context.h"

/* The endpoint of a live platform in `dir`; the caller's. ERR_NOT_FOUND: none runs. */
bool private_endpoint(const char *dir, json_t **endpoint, int *pid, struct err *e);
/* Who answers there, when it is the process that wrote the file and no later one of that number. */
bool private_alive(const json_t *endpoint, int *pid);
/* Runs mltopd in `dir` with `more` words (NULL-ended; NULL: none) until it is ready. `keep`: daemon.h. */
bool private_daemon(const char *program, const char *dir, char **more, int keep, struct err *e);
bool private_find_in(struct context *out, const char *dir, struct err *e);
/* `dir` is absolute; `program` is the mltopd to run. */
bool private_start_in(struct context *out, const char *program, const char *dir, struct err *e);
bool demo_start_with(struct context *out, const char *program, const char *const *settings,
	struct err *e);

#endif
