/* Outputs of jobs of this machine. Private to the local engine and its tests. */
#ifndef MLTOP_ENGINE_LOCAL_OUTPUTS_H
#define MLTOP_ENGINE_LOCAL_OUTPUTS_H

#include "engine/local/local.h"

extern const struct engine_outputs local_outputs;

#endif
