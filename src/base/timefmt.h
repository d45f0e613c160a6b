/*
 * Times as text. Wall times are milliseconds since 1970-01-01 UTC.
 */
#ifndef MLTOP_BASE_TIMEFMT_H
#define MLTOP_BASE_TIMEFMT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TIMEFMT_SIZE = 32 };

int64_t time_now_ms(void);  /* CLOCK_REALTIME; programs and I/O only, never core or ui */
int64_t time_mono_ms(void); /* CLOCK_MONOTONIC, for deadlines and ages */
/* RFC 3339 UTC with milliseconds only where they are not zero: 2026-01-02T03:04:05Z. */
void timefmt_rfc3339(char out[TIMEFMT_SIZE], int64_t ms);
bool timefmt_parse_rfc3339(const char *text, int64_t *ms); /* any offset; "" is refused */
/* As the clock on the wall here has it, to the second, with its offset: 2026-01-02T04:04:05+01:00. */
void timefmt_local(char out[TIMEFMT_SIZE], int64_t ms);
/* YYYYMMDDTHHMMSSZ, as SigV4 wants it. */
void timefmt_sigv4(char out[TIMEFMT_SIZE], int64_t ms);
bool timefmt_parse_sigv4(const char *text, int64_t *ms);
/* "Sat, 21 Nov 2026 22:55:57 GMT" (RFC 9110 section 5.6.7); the day of the week is not looked at. */
bool timefmt_parse_http(const char *text, int64_t *ms);
/* Coarse, so that it seldom changes: "4s" to 59 s, "12m" to 59 m, "3h" to 47 h, then "9d". */
void timefmt_age(char out[TIMEFMT_SIZE], int64_t duration_ms);
/* Finer, for run times and ETAs: "6h02", "12m05", "45s", "3d04h". */
void timefmt_duration(char out[TIMEFMT_SIZE], int64_t duration_ms);
/* For screens that stay: as timefmt_age, but "<1m" below a minute, which no second changes. */
void timefmt_coarse_age(char out[TIMEFMT_SIZE], int64_t duration_ms);
/* How long until timefmt_coarse_age of this duration changes (ms): when to draw again. */
int64_t timefmt_coarse_age_next(int64_t duration_ms);

#endif
