/* GET /platform: what this platform is, holds and does, for `mltop platform status`. */
#include "mltopd/routes.h"

#include "base/fsio.h"
#include "base/mem.h"
#include "base/timefmt.h"

#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The walk over the folders may take long: it is the pool's. */
struct status {
	uv_work_t work;
	struct request *request;
	char *tasks, *packages, *store;
	struct disk_use disk;
};

/*
 * With ten thousand jobs a walk takes a second, so that whoever asks again and again must not have
 * one for each question: walks get a twentieth of the time at most.
 */
enum { WALK_SHARE = 20 };

/* tasks/UID/output and what is in it, while the walk is there. */
static bool enters_output(const FTSENT *entry)
{
	return entry->fts_info == FTS_D && entry->fts_level == 2 &&
		strcmp(entry->fts_name, "output") == 0;
}

/* Bytes on the disk, as du counts them; *outputs (may be NULL) gets those of jobs' outputs. */
static int64_t folder_bytes(char *path, int64_t *outputs)
{
	char *const paths[] = {path, NULL};
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	int64_t bytes = 0, none = 0;
	bool output = false;
	FTSENT *entry;

	outputs = outputs ? outputs : &none;

	while (walk && (entry = fts_read(walk)) != NULL) {
		if (entry->fts_level <= 2)
			output = enters_output(entry);
		if (entry->fts_info != FTS_F || entry->fts_statp == NULL)
			continue;
		bytes += entry->fts_statp->st_blocks * 512;
		*outputs += output ? entry->fts_statp->st_blocks * 512 : 0;
	}
	if (walk)
		fts_close(walk);
	return bytes;
}

static void status_work(uv_work_t *work)
{
	struct status *s = CONTAINER_OF(work, struct status, work);

	int64_t begin = time_mono_ms();

	s->disk.tasks = folder_bytes(s->tasks, &s->disk.outputs);
	s->disk.packages = folder_bytes(s->packages, NULL);
	s->disk.store = folder_bytes(s->store, NULL);
	s->disk.until = time_mono_ms() + WALK_SHARE * (time_mono_ms() - begin);
}

static json_t *count_jobs(const struct platform *p)
{
	int64_t running = 0, waiting = 0, finished = 0;

	for (size_t i = 0; i < p->jobs.len; i++) {
		const struct job *j = p->jobs.rows[i];

		if (job_state_final(j->state))
			finished++;
		else if (job_state_live(j->state))
			running++;
		else
			waiting++;
	}
	return json_pack("{s:I, s:I, s:I}", "running", (json_int_t)running, "waiting",
		(json_int_t)waiting, "finished", (json_int_t)finished);
}

static json_t *machine(struct platform *p)
{
	struct plan_machine m = {0};
	struct plan_gpu *gpus = NULL;
	json_t *out;

	if (p->engine)
		reconcile_machine(p, &m, &gpus);
	out = json_pack("{s:s?, s:f, s:I, s:I, s:I}", "node", m.node_name, "cpu",
		(double)m.cpu_total.v / 1000, "memory", (json_int_t)m.memory_total.v, "gpus",
		(json_int_t)m.gpu_count, "max_tasks", (json_int_t)m.max_tasks);
	free(gpus);
	return out;
}

static void reply(struct request *r)
{
	struct platform *p = r->platform;
	const struct disk_use *d = &p->disk;

	request_reply(r, 200,
		json_pack("{s:s, s:s, s:s, s:i, s:s, s:o, s:o, s:i, s:I, s:I, s:I, s:I}", "name",
			"mltopd", "version", MLTOP_VERSION, "engine",
			config_text(&p->config, SET_ENGINE), "pid", (int)getpid(), "state_dir",
			p->dir, "jobs", count_jobs(p), "machine", machine(p), "viewers",
			p->server ? server_viewers(p->server) : 0, "task_bytes",
			(json_int_t)d->tasks, "output_bytes", (json_int_t)d->outputs,
			"package_bytes", (json_int_t)d->packages, "store_bytes",
			(json_int_t)d->store));
}

static void status_done(uv_work_t *work, int status)
{
	struct status *s = CONTAINER_OF(work, struct status, work);
	struct platform *p = s->request->platform;

	(void)status;
	p->disk = s->disk;
	reply(s->request);
	free(s->tasks);
	free(s->packages);
	free(s->store);
	free(s);
	platform_let_go(p);
}

void route_platform(struct request *r)
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
	uv_queue_work(r->platform->loop, &s->work, status_work, status_done);
}
