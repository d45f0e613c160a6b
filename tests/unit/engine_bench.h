/*
 * What the tests of engines share: a loop, a temporary state folder, and a record of all that the
 * engine told. Conditions are waited for with a limit; nothing sleeps for a fixed time.
 */
#ifndef MLTOP_TESTS_ENGINE_BENCH_H
#define MLTOP_TESTS_ENGINE_BENCH_H

#include "base/fsio.h"
#include "base/map.h"
#include "base/num.h"
#include "base/timefmt.h"
#include "base/vec.h"
#include "engine/engine.h"
#include "engine/local/settings.h"
#include "io/turns.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <uv.h>

enum { LIMIT_MS = 60000 };

/* What was told about one task. */
struct seen {
	char key[128];
	int started, ended, grew, samples, notes;
	int64_t start_ms;
	struct task_exit end;
	enum work_reason why;
	struct task_sample sample;
	char note[400];
};

struct bench {
	uv_loop_t loop;
	uv_timer_t heart; /* so that conditions which no event announces are looked at */
	char dir[64];
	struct engine *en;
	struct engine_config config;
	struct map seen;
	VEC(struct seen *) all;
	int started, ended, closed, changed;
	struct local_settings local; /* for whom opens the local engine */
};

static inline struct seen *seen_of(struct bench *b, const struct task_ref *ref)
{
	char key[128];
	struct seen *s;

	snprintf(key, sizeof key, "%s/%s/%d", ref->uid, ref->task, ref->attempt);
	s = map_get(&b->seen, key);
	if (s == NULL) {
		s = mem_alloc(sizeof *s);
		snprintf(s->key, sizeof s->key, "%s", key);
		map_set(&b->seen, key, s);
		vec_push(&b->all, s);
	}
	return s;
}

static inline void bench_started(void *ctx, const struct task_ref *ref, int64_t start_ms)
{
	struct bench *b = ctx;
	struct seen *s = seen_of(b, ref);

	assert_int_equal(s->ended, 0);
	s->started++;
	s->start_ms = start_ms;
	b->started++;
}

static inline void bench_ended(void *ctx, const struct task_ref *ref, const struct task_exit *end,
	enum work_reason why)
{
	struct bench *b = ctx;
	struct seen *s = seen_of(b, ref);

	s->ended++;
	s->end = *end;
	s->why = why;
	b->ended++;
}

static inline void bench_grew(void *ctx, const struct task_ref *ref)
{
	seen_of(ctx, ref)->grew++;
}

static inline void bench_sampled(void *ctx, const struct task_ref *ref, const struct task_sample *t)
{
	struct seen *s = seen_of(ctx, ref);

	s->samples++;
	s->sample = *t;
}

static inline void bench_note(void *ctx, const struct task_ref *ref, bool warning,
	const char *reason, const char *message)
{
	struct seen *s = seen_of(ctx, ref);

	(void)warning;
	s->notes++;
	snprintf(s->note, sizeof s->note, "%s: %s", reason, message);
}

static inline void bench_changed(void *ctx)
{
	((struct bench *)ctx)->changed++;
}

static inline void bench_closed(void *ctx)
{
	((struct bench *)ctx)->closed++;
}

static inline void bench_beat(uv_timer_t *timer)
{
	(void)timer;
}

static inline const char *bench_shim(void)
{
	static char path[4096];
	const char *build = getenv("MLTOP_BUILD");
	char real[4096];

	snprintf(path, sizeof path, "%.4000s/mltop-shim", build ? build : "build");
	if (realpath(path, real))
		snprintf(path, sizeof path, "%.4000s", real);
	return path;
}

