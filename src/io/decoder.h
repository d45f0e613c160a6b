/*
 * What an archive from a stranger is packed by: nothing, gzip, bzip2, xz or zstd, told by its first
 * bytes; packed once, not several times over. The memory is bounded: a few bytes of xz or zstd can
 * ask for gigabytes (the dictionary's size is theirs to say), and libarchive's own readers give it.
 *
 * Blocks on the disk. One thread at a time.
 */
#ifndef MLTOP_IO_DECODER_H
#define MLTOP_IO_DECODER_H

#include "base/err.h"

#include <stdint.h>
#include <sys/types.h>

struct decoder;

/*
 * Reads `fd`, which stays the caller's, from where it stands. `memory`: bytes that unpacking may
 * take, for dictionary and window; at least 16 MiB, else that. Never NULL.
 */
struct decoder *decoder_new(int fd, int64_t memory);
void decoder_free(struct decoder *d); /* NULL is fine */

/*
 * The next unpacked bytes, good until the next call; 0: the end. -1: the file cannot be read
 * (ERR_UNAVAILABLE), is damaged, or asks for more memory (ERR_UNPROCESSABLE); the text is the end
 * of a sentence that begins with the file's name.
 */
ssize_t decoder_read(struct decoder *d, const void **block, struct err *e);

/* Packed bytes taken so far. */
int64_t decoder_taken(const struct decoder *d);

#endif
