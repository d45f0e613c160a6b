/* What context.c (which platform it is) and context_list.c (which there are) share. */
#ifndef MLTOP_CLIENT_CONTEXT_INSIDE_H
#define MLTOP_CLIENT_CONTEXT_INSIDE_H

#include "client/context.h"

#define CONTEXT_LOCAL "local" /* the private platform, unless a context is called so */

/* NULL where it is not set, or empty. */
const char *context_variable(const char *name);
/* --endpoint, or XIAOMI_CLOUDML_ENDPOINT with both keys. False with ERR_NONE: neither is given. */
bool context_from_environment(struct context *out, const struct context_options *o, struct err *e);
/* What `mltop context use` kept; NULL: nothing. The caller frees. */
char *context_kept(void);
bool context_keep(const char *name, struct err *e);

#endif
