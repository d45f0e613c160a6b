/* Tasks: read as what belongs to a job, and in streams. */
#include "kinds/kinds.h"

const struct kind_handlers task_handlers = {.kind = &task_kind};
