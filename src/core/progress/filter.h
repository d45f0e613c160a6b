/* Which raw lines are worth reading. Inside core/progress only. */
#ifndef MLTOP_CORE_PROGRESS_FILTER_H
#define MLTOP_CORE_PROGRESS_FILTER_H

#include <stdbool.h>
#include <stddef.h>

/* May the line say something of progress? `in_table`: numbers alone may, they stand under a head. */
bool filter_passes(const char *line, size_t len, bool in_table);

#endif
