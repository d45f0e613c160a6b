/* The engines that this mltopd was built with: the one place that knows all of them. */
#ifndef MLTOPD_ENGINES_H
#define MLTOPD_ENGINES_H

#include "engine/engine.h"

const struct engine_ops *engine_find(const char *name); /* NULL: none of that name */

#endif
