/*
 * ULIDs (https://github.com/ulid/spec): 26 characters of Crockford base32, 48 bits of Unix time in
 * milliseconds, then 80 random bits. Sorting them sorts by time of creation.
 */
#ifndef MLTOP_BASE_ULID_H
#define MLTOP_BASE_ULID_H

#include <stdbool.h>
#include <stdint.h>

enum { ULID_LENGTH = 26, ULID_SIZE = 27 };

/* `random` is 10 bytes from getrandom (or from a seed, in tests and the fake engine). */
void ulid_make(char out[ULID_SIZE], int64_t now_ms, const uint8_t random[10]);
void ulid_new(char out[ULID_SIZE], int64_t now_ms);  /* with getrandom; aborts if it fails */
int64_t ulid_ms(const char *ulid);                   /* when a valid one was made */
void ulid_random(const char *ulid, uint8_t out[10]); /* what a valid one was made with */
bool ulid_valid(const char *text); /* as ulid_make spells it: upper case only; ids name folders */

#endif
