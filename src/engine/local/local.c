#include "engine/local/local.h"
#include "engine/local/settings.h"
#include "engine/local/outputs.h"

#include "base/fsio.h"
#include "core/schema/words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

/* What a task may know of the daemon's own environment; anything else might be a secret. */
static bool env_allowed(const char *entry)
{
	static const char *const names[] = {"PATH", "HOME", "USER", "LANG", "TZ", "TMPDIR"};
	size_t len = strcspn(entry, "=");

	if (strncmp(entry, "LC_", 3) == 0)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strlen(names[i]) == len && strncmp(entry, names[i], len) == 0)
			return true;
	return false;
}

static void capture_environ(struct local *l)
{
	VEC(const char *) kept = {0};
	bool path = false;

	for (char **at = environ; at && *at; at++) {
		if (!env_allowed(*at))
			continue;
		path = path || strncmp(*at, "PATH=", 5) == 0;
		vec_push(&kept, arena_strdup(&l->arena, *at));
	}
	if (!path)
		vec_push(&kept, "PATH=/usr/local/bin:/usr/bin:/bin");
	const char **items = arena_alloc(&l->arena, kept.len * sizeof *items);

	memcpy(items, kept.items, kept.len * sizeof *items);
	l->environ = (struct strings){.items = items, .len = kept.len};
	vec_release(&kept);
}

static struct labels labels_copy(struct arena *a, const struct labels *from)
{
	struct label *items = arena_alloc(a, (from->len + 1) * sizeof *items);

	for (size_t i = 0; i < from->len; i++) {
		items[i].key = arena_strdup(a, from->items[i].key);
		items[i].value = arena_strdup(a, from->items[i].value);
	}
	return (struct labels){items, from->len};
}

static void machine_fill(struct local *l, const struct local_settings *set)
{
	int64_t max_tasks = set->max_tasks;
	int64_t cpus = local_cpus();

	if (gethostname(l->node_name, sizeof l->node_name - 1) < 0 || !*l->node_name)
		snprintf(l->node_name, sizeof l->node_name, "localhost");
	l->machine = (struct plan_node){
		.name = l->node_name,
		.labels = labels_copy(&l->arena, &set->labels),
		.cpu_total = {cpus * 1000},
		.memory_total = {local_memory()},
		.max_tasks = max_tasks > 0 ? max_tasks : cpus,
	};
}

const char *const local_limits_words[] = {"auto", "cgroup", "poll", "none", NULL};

/* How limits can be held here; false: not as it was wanted. */
static bool limits_find(struct local *l, const struct local_settings *set, struct err *e)
{
	struct err why = ERR_INIT;

	l->limits = set->limits;
	if (l->limits == LOCAL_LIMITS_AUTO || l->limits == LOCAL_LIMITS_CGROUP) {
		bool good = local_groups_open(&l->groups, set->cgroup_root, l->id, &why);

		if (!good && l->limits == LOCAL_LIMITS_CGROUP)
			return err_set(e, ERR_UNAVAILABLE,
				"local.limits is cgroup, but %s: let this system delegate a group "
				"to mltopd, or set local.limits to auto",
				why.text);
		l->limits = good ? LOCAL_LIMITS_CGROUP : LOCAL_LIMITS_POLL;
	}
	local_cores_find(&l->cores);
	l->base.enforces = local_limits_words[l->limits];
	if (why.text[0])
		local_notice(l, "limits of tasks are polled: ", why.text);
	else
		local_notice(l, "limits of tasks are held by: ", l->base.enforces);
	return true;
}

static bool config_check(const struct engine_config *c, struct err *e)
{
	if (access(c->shim_path, X_OK) < 0) {
		err_errno(e, errno, "cannot run the task supervisor mltop-shim at", c->shim_path);
		return false;
	}
	return true;
}

static bool folder_open_up(const char *path, struct err *e)
{
	return chmod(path, 0711) == 0 || err_errno(e, errno, "cannot open up the folder", path);
}

