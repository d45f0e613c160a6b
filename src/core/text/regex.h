/*
 * Regular expressions from outside: POSIX extended syntax (IEEE Std 1003.1-2017, XBD 9.4) on UTF-8,
 * without back references and collating elements. Beyond POSIX: \w \W \s \S \d \D and \b as in Perl,
 * and named parts, (?<name>...) or (?P<name>...), for regex_find_within.
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
#include <stddef.h>
#include <stdint.h>

enum {
	REGEX_BYTES_MAX = 256,    /* of an expression */
	REGEX_COUNT_MAX = 255,    /* in {} */
	REGEX_STEPS_MAX = 600,    /* characters and choices, with counts written out */
	REGEX_PARTS_MAX = 8,      /* named ones */
	REGEX_PART_NAME_MAX = 32, /* bytes of a part's name, its NUL included */
	REGEX_NOWHERE = 0xffff,
	REGEX_FIND_MAX = 4096, /* bytes of a text that are looked at for parts */
};

struct regex;

/* NULL with ERR_INVALID where the expression does not parse or costs too much. */
struct regex *regex_new(const char *text, struct err *e);
void regex_free(struct regex *r); /* NULL is fine */
/*
 * Does it fit anywhere in the text? Bytes that are not UTF-8 count as U+FFFD. *steps is a budget,
 * counted down by the steps looked at (some 5 to 10 ns each): below 0 the answer is false and means
 * nothing.
 */
bool regex_fits_within(const struct regex *r, const char *text, int64_t *steps);

/* The name of the expression's part `i`, in the order in which they are opened; NULL past the last. */
const char *regex_part(const struct regex *r, size_t i);

struct regex_span {
	uint16_t at, len; /* bytes; at REGEX_NOWHERE: the part took no part */
};
/*
 * Where it fits first, as Perl would choose (the leftmost place, repeats take what they can, the
 * first of two branches): parts[i] gets what part i took last. The first REGEX_FIND_MAX bytes count.
 * Its budget is as that of regex_fits_within.
 */
bool regex_find_within(const struct regex *r, const char *text, size_t len,
	struct regex_span parts[REGEX_PARTS_MAX], int64_t *steps);

#endif
