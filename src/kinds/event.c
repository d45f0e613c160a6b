/* Events: all that is to be said of them is in their table. */
#include "kinds/kinds.h"

const struct kind_handlers event_handlers = {.kind = &event_kind};
