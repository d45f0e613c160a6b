/*
 * The fake engine: nothing runs, and it looks alive. It goes on with what it finds running (made-up
 * jobs, engine/fake/made.h), and "runs" what people submit: such a task starts, logs and completes
 * after some seconds. Private to this folder. Loop thread only.
 *
 * Its settings: fake.gpus; fake.changes, the rows that it changes a second; fake.seed, for chance.
 */
#ifndef MLTOP_ENGINE_FAKE_H
#define MLTOP_ENGINE_FAKE_H

#include "base/map.h"
#include "base/vec.h"
#include "engine/fake/engine_fake.h"
#include "engine/fake/made.h"

#include <uv.h>

enum {
	FAKE_TICK_MS = 40, /* changes are told in batches at least this far apart */
	FAKE_LOGS = 200,   /* logs told to have grown a second, at most */
};

struct fake_task {
	char *key, *uid, *task;
	struct task_ref ref;
	bool made; /* of a made-up job: moved by the changes, not by the clock */
	struct made of;
	int gpus;
	int64_t due, start,
		end; /* wall ms: starts then; started; ended, or when it will (not made) */
	int64_t total;
	double rate, step, util; /* steps a second, steps, percent */
	int64_t moved;           /* wall ms when its step was last computed */
	int64_t sampled;
	bool stopping, ended;
	uint64_t log_told;
	size_t at; /* place among the moving, while it is made and runs */
};

struct fake {
	struct engine base;
	uv_loop_t *loop;
	struct engine_events events;
	uint64_t random;
	struct map tasks; /* struct fake_task by "<uid>/<task>/<attempt>": kept for their logs */
	size_t ticking;   /* tasks that the clock moves */
	VEC(struct fake_task *) moving; /* those that changes move */
	size_t turn;                    /* next of these */

	struct plan_node *nodes;
	char (*node_names)[MADE_NODE_SIZE];
	size_t node_count;
	struct arena texts;    /* of their labels */
	struct plan_gpu *gpus; /* of all nodes, one after the other */
	size_t gpu_count;
	char (*gpu_uuids)[48];
	struct engine_gpu *seen;   /* beside them */
	uint64_t seen_at, told_at; /* loop ms: made anew, told */

	int64_t changes;      /* rows a second */
	int64_t changed_from; /* loop ms when counting began */
	int64_t changed;      /* rows told since */
	uv_timer_t change_timer, task_timer;
	int closing; /* handles left to close */
	void (*closed)(void *ctx);
	void *closed_ctx;
};

/* fake.c: the engine's own stream of chance. */
uint64_t fake_next(struct fake *f);
uint64_t fake_below(struct fake *f, uint64_t n);

/* task.c */
void fake_task_start(struct fake *f, const struct task_launch *launch);
/* One that ran before this engine did. False: nobody knows how it would have gone on. */
bool fake_task_adopt(struct fake *f, const struct task_ref *ref);
void fake_task_stop(struct fake *f, struct fake_task *t);
void fake_task_end(struct fake *f, struct fake_task *t, int code, int64_t now);
/* past.c: of a made-up job; the engine's op. */
size_t fake_past(struct engine *en, const char *uid, struct task_past *out, size_t most);
void fake_task_sample(struct fake *f, struct fake_task *t, int64_t now);
void fake_task_free(struct fake_task *t);
struct fake_task *fake_task_find(struct fake *f, const struct task_ref *ref);
struct made_log fake_task_log(const struct fake_task *t);

/* sight.c */
void fake_sight_open(struct fake *f);
void fake_sight(struct engine *en, struct engine_sight *out);
void fake_sight_tell(struct fake *f); /* now and then, however often it is called */

/* change.c */
/* The change timer runs while there is something to change. */
void fake_changes_update(struct fake *f);

#endif
