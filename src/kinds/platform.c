/* What belongs to no kind: what the platform is and can, who asks, what it holds. */
#include "kinds/kinds.h"

#include "base/fsio.h"
#include "base/mem.h"
#include "base/timefmt.h"
#include "io/turns.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a client may rely on here and not on a plain Cloud-ML server. */
static const char *const capabilities[] = {
	"stream",
	"log-stream",
	"packages",
	"cancel",
	"retry",
	"fields",
	"filter",
	"paging",
	"tasks",
	"orgs",
	"keys",
	"audit",
	"events",
	"sigv4",
	"command",
	"what_if",
	NULL,
};

/* What keeps orgs apart here: empty where there is one person, or nothing runs yet. */
static json_t *isolation(const struct engine *en)
{
	json_t *list = json_array();

	for (size_t i = 0; en && i < en->guard_count; i++)
		json_array_append_new(list,
			json_pack("{s:s, s:b, s:s}", "name", en->guards[i].name, "holds",
				en->guards[i].holds, "text", en->guards[i].text));
	return list;
}

static const char *limits_enforced(const struct engine *en)
{
	if (en == NULL)
		return "none";
	return en->enforces ? en->enforces : en->ops->enforces;
}

static void route_version(struct request *r)
{
	const struct kinds_settings *s = &r->platform->settings;
	const struct engine *en = r->platform->work.engine;
	json_t *list = json_array();

	for (size_t i = 0; capabilities[i]; i++)
		json_array_append_new(list, json_string(capabilities[i]));
	if (!r->platform->limits.shared)
		json_array_append_new(list, json_string("private"));
	request_reply(r, 200,
		json_pack("{s:s, s:s, s:o, s:b, s:s, s:s, s:o, s:{s:I, s:I}}", "name", "mltopd",
			"version", MLTOP_VERSION, "capabilities", list, "secure", r->secure,
			"engine", s->engine, "limits_enforced", limits_enforced(en), "isolation",
			isolation(en), "packages", "max_entries", (json_int_t)s->package_entries,
			"max_ratio", (json_int_t)s->package_ratio));
}

static bool is_ready(const struct platform *p, struct err *e)
{
	if (!store_ready(p->model.store, e))
		return false;
	if (!p->opened || p->work.closing)
		return err_set(e, ERR_UNAVAILABLE, "mltopd is %s",
			p->work.closing ? "stopping" : "starting");
	return true;
}

static void route_healthz(struct request *r)
{
	request_reply(r, 200, json_pack("{s:s}", "status", "ok"));
}

static void route_readyz(struct request *r)
{
	struct err e = ERR_INIT;

	if (is_ready(r->platform, &e))
		request_reply(r, 200, json_pack("{s:s}", "status", "ready"));
	else
		request_fail_retry(r, &e, RETRY_AFTER_S);
}

static void route_authentication(struct request *r)
{
	request_reply(r, 200,
		json_pack("{s:s, s:s?, s:s, s:s?, s:s, s:b}", "access_key", r->who.access_key,
			"name", r->who.key_name, "org_id", r->who.org_id, "org_name",
			r->who.org_name, "role", role_words[r->who.role], "read_only",
			r->who.read_only));
}

/* Of what a platform may have and this one has not: none. The public client lists them all. */
static void route_none(struct request *r)
{
	request_reply(r, 200, json_pack("{s:[]}", "data"));
}

static void route_org_ids(struct request *r)
{
	request_reply(r, 200, json_pack("{s:s}", "org_id", r->who.org_id));
}

/* ---- What it holds ---- */

/* The walk over the folders may take long: it is the pool's. */
struct status {
	struct turn turn;
	atomic_bool *stop;
	struct request *request;
	char *tasks, *packages, *store;
	struct disk_use disk;
};

/*
 * With ten thousand jobs a walk takes a second, so that whoever asks again and again must not have
 * one for each question: walks get a twentieth of the time at most.
 */
enum { WALK_SHARE = 20 };

/* Of one job; *outputs gets those of its outputs. Takes the descriptor. */
static int64_t job_bytes(int fd, int64_t *outputs, atomic_bool *stop)
{
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	int64_t bytes = 0;

	for (struct dirent *entry; dir && (entry = readdir(dir)) != NULL;) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		int64_t below = fsio_tree_bytes_until(dirfd(dir), entry->d_name, stop);

		bytes += below;
		*outputs += strcmp(entry->d_name, "output") == 0 ? below : 0;
	}
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
	return bytes;
}

