#include "mltopd/engines.h"
#include "mltopd/platform.h"
#include "work/timers.h"
#include "kinds/look_samples.h"
#include "kinds/packages.h"

#include "base/fault.h"
#include "base/fsio.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/kinds/kinds.h"
#include "base/timefmt.h"
#include "core/kinds/framework.h"
#include "io/turns.h"
#include "kinds/catalogue.h"
#include "kinds/package_look.h"
#include "kinds/services.h"
#include "work/history.h"
#include "work/scalars.h"
#include "work/spendings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

/* The platform with what only its opening, its idleness and its end need. */
enum { METRICS_TOKEN_MIN = 16 };

struct hosted {
	struct platform p; /* first: hosted_of */
	struct config *config;
	char *shim;
	uv_async_t stored; /* the store has completions */
	uv_timer_t idle_timer;
	int handles; /* open ones of these two and of `work` */
	void (*closed)(void *ctx);
	void *closed_ctx;
	void (*idle)(void *ctx);
	void *idle_ctx;
	int64_t last_use; /* mono ms of the last request */
	char metrics_token[128];
};

static struct hosted *hosted_of(struct platform *p)
{
	return (struct hosted *)p;
}

const struct config *platform_config(const struct platform *p)
{
	return ((const struct hosted *)p)->config;
}

void platform_used(struct platform *p)
{
	hosted_of(p)->last_use = time_mono_ms();
}

/* ---- Opening ---- */

static void on_stored(uv_async_t *handle)
{
	struct hosted *h = handle->data;

	store_poll(h->p.model.store);
}

/* From the store's thread. */
static void store_notify(void *ctx)
{
	struct hosted *h = ctx;

	uv_async_send(&h->stored);
}

/* The first line of that file; "": none is set, or it cannot be read. */
static void metrics_token_read(struct hosted *h, const char *path)
{
	struct buf text = BUF_INIT;
	struct err e = ERR_INIT;
	size_t len;

	h->metrics_token[0] = '\0';
	if (*path == '\0')
		return;
	if (!fsio_read(path, &text, 4096, &e)) {
		log_line(LOG_WARN, "nobody can read /metrics (metrics.token_file): %s", e.text);
		return;
	}
	len = text.len ? strcspn(text.data, "\r\n") : 0;
	if (len >= METRICS_TOKEN_MIN && len < sizeof h->metrics_token)
		snprintf(h->metrics_token, sizeof h->metrics_token, "%.*s", (int)len, text.data);
	else
		log_line(LOG_WARN,
			"nobody can read /metrics: the first line of %s has %zu bytes, a token has "
			"%d to %zu: make one with openssl rand -hex 32",
			path, len, METRICS_TOKEN_MIN, sizeof h->metrics_token - 1);
	buf_release(&text);
}

/* What the folders below are told of the settings; texts stay the config's. */
static void settings_hand_out(struct platform *p, const struct config *c)
{
	p->model.settings = (struct model_settings){.events_kept = c->events.in_memory,
		.events_per_job = c->events.per_job,
		.users_apart = p->limits.shared && c->engine == ENGINE_LOCAL,
		.uid_range = c->uid_range};
	p->work.settings = (struct work_settings){.outputs_keep = c->outputs.keep.v,
		.outputs_look = c->outputs.look.v,
		.outputs_bytes = c->outputs.bytes_per_org.v,
		.usage_keep = c->usage.keep.v,
		.progress_patterns = &c->progress.patterns};
	p->settings = (struct kinds_settings){.engine = config_engines[c->engine],
		.jobs_per_org = c->limits.jobs_per_org,
		.packages_per_org = c->packages.per_org,
		.package_keep = c->packages.keep.v,
		.audit_keep = c->audit.keep.v,
		.package_max = c->packages.max_size.v,
		.package_entries = c->packages.max_entries,
		.package_ratio = c->packages.max_ratio,
		.package_roots = &c->packages.file_roots,
		.python = c->frameworks.python,
		.frameworks = &c->frameworks.names,
		.metrics_token = hosted_of(p)->metrics_token,
		.services_listen = c->services.listen,
		.replica_ports = c->services.replica_ports,
		.prices = {c->usage.price_gpu_hour.v, c->usage.price_cpu_hour.v,
			c->usage.price_gib_hour.v},
		.currency = c->usage.currency};
	metrics_token_read(hosted_of(p), c->metrics.token_file);
}

