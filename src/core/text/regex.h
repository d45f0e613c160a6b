/*
 * Regular expressions from outside: POSIX extended syntax (IEEE Std 1003.1-2017, XBD 9.4) on UTF-8,
 * without back references and collating elements. Beyond POSIX: \w \W \s \S \d \D and \b as in Perl.
 * Classes and case know ASCII alone, so an expression means the same in every locale; case counts
 * only where the expression has a capital.
 *
 * Not regcomp(3): what an expression costs is bounded here. Matching takes time in proportion to the
 * text's length, times REGEX_STEPS_MAX at worst, and no memory. (With glibc 2.36 one match of
 * (a|b)*a(a|b){60}c in 4,096 letters takes 49 s and 300 MB.) Pure; any thread.
 */
#ifndef MLTOP_CORE_REGEX_H
#define MLTOP_CORE_REGEX_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	REGEX_BYTES_MAX = 256, /* of an expression */
	REGEX_COUNT_MAX = 255, /* in {} */
	REGEX_STEPS_MAX = 600, /* characters and choices, with counts written out */
};

struct regex;

/* NULL with ERR_INVALID where the expression does not parse or costs too much. */
struct regex *regex_new(const char *text, struct err *e);
void regex_free(struct regex *r); /* NULL is fine */
/* Does it fit anywhere in the text? Bytes that are not UTF-8 count as U+FFFD. */
bool regex_fits(const struct regex *r, const char *text);
/*
 * The same within a budget: *steps is counted down by the steps looked at (some 5 to 10 ns each).
 * Below 0 the answer is false and means nothing.
 */
bool regex_fits_within(const struct regex *r, const char *text, int64_t *steps);

#endif