static bool local_open(struct engine **out, const struct engine_config *c, struct err *e)
{
	const struct local_settings *set = c->settings;
	struct local *l;
	struct stat place;
	char *tasks_dir = fsio_join(c->state_dir, "tasks"), boot_id[40];
	/* Tasks of other users pass through to their own folders; they cannot list it. */
	mode_t mode = c->shared && geteuid() == 0 ? 0711 : 0700;

	if (!config_check(c, e) || !fsio_mkdirs(tasks_dir, mode, e) ||
		(mode == 0711 &&
			!(folder_open_up(c->state_dir, e) && folder_open_up(tasks_dir, e))) ||
		stat(tasks_dir, &place) < 0 || !taskfile_boot_id(boot_id)) {
		if (e && e->code == ERR_NONE)
			err_set(e, ERR_INTERNAL,
				"cannot read the boot id of this machine from /proc");
		free(tasks_dir);
		return false;
	}
	l = mem_alloc(sizeof *l);
	l->base.ops = &engine_local;
	l->loop = c->loop;
	l->turns = c->turns;
	l->state_dir = mem_strdup(c->state_dir);
	l->tasks_dir = tasks_dir;
	l->tasks_real = realpath(tasks_dir, NULL);
	l->tasks_dev = place.st_dev;
	l->tasks_ino = place.st_ino;
	l->shim_path = mem_strdup(c->shim_path);
	memcpy(l->boot_id, boot_id, sizeof boot_id);
	l->shared = c->shared;
	l->path = mem_strdup(set->path && *set->path ? set->path : "/usr/local/bin:/usr/bin:/bin");
	l->max_processes = local_processes(set->processes_per_org);
	l->log_limit = set->log_limit.v;
	l->log_reserve = local_reserve(c->state_dir, set->log_reserve.v);
	l->sample_ms = set->sample.v;
	l->events = c->events;
	/* A platform is told from others of the machine by its folder, whatever that is called. */
	snprintf(l->id, sizeof l->id, "mltop-%llx-%llx", (unsigned long long)place.st_dev,
		(unsigned long long)place.st_ino);
	uv_mutex_init(&l->users_lock);
	capture_environ(l);
	local_images_open(l, set);
	machine_fill(l, set);
	local_logs_init(&l->logs, l->tasks_dir);
	local_isolation_find(l, set);
	if (!limits_find(l, set, e)) {
		l->closing = l->idle = true;
		l->pending = 1;
		local_drop(l); /* frees it */
		return false;
	}
	uv_timer_init(l->loop, &l->ack_timer);
	uv_timer_init(l->loop, &l->sample_timer);
	l->ack_timer.data = l->sample_timer.data = l;
	l->pending = 2;
	local_gpus_open(l, set);
	*out = &l->base;
	return true;
}

static void timer_closed(uv_handle_t *handle)
{
	local_drop(handle->data);
}

/* Takes one task that no work holds out of the table; false when there is none left. */
static bool detach_one(struct local *l)
{
	const char *key;
	void *value;

	for (size_t at = 0; map_next(&l->tasks, &at, &key, &value);) {
		struct local_task *t = value;

		if (t->state == LOCAL_WORKING)
			continue;
		if (t->link)
			local_link_close(t);
		if (t->work)
			local_work_withdraw(t->work);
		map_remove(&l->tasks, t->key);
		local_task_free(t);
		return true;
	}
	return false;
}

static void local_close(struct engine *en, void (*done)(void *ctx), void *ctx)
{
	struct local *l = (struct local *)en;

	l->closing = true;
	l->idle = l->tasks.len == 0;
	l->closed = done;
	l->closed_ctx = ctx;
	while (detach_one(l))
		;
	l->queue.len = l->queue_at = 0;
	local_gpus_close(l);
	uv_close((uv_handle_t *)&l->ack_timer, timer_closed);
	uv_close((uv_handle_t *)&l->sample_timer, timer_closed);
}

static void local_machine(struct engine *en, struct plan_cluster *out)
{
	*out = (struct plan_cluster){.nodes = &((struct local *)en)->machine,
		.node_count = 1,
		.packing_cpu = true};
}

static bool given(const char *text)
{
	return text && *text;
}

static bool check_env(const struct task_program *p, struct err *e)
{
	for (size_t i = 0; i < p->env.len; i++)
		if (p->env.items[i].key[0] == '\0' || strchr(p->env.items[i].key, '='))
			return err_field(e, ERR_UNPROCESSABLE, "env",
				"env has a variable named '%s': a name has characters, and no =",
				p->env.items[i].key);
	return true;
}

static bool check_words(const struct task_program *p, struct err *e)
{
	struct arena a = ARENA_INIT;
	struct strings words;
	struct err why = ERR_INIT;
	bool good = words_split(&words, &a, p->job_args, &why);

	arena_release(&a);
	if (!good)
		err_field(e, ERR_UNPROCESSABLE, "job_args", "job_args: %s", why.text);
	return good;
}

