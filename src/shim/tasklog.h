/*
 * The log of one task: raw bytes appended to segments named by first offset, an index of times
 * beside them, and a record for every gap (layout: base/taskfile.h). Never fails towards the task:
 * what cannot be written is counted and becomes a gap, as is what would leave the disk less free
 * space than the reserve: a disk that a log fills is a disk on which nothing can be stopped. Allocates nothing; one thread.
 */
#ifndef MLTOP_SHIM_TASKLOG_H
#define MLTOP_SHIM_TASKLOG_H

#include "base/err.h"
#include "base/taskfile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TASKLOG_KEPT = 1024 };

struct tasklog {
	int folder;               /* log/ */
	int segment, index, gaps; /* -1: not open */
	int64_t target, limit;    /* bytes a segment aims at, and kept over all segments (0: any) */
	uint64_t first;           /* offset of the open segment's first byte */
	uint64_t end;             /* offset of the next byte */
	uint64_t lost;
	int64_t reserve;  /* bytes that stay free on the disk, whatever is lost (0: none) */
	int64_t room;     /* bytes that may be written before its free space is looked at again */
	bool at_line_end; /* the open segment ends with LF */

	uint64_t gap_at, gap_length; /* a gap that has no record yet; length 0: none */
	int64_t gap_ms, retry_ms; /* wall time of its first loss; monotonic time of the next try */

	uint64_t index_length, gaps_length; /* bytes written: whole entries */
	uint64_t indexed_at;
	int64_t indexed_ms;

	/* Closed segments that are still there, a ring; without a limit only the newest are known. */
	struct tasklog_segment {
		uint64_t first, length;
	} kept[TASKLOG_KEPT];
	size_t kept_from, kept_count;
	uint64_t kept_bytes;
};

/* Makes log/ in the open task folder. Sizes are those of the spec. */
bool tasklog_open(struct tasklog *log, int folder, const struct task_spec *spec, struct err *e);
/* Times in ms: wall for the index, mono for trying again after a failure. */
void tasklog_add(struct tasklog *log, const char *bytes, size_t len, int64_t wall, int64_t mono);
/* Brings what was written to the disk and closes; call once, at the end. */
int tasklog_close(struct tasklog *log, int64_t wall);

#endif