/* It was checked with the other settings; should it have changed since, the last one stays. */
static void catalogue_take(struct platform *p, const char *path)
{
	struct err e = ERR_INIT;
	json_t *read = catalogue_read(path, &e);

	if (read == NULL) {
		log_line(LOG_WARN, "frameworks.catalogue: %s", e.text);
		return;
	}
	json_decref(p->catalogue);
	p->catalogue = read;
}

void platform_reload(struct platform *p, const struct config *c)
{
	struct server_limits *l = &p->limits;
	struct hosted *h = hosted_of(p);

	if (c) {
		config_release(h->config);
		config_copy(h->config, c);
	}
	c = h->config;
	l->shared = !c->private;
	l->weak = (enum weak_signing)c->signing.galaxy;
	l->connections = (int)c->limits.connections;
	l->per_key = (int)c->limits.per_key;
	l->per_address = (int)c->limits.per_address;
	l->streams_per_key = (int)c->limits.streams_per_key;
	l->requests_per_s = (int)c->limits.requests_per_second;
	l->request_burst = (int)c->limits.request_burst;
	l->list_max = l->shared ? (size_t)c->limits.list : 1000000;
	settings_hand_out(p, c);
	catalogue_take(p, c->frameworks.catalogue);
}

static void handles_init(struct hosted *h)
{
	uv_async_init(h->p.loop, &h->stored, on_stored);
	uv_timer_init(h->p.loop, &h->idle_timer);
	h->stored.data = h->idle_timer.data = h;
	h->handles = 6;
}

static void platform_free(struct hosted *h)
{
	struct platform *p = &h->p;

	actives_release(&p->work);
	spendings_release(&p->work);
	vec_release(&p->framework_waiters);
	model_release(&p->model);
	map_release(&p->package_parts);
	look_samples_release(p);
	package_looks_release(p->package_looks);
	json_decref(p->frameworks);
	json_decref(p->catalogue);
	config_release(h->config);
	free(h->config);
	free(h->shim);
	free(p->work.timers);
	free(p->dir);
	free(h);
}

static void handle_closed(uv_handle_t *handle)
{
	struct hosted *h = handle->data;
	void (*closed)(void *) = h->closed;
	void *ctx = h->closed_ctx;

	if (--h->handles > 0)
		return;
	platform_free(h);
	if (closed)
		closed(ctx);
}

static void handles_close(struct hosted *h)
{
	struct work_timers *of_work = h->p.work.timers;
	uv_handle_t *all[] = {(uv_handle_t *)&h->stored, (uv_handle_t *)&of_work->plan,
		(uv_handle_t *)&of_work->progress, (uv_handle_t *)&of_work->repair,
		(uv_handle_t *)&of_work->tidy, (uv_handle_t *)&h->idle_timer};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		all[i]->data = h;
		uv_close(all[i], handle_closed);
	}
}

static void platform_end(void *ctx)
{
	struct platform *p = ctx;

	p->work.engine = NULL;
	keys_used_write(&p->model);
	store_close(p->model.store);
	p->model.store = NULL;
	handles_close(hosted_of(p));
}

static void engine_detach(struct platform *p)
{
	if (p->work.engine)
		p->work.engine->ops->close(p->work.engine, platform_end, p);
	else
		platform_end(p);
}

static bool platform_load(struct platform *p, struct err *e)
{
	if (!model_load(&p->model, e))
		return false;
	packages_loaded(p);
	return true;
}

