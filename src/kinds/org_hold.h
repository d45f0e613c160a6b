/* Queues that are held. */
#ifndef MLTOP_KINDS_ORG_HOLD_H
#define MLTOP_KINDS_ORG_HOLD_H

#include "kinds/kinds.h"

extern const struct action_handler org_handlers_actions[];

#endif
