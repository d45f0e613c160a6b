/*
 * UTF-8 as RFC 3629 has it, and how many terminal cells a character takes.
 *
 * Widths come from our own table (Unicode 15: wide and fullwidth = 2, combining and format = 0,
 * all else 1), not from libc, so that the same bytes have the same layout everywhere; where
 * curses cannot draw what the table says, base/sanitize.h has substituted it before.
 */
#ifndef MLTOP_BASE_UTF8_H
#define MLTOP_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UTF8_MAX = 4, UTF8_REPLACEMENT = 0xFFFD };

/*
 * Decodes one character of the `len` > 0 bytes at `s`. Returns how many bytes it took and sets
 * *cp. An invalid or truncated sequence sets *cp = UTF8_REPLACEMENT, *valid = false and takes the
 * maximal invalid part (Unicode 15, section 3.9, "substitution of maximal subparts").
 * `*more` (may be NULL) is set when the bytes end inside a sequence that is valid so far.
 */
size_t utf8_decode(const char *s, size_t len, uint32_t *cp, bool *valid, bool *more);
size_t utf8_encode(uint32_t cp, char out[UTF8_MAX]);
bool utf8_valid(const char *s, size_t len);
/* Bytes of the byte order mark that editors of other systems put first in a file: 3, else 0. */
size_t utf8_mark(const char *s, size_t len);
int utf8_cp_width(uint32_t cp); /* 0, 1 or 2 cells */
int utf8_width(const char *s);  /* cells of a whole valid string */
/* Bytes of the longest prefix of `s` that fits `cells`, whole clusters only; *used gets its width. */
size_t utf8_fit(const char *s, int cells, int *used);
/* Bytes of the first cluster of `s` (a base with its combining marks); *width gets its cells. */
size_t utf8_cluster(const char *s, int *width);
/* Bytes of the cluster that ends at `s + at`: how far a cursor steps back. */
size_t utf8_cluster_before(const char *s, size_t at);

#endif
