/*
 * JSON as programs write it, into a tree in half the time of the library's reader, which takes its
 * bytes one by one. What is not plain (an error of any kind, \u escapes, huge numbers) is left to
 * the library, so that what is refused, and in which words, is its decision alone.
 */
#ifndef MLTOP_CORE_JSON_PLAIN_H
#define MLTOP_CORE_JSON_PLAIN_H

#include <jansson.h>
#include <stddef.h>

/*
 * An object or array, the same as json_loadb(text, len, JSON_REJECT_DUPLICATES) makes; nested at
 * most `max_depth` deep. NULL: not plain, ask json_loadb. The caller owns it.
 */
json_t *json_plain(const char *text, size_t len, size_t max_depth);

#endif