bool platform_open(struct platform **out, const struct platform_options *o, struct err *e)
{
	struct hosted *h = mem_alloc(sizeof *h);
	struct platform *p = &h->p;
	struct store_config store = {.dir = o->dir,
		.volatile_data = o->volatile_data,
		.notify = store_notify,
		.ctx = h,
		.fault = fault_point};
	struct model_watchers told = platform_told;
	struct work_options work = {.model = &p->model,
		.loop = o->loop,
		.turns = o->turns,
		.told = platform_work_told};
	bool good;

	h->config = mem_alloc(sizeof *h->config);
	config_copy(h->config, o->config);
	h->idle = o->idle;
	h->idle_ctx = o->idle_ctx;
	p->let_go = engine_detach;
	p->loop = o->loop;
	p->turns = o->turns;
	p->dir = mem_strdup(o->dir);
	work.dir = p->dir;
	platform_reload(p, NULL);
	store.settings = &h->config->demo;
	store.engine_settings = &h->config->fake;
	store.ops = platform_store();
	store.front = store_front_find(config_stores[h->config->store]);
	told.ctx = work.told.ctx = p;
	model_init(&p->model, &told);
	work_init(&p->work, &work);
	handles_init(h);
	platform_used(p);
	good = store_open(&p->model.store, &store, e) && platform_load(p, e) &&
		store_start(p->model.store, e);
	if (!good) {
		store_close(p->model.store);
		p->model.store = NULL;
		handles_close(h);
		uv_run(o->loop, UV_RUN_NOWAIT);
		return false;
	}
	if (store_lost(p->model.store) > 0)
		log_line(LOG_ERROR,
			"the newest %llu changes that were stored before this start are gone: the store's "
			"log was damaged; compare with a backup, or go on with what is there",
			(unsigned long long)store_lost(p->model.store));
	*out = p;
	return true;
}

/* ---- Running ---- */

static char *shim_path(const char *given)
{
	static const char *const places[] = {"mltop-shim", "../libexec/mltop/mltop-shim"};
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

static bool engine_start(struct hosted *h, struct err *e)
{
	struct platform *p = &h->p;
	const char *name = config_engines[h->config->engine];
	const struct engine_ops *ops = engine_find(name);
	struct engine_config config = {
		.loop = p->loop,
		.turns = p->turns,
		.state_dir = p->dir,
		.shared = p->limits.shared,
		.settings = config_of_engine(h->config),
		.events = reconcile_events,
	};

	if (ops == NULL)
		return err_set(e, ERR_INVALID,
			"engine %s is not part of this mltopd: use local or fake", name);
	h->shim = shim_path(h->config->shim);
	config.shim_path = h->shim;
	config.events.ctx = &p->work;
	if (!ops->open(&p->work.engine, &config, e))
		return false;
	if (p->work.engine->notice)
		log_line(LOG_INFO, "%s", p->work.engine->notice);
	return true;
}

/* ---- The private platform ends by itself ---- */

static bool busy(const struct platform *p)
{
	return p->work.actives.len > 0 || (p->server && server_viewers(p->server) > 0);
}

/* One timer that runs to when the time would be over, not a tick. */
static void on_idle(uv_timer_t *timer)
{
	struct hosted *h = timer->data;
	int64_t most = h->config->idle_exit.v;
	int64_t now = time_mono_ms();

	if (busy(&h->p))
		h->last_use = now;
	if (most > 0 && now - h->last_use >= most && h->idle) {
		log_line(LOG_INFO,
			"idle for %lld s: ending; mltop starts a new one when it is needed",
			(long long)(most / 1000));
		h->idle(h->idle_ctx);
		return;
	}
	if (most > 0)
		uv_timer_start(timer, on_idle, (uint64_t)(h->last_use + most - now), 0);
}

bool platform_run(struct platform *p, struct server *s, struct err *e)
{
	p->server = s;
	p->hub = server_hub(s);
	if (!engine_start(hosted_of(p), e))
		return false;
	reconcile_adopt(&p->work);
	p->opened = true;
	reconcile_soon(&p->work);
	outputs_keep_start(&p->work);
	history_start(&p->work);
	scalars_start(&p->work);
	services_open(p);
	spendings_tidy_in(&p->work, 0);
	if (!p->limits.shared)
		on_idle(&hosted_of(p)->idle_timer);
	return true;
}

void platform_close(struct platform *p, void (*done)(void *ctx), void *ctx)
{
	p->work.closing = true;
	if (p->turns)
		turns_stop(p->turns);
	outputs_keep_stop(&p->work);
	history_stop(&p->work);
	scalars_stop(&p->work);
	frameworks_stop(p);
	services_close(p);
	hosted_of(p)->closed = done;
	hosted_of(p)->closed_ctx = ctx;
	p->hub = NULL;
	p->server = NULL;
	if (p->held == 0)
		engine_detach(p);
	else
		log_line(LOG_INFO, "stopping: waiting for what reads or writes files");
}

void platform_abandon(struct platform *p)
{
	store_close(p->model.store);
	p->model.store = NULL;
}
