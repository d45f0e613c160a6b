/* The engines, and what may stand before the store, that this mltopd was built with: the one place that knows all of them. */
#ifndef MLTOP_MLTOPD_ENGINES_H
#define MLTOP_MLTOPD_ENGINES_H

#include "engine/engine.h"
#include "store/store.h"

/* What stands before the store; NULL: nothing. */
const struct store_front *store_front_find(const char *name);
const struct engine_ops *engine_find(const char *name); /* NULL: none of that name */

#endif
