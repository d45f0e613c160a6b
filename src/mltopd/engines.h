/* The engines and stores that this mltopd was built with: the one place that knows all of them. */
#ifndef MLTOPD_ENGINES_H
#define MLTOPD_ENGINES_H

#include "engine/engine.h"
#include "store/store.h"

const struct store_ops *store_find(const char *name);   /* NULL: none of that name */
const struct engine_ops *engine_find(const char *name); /* NULL: none of that name */

#endif
