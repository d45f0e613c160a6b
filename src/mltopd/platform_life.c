#include "mltopd/engines.h"
#include "mltopd/platform_inside.h"

#include "base/fsio.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/timefmt.h"
#include "core/kinds/framework.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Reading the store ---- */

/* Each row is unpacked into a scratch arena, then copied by its row set. */
static void *load_row(struct rowset *rows, void *rec, struct arena *text, const void *pack,
	size_t len, struct err *e)
{
	memset(rec, 0, rows->kind->size);
	if (!record_unpack(rows->kind, rec, text, pack, len, e))
		return NULL;
	return rowset_put(rows, rec, NULL);
}

#define LOADER(name, rows)                                                              \
	static bool load_##name(void *ctx, const void *pack, size_t len, struct err *e) \
	{                                                                               \
		struct platform *p = ctx;                                               \
		struct arena text = ARENA_INIT;                                         \
		struct name rec;                                                        \
		bool good = load_row(&p->rows, &rec, &text, pack, len, e) != NULL;      \
		arena_release(&text);                                                   \
		return good;                                                            \
	}
LOADER(org, orgs)
LOADER(task, tasks)
LOADER(event, events)

/* Limits that a newer program added are unknown in an old row: they stand at "none". */
static bool load_quota(void *ctx, const void *pack, size_t len, struct err *e)
{
	struct platform *p = ctx;
	struct arena text = ARENA_INIT;
	struct quota rec, whole;
	bool good = record_unpack(&quota_kind, &rec, &text, pack, len, e);

	quota_init(&whole);
	for (size_t i = 0; good && i < quota_kind.field_count; i++) {
		const struct field *f = &quota_kind.fields[i];

		if ((f->flags & (F_ALIAS | F_SAMPLE)) || !record_knows(&quota_kind, &rec, f))
			continue;
		memcpy((char *)&whole + f->offset, (char *)&rec + f->offset, f->size);
		record_know(&quota_kind, &whole, f->offset);
	}
	good = good && rowset_put(&p->quotas, &whole, NULL) != NULL;
	arena_release(&text);
	return good;
}

static bool load_key(void *ctx, const char *access_key, const void *sealed, size_t sealed_len,
	const void *pack, size_t len, struct err *e)
{
	struct platform *p = ctx;
	struct arena text = ARENA_INIT;
	struct buf secret = BUF_INIT;
	struct key rec = {.access_key = NULL};
	bool good = record_unpack(&key_kind, &rec, &text, pack, len, e) &&
		store_unseal(p->store, access_key, sealed, sealed_len, &secret, e);

	if (good) {
		rec.secret_key = secret.data;
		record_know(&key_kind, &rec, offsetof(struct key, secret_key));
		rowset_put(&p->keys, &rec, NULL);
	}
	sign_wipe(secret.data, secret.len);
	buf_release(&secret);
	arena_release(&text);
	return good;
}

static bool load_job(void *ctx, const void *pack, size_t len, struct err *e)
{
	struct platform *p = ctx;
	struct arena text = ARENA_INIT;
	struct job rec;
	const struct job *row = load_row(&p->jobs, &rec, &text, pack, len, e);

	arena_release(&text);
	if (row == NULL)
		return false;
	if (row->state != JOB_DELETING)
		platform_name_set(p, row->org_id, row->job_name, row->uid);
	if (!job_state_final(row->state)) {
		rowset_put(&p->work, row, NULL);
		active_new(p, row);
	}
	return true;
}

static bool load_nonce(void *ctx, const struct store_nonce *n, struct err *e)
{
	(void)e;
	return platform_nonce_load(ctx, n);
}

static bool load_package(void *ctx, const void *pack, size_t len, struct err *e)
{
	return packages_load(ctx, pack, len, e);
}

static bool platform_load(struct platform *p, struct err *e)
{
	struct store_loader l = {.ctx = p,
		.org = load_org,
		.key = load_key,
		.quota = load_quota,
		.package = load_package,
		.job = load_job,
		.task = load_task,
		.event = load_event,
		.nonce = load_nonce,
		.events = config_int(&p->config, SET_EVENTS_KEPT),
		.now = platform_now()};

	if (!store_load(p->store, &l, e))
		return false;
	p->version = p->next_version = store_version_at_start(p->store);
	return true;
}

/* ---- Opening ---- */

static void on_stored(uv_async_t *handle)
{
	struct platform *p = handle->data;

	store_poll(p->store);
}

