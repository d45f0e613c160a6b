#ifndef MLTOP_ENGINE_LOCAL_OPS_H
#define MLTOP_ENGINE_LOCAL_OPS_H

#include "engine/engine.h"

extern const struct engine_ops engine_local; /* local.h says what it is */

#endif
