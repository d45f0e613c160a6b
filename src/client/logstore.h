/*
 * What has been received of one log: raw bytes in a spool file (pread, not mmap: resident memory
 * counts), and in memory an index with the offset of every 16th line and the gaps. Lines are
 * counted from 0. Loop thread only; no call reads more than a window.
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
bool logstore_append(struct logstore *s, uint64_t offset, const void *bytes, size_t len, struct err *e);
bool logstore_gap(struct logstore *s, uint64_t offset, uint64_t lost, struct err *e);
uint64_t logstore_next(const struct logstore *s);  /* the stream offset wanted next */
uint64_t logstore_first(const struct logstore *s); /* of the first byte kept */
int64_t logstore_lines(const struct logstore *s);  /* whole lines, gap rows and an unfinished last one */

struct logstore_line {
	const char *bytes; /* NULL for a gap row; valid until the next call */
	size_t len, full_len; /* len is cut to 64 KiB */
	uint64_t offset, lost;
	bool partial;
};
/* Reads up to `count` lines from `line` on into `out`; returns how many. */
size_t logstore_window(struct logstore *s, int64_t line, size_t count, struct logstore_line *out,
	struct err *e);

/*
 * Search in steps of at most 4 MiB so that the loop stays free: *line is where it goes on; returns
 * true when it ended: *line is the hit, or -1 for none. Plain text, case-insensitive when the
 * pattern has no capitals.
 */
bool logstore_find(struct logstore *s, const char *pattern, bool backwards, int64_t *line, int64_t *resume);
bool logstore_save(struct logstore *s, const char *path, struct err *e); /* whole and raw, never over an existing file's symlink */

#endif
