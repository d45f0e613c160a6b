/*
 * .mltopignore: which files of a folder stay behind when it is packed. A subset of gitignore(5):
 *
 *   # a comment; blank lines say nothing
 *   *.log        at any depth: a pattern without a slash is compared with the last part
 *   data/        a final slash: folders only
 *   /build       a slash elsewhere ties it to the folder itself
 *   run?-[a-z]   `*` stops at slashes, `?` is one character, [a-z] one of these
 *   two stars between slashes stand for any number of folders, at the end for all that is below
 *   !keep.log    takes back what an earlier line left out
 *
 * The last line that fits decides. A folder that is left out is not looked into, so nothing in it
 * can be taken back. A backslash takes the meaning from the character behind it. Pure; the cost of
 * a comparison is the length of the path times that of the pattern, whatever stands in it.
 */
#ifndef MLTOP_CORE_IGNORE_H
#define MLTOP_CORE_IGNORE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	IGNORE_BYTES_MAX = 64 * 1024, /* of a file */
	IGNORE_RULES_MAX = 1000,
	IGNORE_PATTERN_MAX = 255, /* characters of one pattern */
};

struct ignore;

struct ignore *ignore_new(void);
void ignore_free(struct ignore *g); /* NULL is fine */
/*
 * Adds the lines of `text` behind what is there. ERR_INVALID names `label` and the line: a limit is
 * passed, a bracket has no end; the rules are then as before.
 */
bool ignore_add(struct ignore *g, const char *text, size_t len, const char *label, struct err *e);
/* .git/, __pycache__/ and *.pyc: what no job needs. */
void ignore_add_standard(struct ignore *g);
/* `path` is relative to the folder, without "./" and final slash. True: it stays behind. */
bool ignore_match(const struct ignore *g, const char *path, bool folder);

#endif
