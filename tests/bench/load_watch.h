/*
 * Watchers of the load bench: websockets that subscribe as a dashboard does, and remember of each submitted
 * job (named load-N) what they were told of it last.
 */
#ifndef MLTOP_BENCH_LOAD_WATCH_H
#define MLTOP_BENCH_LOAD_WATCH_H

#include "load_net.h"

/* What a dashboard asks for at 80x24. */
#define LOAD_JOB_FIELDS                                                                      \
	"job_name,uid,owner,gpu_limit,state,reason,attempt,create_time,start_time,cpu_used," \
	"gpu_util,progress_percent,progress_step,progress_total,progress_eta,loss"
#define LOAD_QUOTA_FIELDS                                                        \
	"org_name,org_id,train_count_quota,train_count_used,total_memory_quota," \
	"total_memory_used,total_cpu_quota,total_cpu_used,total_gpu_quota,total_gpu_used"

struct told {
	uint64_t hash;  /* of the row that came last */
	uint16_t rows;  /* that came of it */
	uint8_t place;  /* of its state, 0: none yet; only ever rises */
	uint8_t events; /* bits of what happened to it */
	float first,
		ended; /* monotonic ms since the start: its first row, and the one that is final */
};

struct watcher {
	int fd;
	struct buf in;
	bool of_events, synced_jobs, synced_events;
	struct told *told; /* by the job's number */
	uint64_t version;
	uint64_t rows, events, frames, bytes;
};

struct watch {
	const struct load *load;
	struct watcher *all;
	size_t count, jobs;
	double begun;
	uint64_t fell; /* rows or versions that were older than what came before */
	int epoll;
};

/* Opens all, subscribes, and one of ten to events as well; returns when all have everything there is. */
void watch_open(struct watch *w, const struct load *l, size_t count, size_t jobs);
/* Takes what comes within so many ms. */
void watch_take(struct watch *w, int ms);
/* Jobs whose last state all watchers (those of events: the last event) have been told. */
size_t watch_whole(const struct watch *w);
/* How many (watcher, job) differ from what a list says at the end: rows in `data` of an answer. */
size_t watch_differs(struct watch *w, const char *text);

#endif
