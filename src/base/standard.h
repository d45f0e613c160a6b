/*
 * Descriptors 0 to 2. A program may be started with any of them closed; what it opens first would
 * then take their numbers, and be written to as standard output or be taken over by a library.
 */
#ifndef MLTOP_BASE_STANDARD_H
#define MLTOP_BASE_STANDARD_H

#include <stdbool.h>

/*
 * First thing in main: a closed one becomes /dev/null, open for reading only, so that writes to a
 * closed standard output fail as they would have. False: /dev/null cannot be opened.
 */
bool standard_hold(void);

#endif
