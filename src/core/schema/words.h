/*
 * Text split into words as a POSIX shell splits them, without its expansions (Shell Command
 * Language, 2.2 Quoting): blanks and newlines part words; '...', "..." and \ quote. `$`, `*`, `|`
 * and their like mean themselves: nothing is run by a shell.
 */
#ifndef MLTOP_CORE_WORDS_H
#define MLTOP_CORE_WORDS_H

#include "base/arena.h"
#include "base/err.h"
#include "core/schema/schema.h"

enum { WORDS_MAX = 4096 };

/*
 * The words and their vector live in `a`. NULL is no words. ERR_INVALID with the column (from 1,
 * in bytes) for a quote that is not closed, a backslash at the end, or more than WORDS_MAX words.
 */
bool words_split(struct strings *out, struct arena *a, const char *text, struct err *e);

#endif
