/*
 * What has been received of one log: raw bytes in a spool file (pread, not mmap: resident memory
 * counts), and in memory an index with the offset of every 16th line and the gaps. Lines are
 * counted from 0. What programs draw over (cursor up, base/fold.h) is so many lines as one sees of
 * it; those that can still be gone back to change, and may become fewer. Loop thread only; no call
 * reads more than a window.
 */
#ifndef MLTOP_CLIENT_LOGSTORE_H
#define MLTOP_CLIENT_LOGSTORE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct logstore;

/* The spool is an unlinked file in `dir` ($XDG_CACHE_HOME/mltop, made 0700). */
struct logstore *logstore_new(const char *dir, struct err *e);
void logstore_free(struct logstore *s);
/* Bytes at stream offset `offset`, which must be logstore_next(); the first call sets the start. */
bool logstore_append(struct logstore *s, uint64_t offset, const void *bytes, size_t len,
	struct err *e);
/* Bytes that are missing there, a row of their own; lost 0: nobody knows how many, said once. */
bool logstore_gap(struct logstore *s, uint64_t offset, uint64_t lost, struct err *e);
uint64_t logstore_next(const struct logstore *s);  /* the stream offset wanted next */
uint64_t logstore_first(const struct logstore *s); /* of the first byte kept */
int64_t logstore_lines(
	const struct logstore *s); /* whole lines, gap rows and an unfinished last one */
/* Whether lines are now those of the bytes, one for each LF, or (at first) those that one sees. */
void logstore_set_raw(struct logstore *s, bool raw);
/* The line with the byte at that stream offset; -1: that is not here (yet). */
int64_t logstore_line_at(struct logstore *s, uint64_t offset);

struct logstore_line {
	const char *bytes;     /* NULL for a gap row; valid until the next call */
	size_t len, full_len;  /* len is cut to 64 KiB */
	uint64_t offset, lost; /* lost: bytes of a gap; 0: unknown */
	bool partial;          /* it may still change */
	bool drawn;            /* what became of several lines; its offset is that of the first */
};
/* Reads up to `count` lines from `line` on into `out`; returns how many. */
size_t logstore_window(struct logstore *s, int64_t line, size_t count, struct logstore_line *out,
	struct err *e);

/*
 * Search in steps of at most 4 MiB so that the loop stays free. Begin with *line the first row to
 * look at (inclusive) and *resume 0; while it returns false call it again with both as it left
 * them. True: it ended, *line is the row of the hit, or -1 for none. Plain text of 1 to 1,024 bytes
 * without LF, looked for in the raw bytes; case does not matter (ASCII) when the pattern has no
 * capitals.
 */
bool logstore_find(struct logstore *s, const char *pattern, bool backwards, int64_t *line,
	int64_t *resume);
/*
 * All bytes as they came, gaps left out, written aside and renamed over `path`: a plain file there
 * is replaced, anything else (a symlink too) refused with ERR_CONFLICT. Blocks on the disk.
 */
bool logstore_save(struct logstore *s, const char *path, struct err *e);

#endif
