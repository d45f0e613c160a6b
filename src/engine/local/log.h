/*
 * Reading the logs that shims write (layout: base/taskfile.h): by offset, over segments, whether
 * the task runs or ended before the daemon started. Loop thread only; reads files that were just
 * written, mostly from the page cache. At most LOCAL_LOGS_OPEN logs keep descriptors.
 */
#ifndef MLTOP_ENGINE_LOCAL_LOG_H
#define MLTOP_ENGINE_LOCAL_LOG_H

#include "base/vec.h"
#include "engine/engine.h"

enum { LOCAL_LOGS_OPEN = 64 };

struct local_log {
	char *key;              /* NULL: free place */
	int dir;                /* log/ */
	int segment;            /* -1: none open */
	uint64_t first;         /* of the open segment */
	uint64_t used;          /* for finding the one used longest ago */
	VEC(uint64_t) segments; /* first offsets, rising */
	uint64_t listed_at;     /* the newest offset when they were listed */
	uint32_t generation;
	bool final; /* the exit record was read: `end` stays */
	uint64_t end;
};

struct local_logs {
	const char *tasks_dir; /* borrowed */
	struct local_log open[LOCAL_LOGS_OPEN];
	uint64_t clock;
};

void local_logs_init(struct local_logs *ls, const char *tasks_dir);
void local_logs_release(struct local_logs *ls);
/* Closes those of a job, or of one task; its state on the disk has changed. */
void local_logs_forget(struct local_logs *ls, const char *key_prefix);

/* `live`: the task runs and has told us that its log ends at `live_end`. */
struct log_view {
	const char *key;
	bool live;
	uint64_t live_end;
};
/* What local_logs_read answers in place of a number of bytes. */
enum { LOCAL_LOG_GAP = -1, LOCAL_LOG_UNREADABLE = -2 };

/*
 * Errors: ERR_NOT_FOUND, there is none (yet); ERR_UNAVAILABLE, it cannot be looked at now. Reading
 * gives at most `size` bytes, 0 at the end, LOCAL_LOG_GAP and *gap when they are missing,
 * LOCAL_LOG_UNREADABLE and *e when they may be there.
 */
bool local_logs_range(struct local_logs *ls, const struct log_view *v, struct log_range *out,
	struct err *e);
ssize_t local_logs_read(struct local_logs *ls, const struct log_view *v, uint64_t offset, void *out,
	size_t size, struct log_gap *gap, struct err *e);

/* segments.c. `dir` is an open log/. */

/* First offsets of the segments, rising. The caller frees them. */
bool local_segments_list(int dir, uint64_t **items, size_t *count, struct err *e);
int local_segments_open(int dir, uint64_t first); /* -1: errno says why */
/* Where the bytes on the disk end; 0 without segments. */
bool local_segments_end(int dir, uint64_t *end, struct err *e);
/* Does errno say that there is nothing, or only that it cannot be looked at now? */
bool local_segments_missing(int number);
bool local_segments_unreadable(struct err *e, int number); /* ERR_UNAVAILABLE; returns false */

#endif
