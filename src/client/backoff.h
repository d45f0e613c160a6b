/* How long to wait before another try: random(0, min(30 s, 0.5 s * 2^n)), after n failures. */
#ifndef MLTOP_CLIENT_BACKOFF_H
#define MLTOP_CLIENT_BACKOFF_H

#include <stdint.h>

enum { BACKOFF_FIRST_MS = 500, BACKOFF_MAX_MS = 30 * 1000 };

/* Random by getrandom: many clients of one platform must not come back together. */
int64_t backoff_ms(int failures);

#endif