static bool local_check(struct engine *en, const struct task_program *p, struct err *e)
{
	const struct local *l = (struct local *)en;

	if (!local_image_check(l, p, e))
		return false;
	if (given(p->work_dir) && l->shared)
		return err_field(e, ERR_UNPROCESSABLE, "work_dir",
			"work_dir is refused on a platform that several people share: "
			"submit the folder as a package");
	if (given(p->work_dir) && p->work_dir[0] != '/')
		return err_field(e, ERR_UNPROCESSABLE, "work_dir",
			"work_dir is %s: give a path from / on", p->work_dir);
	if (p->command.len > TASK_ARGS_MAX - 8)
		return err_field(e, ERR_UNPROCESSABLE, "command",
			"command has %zu words: at most %d", p->command.len, TASK_ARGS_MAX - 8);
	return check_env(p, e) && check_words(p, e);
}

static void local_start(struct engine *en, const struct task_launch *launch)
{
	struct local *l = (struct local *)en;
	struct local_task *t = local_task_find(l, &launch->ref);
	struct local_work *w;

	if (t != NULL) /* never twice */
		return;
	t = local_task_new(l, &launch->ref);
	t->fresh = true;
	w = local_work_new(t, false);
	task_program_copy(&w->program, &launch->program, &w->arena);
	if (launch->package_path)
		w->package = arena_strdup(&w->arena, launch->package_path);
	const char **gpus = arena_alloc(&w->arena, (launch->gpu_count + 1) * sizeof *gpus);

	for (size_t i = 0; i < launch->gpu_count; i++)
		gpus[i] = arena_strdup(&w->arena, launch->gpus[i]);
	w->gpus = gpus;
	w->gpu_count = launch->gpu_count;
	w->amd = local_gpus_amd(l, launch->gpus, launch->gpu_count);
	w->run_uid = launch->run_uid;
	w->run_gid = launch->run_gid;
	local_secrets_take(w, launch, &w->refused);
	if (l->limits == LOCAL_LIMITS_POLL &&
		local_cores_take(&l->cores, (w->program.cpu_limit.v + 999) / 1000, &t->cores))
		w->cores = local_cores_text(&t->cores, &w->arena);
	local_work_submit(w);
}

static void local_stop(struct engine *en, const struct task_ref *ref, int64_t grace_ms)
{
	struct local *l = (struct local *)en;
	struct local_task *t = local_task_find(l, ref);

	if (t == NULL)
		return;
	/* Asking again may only shorten the time. */
	if (t->stop_wanted && grace_ms >= t->grace_ms)
		return;
	t->stop_wanted = true;
	t->stop_sent = false;
	t->grace_ms = grace_ms;
	if (t->work)
		atomic_store(&t->work->cancelled, true);
	if (t->state == LOCAL_QUEUED)
		local_queue_skip(t);
	local_link_stop(t);
}

static struct log_view view_of(struct local *l, const struct task_ref *ref, char *key)
{
	struct log_view v = {.key = key};
	const struct local_task *t = local_task_find(l, ref);

	if (t && !t->stray) {
		v.live = true;
		v.live_end = t->log_end;
	}
	return v;
}

static enum log_step range_answer(struct local *l, const struct log_view *v, struct log_ask *ask)
{
	if (local_logs_range(&l->logs, v, &ask->range, &ask->e))
		return LOG_BEGUN;
	return ask->e.code == ERR_UNAVAILABLE ? LOG_NOT_NOW : LOG_NONE;
}

static enum log_step bytes_answer(struct local *l, const struct log_view *v,
	const struct task_ref *ref, struct log_ask *ask)
{
	ssize_t n = local_logs_read(&l->logs, v, ask->offset, ask->out, ask->size, &ask->gap,
		&ask->e);
	struct local_task *t = v->live ? local_task_find(l, ref) : NULL;

	if (n == LOCAL_LOG_GAP)
		return LOG_GAP;
	if (n == LOCAL_LOG_UNREADABLE)
		return LOG_NOT_NOW;
	ask->len = (size_t)n;
	/* The file may be ahead of what the shim last told. */
	if (t && n > 0 && ask->offset + (uint64_t)n > t->log_end)
		t->log_end = ask->offset + (uint64_t)n;
	return n > 0 ? LOG_BYTES : LOG_END;
}

static enum log_step local_log_ask(struct engine *en, const struct task_ref *ref,
	struct log_ask *ask)
{
	struct local *l = (struct local *)en;
	char *key = local_key(ref);
	struct log_view v = view_of(l, ref, key);
	enum log_step step = ask->size ? bytes_answer(l, &v, ref, ask) : range_answer(l, &v, ask);

	free(key);
	return step;
}

const struct engine_ops engine_local = {
	.name = "local",
	.enforces = "poll",
	.open = local_open,
	.close = local_close,
	.machine = local_machine,
	.sight = local_sight,
	.adopt = local_adopt,
	.check = local_check,
	.start = local_start,
	.stop = local_stop,
	.forget = local_forget,
	.log_ask = local_log_ask,
	.outputs = &local_outputs,
};
