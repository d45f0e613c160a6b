/* Base64 of RFC 4648 section 4, with its padding. */
#ifndef MLTOP_BASE_BASE64_H
#define MLTOP_BASE_BASE64_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

/* Characters that `n` bytes take. */
#define BASE64_LEN(n) (((n) + 2) / 3 * 4)

/* Appends. */
void base64_encode(struct buf *out, const void *bytes, size_t len);
/*
 * Appends what `len` characters stand for; false: they are not base64 as it is written here (other
 * characters, blanks and line ends included, no padding, bits behind the last byte), and nothing is
 * appended.
 */
bool base64_decode(struct buf *out, const char *text, size_t len);

#endif