static inline void bench_init(struct bench *b)
{
	const char *tmp = getenv("TMPDIR");

	memset(b, 0, sizeof *b);
	uv_loop_init(&b->loop);
	uv_timer_init(&b->loop, &b->heart);
	snprintf(b->dir, sizeof b->dir, "%.40s/mltop-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(b->dir));
	b->config = (struct engine_config){.loop = &b->loop,
		.turns = turns_new(&b->loop, turns_pool()),
		.state_dir = b->dir,
		.shim_path = bench_shim(),
		.events = {b, bench_started, bench_ended, bench_grew, bench_sampled, bench_note,
			bench_changed},
		.settings = &b->local};
	b->local.max_tasks = 4;
}

static inline void bench_open(struct bench *b, const struct engine_ops *ops)
{
	struct err e = ERR_INIT;

	if (!ops->open(&b->en, &b->config, &e))
		fail_msg("%s", e.text);
}

/* Runs the loop until `cond` holds, at most LIMIT_MS. */
#define bench_until(b, cond)                                                       \
	do {                                                                       \
		int64_t until_ = time_mono_ms() + LIMIT_MS;                        \
		uv_timer_start(&(b)->heart, bench_beat, 2, 2);                     \
		while (!(cond)) {                                                  \
			if (time_mono_ms() > until_)                               \
				fail_msg("not within %d ms: %s", LIMIT_MS, #cond); \
			uv_run(&(b)->loop, UV_RUN_ONCE);                           \
		}                                                                  \
		uv_timer_stop(&(b)->heart);                                        \
	} while (0)

static inline void bench_close_engine(struct bench *b)
{
	int before = b->closed;

	b->en->ops->close(b->en, bench_closed, b);
	bench_until(b, b->closed > before);
	b->en = NULL;
}

/*
 * Uids as unique as the platform's own: a task's processes are found by its marker, and other
 * tests may run at the same time. The texts live as long as the program.
 */
static inline const char *bench_uid(const char *name)
{
	static char made[1024][40];
	static size_t count;
	char uid[40];

	snprintf(uid, sizeof uid, "%.16s-%d", name, (int)getpid());
	for (size_t i = 0; i < count; i++)
		if (strcmp(made[i], uid) == 0)
			return made[i];
	assert_true(count < 1024);
	memcpy(made[count], uid, sizeof uid);
	return made[count++];
}

/* Processes of the tasks below this bench's folder; KILL is sent to them when `end`. */
static inline int bench_processes(struct bench *b, bool end)
{
	char task[100], shim[100], path[300], data[65536];
	int count = 0;
	DIR *d = opendir("/proc");

	snprintf(task, sizeof task, "MLTOP_OUTPUT_DIR=%s/", b->dir);
	snprintf(shim, sizeof shim, "%s/tasks/", b->dir);
	for (struct dirent *entry; (entry = readdir(d)) != NULL;) {
		int64_t pid;
		bool ours = false;

		if (!num_i64(entry->d_name, 2, INT32_MAX, &pid) || pid == getpid())
			continue;
		for (int what = 0; what < 2 && !ours; what++) {
			snprintf(path, sizeof path, "/proc/%s/%s", entry->d_name,
				what ? "cmdline" : "environ");
			int fd = open(path, O_RDONLY);
			ssize_t n = fd < 0 ? 0 : read(fd, data, sizeof data);

			if (fd >= 0)
				close(fd);
			ours = n > 0 &&
				memmem(data, (size_t)n, what ? shim : task,
					strlen(what ? shim : task));
		}
		count += ours;
		if (ours && end)
			kill((pid_t)pid, SIGKILL);
	}
	closedir(d);
	return count;
}

static inline void bench_forget_seen(struct bench *b)
{
	for (size_t i = 0; i < b->all.len; i++)
		free(b->all.items[i]);
	vec_release(&b->all);
	map_release(&b->seen);
	b->seen = (struct map)MAP_INIT;
	b->started = b->ended = 0;
}

static inline void bench_release(struct bench *b)
{
	if (b->en)
		bench_close_engine(b);
	uv_close((uv_handle_t *)&b->heart, NULL);
	uv_run(&b->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&b->loop), 0); /* no handle is left */
	turns_free(b->config.turns);
	bench_forget_seen(b);
	/* A test that failed midway leaves its tasks running. */
	for (int64_t until = time_mono_ms() + 5000; bench_processes(b, true) > 0;)
		if (time_mono_ms() > until)
			break;
	assert_true(fsio_remove_tree(b->dir, NULL));
}

/* Where a log stands; the engines here answer at once. */
static inline bool bench_range(struct bench *b, const struct task_ref *ref, struct log_range *out)
{
	struct log_ask ask = {0};
	enum log_step step = b->en->ops->log_ask(b->en, ref, &ask);

	assert_true(step == LOG_BEGUN || step == LOG_NONE || step == LOG_NOT_NOW);
	*out = ask.range;
	return step == LOG_BEGUN;
}

/* How many bytes; 0: no more; -1: they are missing, *gap says which. */
static inline ssize_t bench_read(struct bench *b, const struct task_ref *ref, uint64_t offset,
	void *out, size_t size, struct log_gap *gap)
{
	struct log_ask ask = {.offset = offset, .out = out, .size = size};
	enum log_step step = b->en->ops->log_ask(b->en, ref, &ask);

	assert_true(step != LOG_BEGUN && step != LOG_COMING && step != LOG_NOT_NOW);
	*gap = ask.gap;
	return step == LOG_BYTES ? (ssize_t)ask.len : step == LOG_GAP ? -1 : 0;
}

/* Active timers of the loop, the bench's own not counted. */
static inline void bench_count_timer(uv_handle_t *handle, void *count)
{
	if (handle->type == UV_TIMER && uv_is_active(handle))
		++*(int *)count;
}

static inline int bench_timers(struct bench *b)
{
	int count = 0;

	uv_walk(&b->loop, bench_count_timer, &count);
	return count;
}

#endif
