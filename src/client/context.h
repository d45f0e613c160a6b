/*
 * Where mltop connects and as whom. First hit wins: --endpoint/--context, --state-dir (the private
 * platform there), MLTOP_CONTEXT, XIAOMI_* variables, $XDG_CONFIG_HOME/mltop/config.yaml,
 * ~/.config/xiaomi/config (read only), else the private local platform.
 */
#ifndef MLTOP_CLIENT_CONTEXT_H
#define MLTOP_CLIENT_CONTEXT_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>

struct context {
	char *name; /* as the header shows it: "local", "prod-a" */
	char *url;  /* "http://127.0.0.1:PORT" with an optional path prefix, no final slash */
	char *access_key, *secret_key; /* wiped on release */
	char *org;                     /* "" the key's own */
	char *ca_file;                 /* NULL: the system's */
	bool private;                  /* our own local platform */
	bool demo;
	char *origin; /* where this came from, for errors: "MLTOP_CONTEXT", a file */
};

struct context_options {
	const char *endpoint, *context; /* flags; NULL when not given */
	const char *state_dir;          /* --state-dir */
};

bool context_resolve(struct context *out, const struct context_options *o, struct err *e);
void context_release(struct context *c);
/*
 * Those there are, with what they are asked by: rows of core/kinds/context.h, the one in use marked.
 * Where none is, `undecided` (NULL: nobody listens) says why, and what would decide. The caller owns
 * the array; NULL: `e` says what is wrong with config.yaml.
 */
json_t *context_list(const struct context_options *o, struct err *undecided, struct err *e);
/* The chosen one, kept in the state folder. */
bool context_use(const char *name, struct err *e);

/*
 * The private platform (private.c, private_find.c): finds it by <state>/endpoint or starts mltopd --private and
 * waits until it is ready (its first line, not by sleeping). Two at once end up with the same one.
 */
bool private_start(struct context *out, const char *state_dir, struct err *e);
bool private_find(struct context *out, const char *state_dir, struct err *e); /* never starts */
bool private_stop(const char *state_dir, struct err *e);
/* A fake platform of its own that ends with this process (pipe); args are mltopd --set values. */
bool demo_start(struct context *out, const char *const *settings, struct err *e);
/* Path of a program of ours: beside /proc/self/exe, then libexec; the caller frees. NULL: none. */
char *program_path(const char *name, struct err *e);

#endif
