/*
 * Numbers from text, strictly: the whole text must be the number, no blanks, no sign where none
 * is allowed, no overflow. On failure false, and `*out` is untouched.
 */
#ifndef MLTOP_BASE_NUM_H
#define MLTOP_BASE_NUM_H

#include <stdbool.h>
#include <stdint.h>

bool num_i64(const char *text, int64_t min, int64_t max, int64_t *out);
bool num_u64(const char *text, uint64_t max, uint64_t *out);
bool num_double(const char *text, double *out); /* finite; always with '.', whatever the locale */
/* "4G", "0.5K", "1.25M", "123": binary multiples (K = 1024) up to P; an optional "i", "B" or "iB" follows. */
bool num_bytes(const char *text, int64_t *out);
/* "90s", "15m", "2h", "3d", "1h30m", "250ms", and a plain number as seconds; out in ms. */
bool num_duration(const char *text, int64_t *out_ms);
/* A decimal with at most `places` digits after the point, as an integer scaled by 10^places. */
bool num_decimal(const char *text, int places, int64_t *out);

#endif
