/*
 * What the person's files say about platforms: $XDG_CONFIG_HOME/mltop/config.yaml (ours) and
 * ~/.config/xiaomi/config (the public client's, JSON or YAML; read only). Neither is ever written.
 */
#ifndef MLTOP_CLIENT_CONFIG_H
#define MLTOP_CLIENT_CONFIG_H

#include "client/context.h"

#include <jansson.h>
#include <stdbool.h>

/* The caller owns *root; NULL with true: there is no such file. */
bool config_load(json_t **root, struct err *e);
bool xiaomi_load(json_t **root, struct err *e);

/* A context of that name. ERR_NOT_FOUND: none; other errors name file and key. */
bool config_context(struct context *out, const json_t *root, const char *name, struct err *e);
/* `name` NULL: the file's default. ERR_NOT_FOUND: the file names no platform (or none so called). */
bool xiaomi_context(struct context *out, const json_t *root, const char *name, struct err *e);

/* The file's own choice: `current`, else the only context; NULL: none, or (with e) undecided. */
const char *config_current(const json_t *root, struct err *e);

/* Calls add for every context; `endpoint` NULL where it names none. Both are borrowed. */
typedef void (*config_add)(void *ctx, const char *name, const char *endpoint);
void config_each(const json_t *root, config_add add, void *ctx);
void xiaomi_each(const json_t *root, config_add add, void *ctx);

/* Refuses a file that others can read: it holds a secret. The sentence says chmod. */
bool secret_file_private(const char *path, struct err *e);

#endif
