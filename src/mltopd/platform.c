#include "mltopd/platform.h"
#include "work/cursor.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/timefmt.h"

#include <stdio.h>
#include <string.h>

bool platform_older(struct platform *p, int64_t since, int64_t keep)
{
	int64_t wall = model_now(), mono = time_mono_ms();
	int64_t step = ages_look(&p->ages, wall, mono);

	if (step)
		log_line(LOG_WARN,
			"the clock was set %s by %lld s: nothing is removed by its age for %d minutes",
			step > 0 ? "ahead" : "back", (long long)(step > 0 ? step : -step) / 1000,
			AGES_QUIET_MS / 60000);
	return ages_older(&p->ages, since, keep, wall, mono);
}

/* ---- Lookups ---- */

struct active *platform_active(struct platform *p, const char *uid)
{
	return map_get(&p->actives, uid);
}

const struct server_limits *platform_limits(const struct platform *p)
{
	return &p->limits;
}

bool platform_ready(const struct platform *p, struct err *e)
{
	if (!store_ready(p->model.store, e))
		return false;
	if (!p->opened || p->closing)
		return err_set(e, ERR_UNAVAILABLE, "mltopd is %s",
			p->closing ? "stopping" : "starting");
	return true;
}

/* ---- Logs by job ---- */

struct log_cursor *platform_log_open(struct platform *p, const struct job *j, const char *task,
	int attempt, void (*ready)(void *ctx), void *ctx, struct err *e)
{
	int newest = (int)j->attempt;

	if (task && *task && strcmp(task, task_single) != 0) {
		err_set(e, ERR_NOT_FOUND, "job %s has no task %s", j->job_name, task);
		return NULL;
	}
	if (attempt == 0)
		attempt = newest;
	if (attempt < 1 || attempt > newest) {
		err_set(e, ERR_NOT_FOUND,
			newest > 0 ? "job %s has no attempt %d" : "job %s has not started yet",
			j->job_name, attempt);
		return NULL;
	}
	return log_cursor_open(&p->engine, &(struct task_ref){j->uid, task_single, attempt}, ready,
		ctx);
}

/* ---- What the model tells ---- */

static void on_row_stored(void *ctx, const struct kind *k, const void *row)
{
	work_row_stored(ctx, k, row);
}

static void on_row_changed(void *ctx, const struct kind *k, const char *uid)
{
	struct platform *p = ctx;

	if (p->hub)
		hub_changed(p->hub, k, uid);
}

static void on_row_gone(void *ctx, const struct kind *k, const char *uid)
{
	struct platform *p = ctx;

	if (p->hub)
		hub_gone(p->hub, k, uid);
}

static void on_key_disabled(void *ctx, const char *access_key)
{
	struct platform *p = ctx;

	if (p->hub)
		hub_key_disabled(p->hub, access_key);
}

static void on_job_settled(void *ctx, const char *uid, bool last, bool lost)
{
	work_job_settled(ctx, uid, last, lost);
}

static struct event_fold *on_fold(void *ctx, const char *uid)
{
	return work_fold(ctx, uid);
}

const struct model_watchers platform_told = {
	.row_stored = on_row_stored,
	.row_changed = on_row_changed,
	.row_gone = on_row_gone,
	.key_disabled = on_key_disabled,
	.job_settled = on_job_settled,
	.fold = on_fold,
};

/* ---- What the server asks ---- */

static const struct key *ask_key(struct platform *p, const char *access_key)
{
	return model_key(&p->model, access_key);
}

static void ask_key_used(struct platform *p, const char *access_key, int64_t now)
{
	platform_used(p);
	model_key_used(&p->model, access_key, now);
}

static const struct rowset *ask_rows(struct platform *p, const struct kind *k)
{
	return model_rows(&p->model, k);
}

static uint64_t ask_version(const struct platform *p)
{
	return model_version(&p->model);
}

static enum nonce_state ask_nonce_take(struct platform *p, const struct principal *who,
	const char *nonce, const char *request_hash, int64_t now, int *status, const char **body,
	size_t *body_len)
{
	return model_nonce_take(&p->model, who, nonce, request_hash, now, status, body, body_len);
}

static void ask_nonce_free(struct platform *p, const char *access_key, const char *nonce)
{
	model_nonce_free(&p->model, access_key, nonce);
}

static const struct job *ask_job(struct platform *p, const char *org_id, const char *name_or_uid)
{
	return model_job(&p->model, org_id, name_or_uid);
}

static const struct task *ask_task(struct platform *p, const char *job_uid, const char *task,
	int attempt)
{
	return model_task(&p->model, job_uid, task, attempt);
}

const struct server_asks platform_asks = {
	.key = ask_key,
	.key_used = ask_key_used,
	.limits = platform_limits,
	.rows = ask_rows,
	.visible = model_visible,
	.version = ask_version,
	.nonce_take = ask_nonce_take,
	.nonce_free = ask_nonce_free,
	.job = ask_job,
	.task = ask_task,
	.log_open = platform_log_open,
	.log_next = log_cursor_next,
	.log_seek = log_cursor_seek,
	.log_attempt = log_cursor_attempt,
	.log_close = log_cursor_close,
};

/* ---- Idleness of the private platform ---- */

void platform_used(struct platform *p)
{
	p->last_use = time_mono_ms();
}
