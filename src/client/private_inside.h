/* The parts of private.c with the program and the folder named: for tests, whose own place is another. */
#ifndef MLTOP_CLIENT_PRIVATE_INSIDE_H
#define MLTOP_CLIENT_PRIVATE_INSIDE_H

#include "client/context.h"

bool private_find_in(struct context *out, const char *dir, struct err *e);
/* `dir` is absolute; `program` is the mltopd to run. */
bool private_start_in(struct context *out, const char *program, const char *dir, struct err *e);
bool demo_start_with(struct context *out, const char *program, const char *const *settings,
	struct err *e);

#endif