/* From the store's thread. */
static void store_notify(void *ctx)
{
	struct platform *p = ctx;

	uv_async_send(&p->stored);
}

void platform_reload(struct platform *p, const struct config *c)
{
	struct server_limits *l = &p->limits;

	if (c) {
		config_release(&p->config);
		config_copy(&p->config, c);
	}
	c = &p->config;
	l->shared = !config_bool(c, SET_PRIVATE);
	l->connections = (int)config_int(c, SET_CONNECTIONS);
	l->per_key = (int)config_int(c, SET_PER_KEY);
	l->per_address = (int)config_int(c, SET_PER_ADDRESS);
	l->streams_per_key = (int)config_int(c, SET_STREAMS_PER_KEY);
	l->requests_per_s = (int)config_int(c, SET_REQUESTS_PER_SECOND);
	l->request_burst = (int)config_int(c, SET_REQUEST_BURST);
	l->list_max = l->shared ? (size_t)config_int(c, SET_LIST_MAX) : 1000000;
}

static void rows_init(struct platform *p)
{
	rowset_init(&p->jobs, &job_kind);
	rowset_init(&p->work, &job_kind);
	p->work.keeps_moved = true; /* the reconciler works on copies */
	rowset_init(&p->tasks, &task_kind);
	rowset_init(&p->events, &event_kind);
	rowset_init(&p->orgs, &org_kind);
	rowset_init(&p->orgs_coming, &org_kind);
	rowset_init(&p->keys, &key_kind);
	rowset_init(&p->quotas, &quota_kind);
}

static void handles_init(struct platform *p)
{
	uv_async_init(p->loop, &p->stored, on_stored);
	p->stored.data = p;
	uv_timer_init(p->loop, &p->plan_timer);
	uv_timer_init(p->loop, &p->progress_timer);
	uv_timer_init(p->loop, &p->repair_timer);
	uv_timer_init(p->loop, &p->idle_timer);
	p->plan_timer.data = p->progress_timer.data = p->repair_timer.data = p->idle_timer.data = p;
	p->handles = 5;
}

static void map_free_values(struct map *m)
{
	size_t at = 0;
	const char *key;
	void *value;

	while (map_next(m, &at, &key, &value))
		free(value);
	map_release(m);
}

static void platform_free(struct platform *p)
{
	struct rowset *all[] = {&p->jobs, &p->work, &p->tasks, &p->events, &p->orgs,
		&p->orgs_coming, &p->keys, &p->quotas};

	actives_release(p);
	vec_release(&p->framework_waiters);
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		rowset_release(all[i]);
	map_free_values(&p->names);
	map_free_values(&p->quotas_changing);
	platform_nonces_release(p);
	packages_release(p);
	json_decref(p->frameworks);
	config_release(&p->config);
	free(p->shim);
	free(p->dir);
	free(p);
}

static void handle_closed(uv_handle_t *handle)
{
	struct platform *p = handle->data;
	void (*closed)(void *) = p->closed;
	void *ctx = p->closed_ctx;

	if (--p->handles > 0)
		return;
	platform_free(p);
	if (closed)
		closed(ctx);
}

static void handles_close(struct platform *p)
{
	uv_handle_t *all[] = {(uv_handle_t *)&p->stored, (uv_handle_t *)&p->plan_timer,
		(uv_handle_t *)&p->progress_timer, (uv_handle_t *)&p->repair_timer,
		(uv_handle_t *)&p->idle_timer};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		uv_close(all[i], handle_closed);
}

bool platform_open(struct platform **out, const struct platform_options *o, struct err *e)
{
	struct platform *p = mem_alloc(sizeof *p);
	struct store_config store = {.dir = o->dir,
		.volatile_data = o->volatile_data,
		.notify = store_notify,
		.ctx = p,
		.fault = platform_fault};
	bool good;

	config_copy(&p->config, o->config);
	p->loop = o->loop;
	p->dir = mem_strdup(o->dir);
	platform_reload(p, NULL);
	rows_init(p);
	handles_init(p);
	reconcile_init(p);
	logs_init(p);
	platform_used(p);
	good = store_open(&p->store, &store, e) && platform_load(p, e) && store_start(p->store, e);
	if (!good) {
		store_close(p->store);
		p->store = NULL;
		handles_close(p);
		uv_run(o->loop, UV_RUN_NOWAIT);
		return false;
	}
	*out = p;
	return true;
}

