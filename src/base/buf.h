/*
 * A growing byte buffer that is always followed by a NUL, so `data` is a C string
 * whenever its bytes hold none.
 *
 * Owner: whoever holds the struct; buf_release frees the bytes. `limit` (bytes, 0 = none) bounds
 * what outside input can make it grow to: an addition that would pass it adds nothing and sets
 * `full`, which stays set until buf_reset.
 */
#ifndef MLTOP_BASE_BUF_H
#define MLTOP_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	char *data; /* never NULL after BUF_INIT or buf_init */
	size_t len; /* bytes, without the NUL */
	size_t cap; /* bytes allocated; 0 while nothing was added */
	size_t limit;
	bool full;
};

extern char buf_empty[]; /* what `data` points at while cap is 0; never written */

#define BUF_INIT                  \
	{                         \
		.data = buf_empty \
	}

void buf_init(struct buf *b, size_t limit);
void buf_release(struct buf *b);              /* frees; usable again as after buf_init */
void buf_reset(struct buf *b);                /* empties, keeps the memory */
char *buf_detach(struct buf *b);              /* the caller frees; never NULL */
bool buf_reserve(struct buf *b, size_t more); /* room for `more` bytes */
bool buf_add(struct buf *b, const void *data, size_t len);
bool buf_adds(struct buf *b, const char *text);
bool buf_addc(struct buf *b, char c);
bool buf_addi(struct buf *b, int64_t value); /* its decimal digits: "%lld" in a tenth of the time */
bool buf_addf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool buf_vaddf(struct buf *b, const char *format, va_list ap);
void buf_drop(struct buf *b, size_t n);  /* removes the first n bytes */
void buf_cut(struct buf *b, size_t len); /* keeps the first len bytes */

#endif
