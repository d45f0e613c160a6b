#ifndef MLTOP_ENGINE_FAKE_OPS_H
#define MLTOP_ENGINE_FAKE_OPS_H

#include "engine/engine.h"

extern const struct engine_ops engine_fake; /* fake.h says what it is */

#endif
