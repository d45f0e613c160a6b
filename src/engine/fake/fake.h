/*
 * The fake engine: any number of jobs that look alive, made from a seed. Nothing runs. It also
 * "runs" what people submit to it: such a task starts, logs and completes after some seconds.
 * Private to fake*.c. Loop thread only.
 *
 * Jobs are kept small (no row is held): a row is made when it is told. Logs are not held either:
 * any byte follows from seed, job, attempt and offset.
 */
#ifndef MLTOP_ENGINE_FAKE_H
#define MLTOP_ENGINE_FAKE_H

#include "base/map.h"
#include "base/ulid.h"
#include "base/vec.h"
#include "engine/fake/engine_fake.h"

enum {
	FAKE_RECORD =
		100, /* bytes of one log record: a progress bar, or each tenth an epoch line */
	FAKE_TICK_MS = 40,      /* changes are told in batches at least this far apart */
	FAKE_FOLLOW_MS = 30000, /* a log that was read lately is told when it grows */
	FAKE_GPUS_EACH = 8,     /* of a job at most */
};

/* Which list a job is in. */
enum fake_list { FAKE_RUNNING, FAKE_WAITING, FAKE_DONE, FAKE_LISTS };

struct fake_job {
	char uid[ULID_SIZE];
	uint32_t index; /* demo-job-<index> */
	uint32_t at;    /* place in its list */
	uint8_t list;
	uint8_t state, reason; /* enum job_state, enum job_reason */
	uint8_t gpus, signal, exit_code;
	int attempt;
	int64_t create, start, end; /* wall ms; 0: not yet */
	int64_t moved;              /* wall ms when its progress was last computed */
	int64_t total;              /* steps */
	double step, rate, util;    /* steps, steps a second, percent */
	int64_t read_at;            /* wall ms when its log was last read */
	uint64_t log_told;
};

/* A task that somebody submitted. */
struct fake_task {
	char *key, *uid, *task;
	struct task_ref ref;
	int64_t due, start, end; /* wall ms: starts then; started; will end */
	int64_t total;
	int64_t sampled;
	bool stopping, ended;
	uint64_t log_told;
	VEC(int) gpus;
};

struct fake {
	struct engine base;
	uv_loop_t *loop;
	struct engine_events events;
	uint64_t seed, random;
	struct fake_job *jobs;
	size_t job_count;
	struct map by_uid; /* struct fake_job */
	struct map tasks;  /* struct fake_task by "<uid>/<task>/<attempt>": kept for their logs */
	size_t tasks_live;
	VEC(uint32_t) lists[FAKE_LISTS];
	size_t turn;            /* next of the running to be changed */
	struct quota_line used; /* what the running hold */

	struct plan_node machine;
	struct plan_gpu *gpus;
	char (*gpu_uuids)[48];
	int32_t *gpu_owner; /* job index; -1 free, -2 held by a submitted task */
	size_t gpus_free;

	int64_t changes;      /* rows a second */
	int64_t changed_from; /* loop ms when counting began */
	int64_t changed;      /* rows told since */
	uv_timer_t change_timer, task_timer;
	int closing; /* handles left to close */
	void (*closed)(void *ctx);
	void *closed_ctx;
};

/* fake_random.c: numbers that follow from the seed alone. */
uint64_t fake_hash(uint64_t a, uint64_t b, uint64_t c);
uint64_t fake_next(struct fake *f); /* the engine's own stream */
uint64_t fake_below(struct fake *f, uint64_t n);
double fake_unit(uint64_t hash); /* 0 <= x < 1 */

/* fake_jobs.c */
void fake_jobs_make(struct fake *f, int64_t now);
void fake_jobs_tell_all(struct fake *f);
void fake_move(struct fake *f, struct fake_job *j, enum fake_list list);
/* What a job asks for. */
struct mcpu fake_cpu(const struct fake_job *j);
struct bytes fake_memory(const struct fake_job *j);
int64_t fake_total(const struct fake *f, uint32_t index, int attempt);
double fake_rate(const struct fake *f, uint32_t index, int attempt);
double fake_loss(const struct fake *f, uint32_t index, int attempt, double step);
bool fake_gpus_take(struct fake *f, struct fake_job *j);
void fake_gpus_give(struct fake *f, const struct fake_job *j);

/* fake_row.c: the row of a job, told to the daemon. */
void fake_tell(struct fake *f, const struct fake_job *j);

/* fake_change.c */
void fake_change_tick(uv_timer_t *timer);
void fake_finish(struct fake *f, struct fake_job *j, enum job_state state, enum job_reason why,
	int64_t now);
bool fake_start(struct fake *f, struct fake_job *j, int64_t now);
void fake_progress(struct fake *f, struct fake_job *j, int64_t now);

/* fake_task.c */
void fake_task_start(struct fake *f, const struct task_launch *launch);
void fake_task_stop(struct fake *f, struct fake_task *t);
void fake_task_tick(uv_timer_t *timer);
void fake_task_free(struct fake_task *t);
struct fake_task *fake_task_find(struct fake *f, const struct task_ref *ref);

/* fake_log.c: the log of `total` steps, of which `step` are done. */
struct fake_log {
	uint64_t seed; /* of this log */
	int64_t total;
	double loss_from;
};
struct fake_log fake_log_of(const struct fake *f, uint32_t index, int attempt, int64_t total);
uint64_t fake_log_length(int64_t total, double step);
size_t fake_log_read(const struct fake_log *g, uint64_t end, uint64_t offset, char *out,
	size_t size);

#endif