/* ---- Running ---- */

static char *shim_path(const struct platform *p)
{
	static const char *const places[] = {"mltop-shim", "../libexec/mltop/mltop-shim"};
	const char *given = config_text(&p->config, SET_SHIM);
	char *dir;

	if (*given)
		return mem_strdup(given);
	dir = fsio_program_dir();
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		char *path = fsio_join(dir, places[i]);

		if (access(path, X_OK) == 0 || i + 1 == ARRAY_SIZE(places)) {
			free(dir);
			return path;
		}
		free(path);
	}
	return dir;
}

static bool engine_start(struct platform *p, struct err *e)
{
	const struct engine_ops *ops = engine_find(config_text(&p->config, SET_ENGINE));
	struct engine_config config = {
		.loop = p->loop,
		.state_dir = p->dir,
		.shared = p->limits.shared,
		.max_tasks = config_int(&p->config, SET_LOCAL_MAX_TASKS),
		.max_processes = config_int(&p->config, SET_LOCAL_PROCESSES),
		.path = config_text(&p->config, SET_LOCAL_PATH),
		.log_limit = config_int(&p->config, SET_LOCAL_LOG_LIMIT),
		.sample_ms = config_int(&p->config, SET_LOCAL_SAMPLE),
		.fake_jobs = config_int(&p->config, SET_FAKE_JOBS),
		.fake_gpus = config_int(&p->config, SET_FAKE_GPUS),
		.fake_changes = config_int(&p->config, SET_FAKE_CHANGES),
		.fake_seed = (uint64_t)config_int(&p->config, SET_FAKE_SEED),
		.events = reconcile_events,
	};

	if (ops == NULL)
		return err_set(e, ERR_INVALID,
			"engine %s is not part of this mltopd: use local or fake",
			config_text(&p->config, SET_ENGINE));
	p->shim = shim_path(p);
	config.shim_path = p->shim;
	config.events.ctx = p;
	if (!ops->open(&p->engine, &config, e))
		return false;
	if (p->engine->notice)
		log_line(LOG_INFO, "%s", p->engine->notice);
	return true;
}

/* ---- The private platform ends by itself ---- */

static bool busy(const struct platform *p)
{
	return p->actives.len > 0 || (p->server && server_viewers(p->server) > 0);
}

/* One timer that runs to when the time would be over, not a tick. */
static void on_idle(uv_timer_t *timer)
{
	struct platform *p = timer->data;
	int64_t most = config_int(&p->config, SET_IDLE_EXIT);
	int64_t now = time_mono_ms();

	if (busy(p))
		p->last_use = now;
	if (most > 0 && now - p->last_use >= most && p->idle) {
		log_line(LOG_INFO,
			"idle for %lld s: ending; mltop starts a new one when it is needed",
			(long long)(most / 1000));
		p->idle(p->idle_ctx);
		return;
	}
	if (most > 0)
		uv_timer_start(timer, on_idle, (uint64_t)(p->last_use + most - now), 0);
}

bool platform_run(struct platform *p, struct server *s, struct err *e)
{
	p->server = s;
	p->hub = server_hub(s);
	if (!engine_start(p, e))
		return false;
	reconcile_adopt(p);
	p->opened = true;
	reconcile_soon(p);
	outputs_keep_start(p);
	if (!p->limits.shared)
		on_idle(&p->idle_timer);
	return true;
}

static void platform_end(void *ctx)
{
	struct platform *p = ctx;

	p->engine = NULL;
	store_close(p->store);
	p->store = NULL;
	handles_close(p);
}

static void engine_detach(struct platform *p)
{
	if (p->engine)
		p->engine->ops->close(p->engine, platform_end, p);
	else
		platform_end(p);
}

void platform_hold(struct platform *p)
{
	p->held++;
}

void platform_let_go(struct platform *p)
{
	if (--p->held == 0 && p->closing)
		engine_detach(p);
}

void platform_close(struct platform *p, void (*done)(void *ctx), void *ctx)
{
	p->closing = true;
	outputs_keep_stop(p);
	frameworks_stop(p);
	p->closed = done;
	p->closed_ctx = ctx;
	p->hub = NULL;
	p->server = NULL;
	if (p->held == 0)
		engine_detach(p);
	else
		log_line(LOG_INFO, "stopping: waiting for what reads or writes files");
}

void platform_abandon(struct platform *p)
{
	store_close(p->store);
	p->store = NULL;
}