/* Bytes on the disk below tasks/, as du counts them. */
static int64_t tasks_bytes(const char *path, int64_t *outputs, atomic_bool *stop)
{
	DIR *dir = opendir(path);
	int64_t bytes = 0;

	for (struct dirent *entry; dir && (entry = readdir(dir)) != NULL;)
		if (entry->d_name[0] != '.')
			bytes += job_bytes(openat(dirfd(dir), entry->d_name,
						   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
				outputs, stop);
	if (dir)
		closedir(dir);
	return bytes;
}

static void status_run(struct turn *turn)
{
	struct status *s = turn->ctx;
	int64_t begin = time_mono_ms();

	s->disk.tasks = tasks_bytes(s->tasks, &s->disk.outputs, s->stop);
	s->disk.packages = fsio_tree_bytes_until(AT_FDCWD, s->packages, s->stop);
	s->disk.store = fsio_tree_bytes(AT_FDCWD, s->store);
	s->disk.until = time_mono_ms() + WALK_SHARE * (time_mono_ms() - begin);
}

static json_t *count_jobs(const struct platform *p)
{
	const struct field *state = kind_state(p->model.jobs.kind);
	int64_t running = 0, waiting = 0, finished = 0;

	for (size_t i = 0; i < p->model.jobs.len; i++) {
		unsigned life = record_look(p->model.jobs.kind, p->model.jobs.rows[i], state).life;

		if (life == LIFE_FINAL)
			finished++;
		else if (life == LIFE_LIVE)
			running++;
		else
			waiting++;
	}
	return json_pack("{s:I, s:I, s:I}", "running", (json_int_t)running, "waiting",
		(json_int_t)waiting, "finished", (json_int_t)finished);
}

/* All nodes together; `node` is the first of them. */
static json_t *machine(struct platform *p)
{
	struct plan_cluster c = {0};
	int64_t cpu = 0, memory = 0, gpus = 0, tasks = 0;

	if (p->work.engine)
		p->work.engine->ops->machine(p->work.engine, &c);
	for (size_t i = 0; i < c.node_count; i++) {
		cpu += c.nodes[i].cpu_total.v;
		memory += c.nodes[i].memory_total.v;
		gpus += (int64_t)c.nodes[i].gpu_count;
		tasks += c.nodes[i].max_tasks;
	}
	return json_pack("{s:s?, s:f, s:I, s:I, s:I}", "node",
		c.node_count ? c.nodes[0].name : NULL, "cpu", (double)cpu / 1000, "memory",
		(json_int_t)memory, "gpus", (json_int_t)gpus, "max_tasks", (json_int_t)tasks);
}

static void reply(struct request *r)
{
	struct platform *p = r->platform;
	const struct disk_use *d = &p->disk;

	request_reply(r, 200,
		json_pack("{s:s, s:s, s:s, s:i, s:s, s:o, s:o, s:i, s:I, s:I, s:I, s:I}", "name",
			"mltopd", "version", MLTOP_VERSION, "engine", p->settings.engine, "pid",
			(int)getpid(), "state_dir", p->dir, "jobs", count_jobs(p), "machine",
			machine(p), "viewers", p->server ? server_viewers(p->server) : 0,
			"task_bytes", (json_int_t)d->tasks, "output_bytes", (json_int_t)d->outputs,
			"package_bytes", (json_int_t)d->packages, "store_bytes",
			(json_int_t)d->store));
}

static void status_over(struct turn *turn, bool ran)
{
	struct status *s = turn->ctx;
	struct platform *p = s->request->platform;

	if (ran)
		p->disk = s->disk;
	reply(s->request);
	free(s->tasks);
	free(s->packages);
	free(s->store);
	free(s);
	platform_let_go(p);
}

static void route_platform(struct request *r)
{
	struct status *s;

	if (time_mono_ms() < r->platform->disk.until) {
		reply(r);
		return;
	}
	s = mem_alloc(sizeof *s);
	s->request = r;
	s->tasks = fsio_join(r->platform->dir, "tasks");
	s->packages = fsio_join(r->platform->dir, "packages");
	s->store = fsio_join(r->platform->dir, "store.db");
	platform_hold(r->platform);
	s->stop = turns_stopped(r->platform->turns);
	s->turn = (struct turn){.ctx = s, .run = status_run, .over = status_over};
	turns_queue(r->platform->turns, &s->turn, "/sizes");
}

#define OPEN(path, handler, text)                                                              \
	{                                                                                      \
		.method = METHOD_GET, .pattern = path, .flags = ROUTE_OPEN, .handle = handler, \
		.doc = text                                                                    \
	}
#define READ(path, role, handler, text)                                                  \
	{                                                                                \
		.method = METHOD_GET, .pattern = path, .least = role, .handle = handler, \
		.doc = text                                                              \
	}
#define NONE(name, what)                                     \
	READ(API "/" name, ROLE_VIEWER, route_none,          \
		"{\"data\": []}: this platform has no " what \
		"; the public client lists all kinds.")
const struct route platform_routes[] = {
	OPEN("/version", route_version, "Name, version and capabilities; a client asks once."),
	OPEN("/healthz", route_healthz, "200 while the daemon lives."),
	OPEN("/metrics", platform_metrics,
		"For Prometheus: nodes, quotas, what runs and waits by org, the daemon; with the token of "
		"metrics.token_file as bearer token."),
	OPEN("/readyz", route_readyz, "200 when changes can be taken, else 503 and why."),
	OPEN(API "/version", route_version, "The same as /version."),
	READ(API "/authentication", ROLE_VIEWER, route_authentication,
		"Who the key is: access_key, name, org, role."),
	READ(API "/org_ids", ROLE_VIEWER, route_org_ids, "{\"org_id\": the key's org}."),
	NONE("dev", "dev environments"),
	NONE("tensorboard", "TensorBoards"),
	NONE("pipeline", "pipelines"),
	NONE("ceph", "Ceph volumes"),
	READ(API "/platform", ROLE_ADMIN, route_platform,
		"What the platform runs on, holds and does: jobs, machine, bytes on the disk (where "
		"counting takes long: as of a while ago)."),
	{.pattern = NULL},
};
