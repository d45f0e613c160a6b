/* Queues that are held. */
#ifndef KINDS_ORG_HOLD_H
#define KINDS_ORG_HOLD_H

#include "kinds/kinds.h"

extern const struct action_handler org_handlers_actions[];

#endif
