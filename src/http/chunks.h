/*
 * A body in chunks (RFC 9112 section 7.1), read strictly and in pieces of any size. What is passed
 * on is made anew from its data, so that extensions, and fields behind the last chunk, which a
 * recipient may leave out (sections 7.1.1 and 7.1.2), go no further. Pure.
 */
#ifndef MLTOP_HTTP_CHUNKS_H
#define MLTOP_HTTP_CHUNKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CHUNKS_LINE_MAX = 256,         /* bytes of a size with its extensions */
	CHUNKS_TRAILER_MAX = 4 * 1024, /* bytes of all fields behind the last chunk */
};

/* All zero at the start of a body. */
struct chunks {
	int state;
	uint64_t left; /* bytes of this chunk that are to come */
	size_t line;   /* bytes of this line, or of the fields behind the last chunk */
	size_t digits;
	bool empty; /* a field line: nothing but its end so far */
	bool over;  /* the whole body was read */
	bool wrong; /* it is not as the RFC has it: nothing more will be read */
};

/*
 * Takes from `bytes` up to the next piece of data and that piece: *data and *data_len (0: there was
 * none yet). Returns the bytes taken; to be called again with the rest until none is left, or
 * c->over or c->wrong is set.
 */
size_t chunks_take(struct chunks *c, const char *bytes, size_t len, const char **data,
	size_t *data_len);

#endif
