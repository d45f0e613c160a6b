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
	char *tasks, *store;
	int64_t task_bytes, store_bytes;
};

/* Bytes on the disk, as du counts them. */
static int64_t folder_bytes(char *path)
{
	char *const paths[] = {path, NULL};
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	int64_t bytes = 0;
	FTSENT *entry;

	while (walk && (entry = fts_read(walk)) != NULL)
		if (entry->fts_info == FTS_F && entry->fts_statp)
			bytes += entry->fts_statp->st_blocks * 512;
	if (walk)
		fts_close(walk);
	return bytes;
}

static void status_work(uv_work_t *work)
{
	struct status *s = CONTAINER_OF(work, struct status, work);

	s->task_bytes = folder_bytes(s->tasks);
	s->store_bytes = folder_bytes(s->store);
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

static json_t *machine(const struct platform *p)
{
	const struct plan_machine *m = &p->machine;

	return json_pack("{s:s?, s:f, s:I, s:I, s:I}", "node", m->node_name, "cpu",
		(double)m->cpu_total.v / 1000, "memory", (json_int_t)m->memory_total.v, "gpus",
		(json_int_t)m->gpu_count, "max_tasks", (json_int_t)m->max_tasks);
}

static void status_done(uv_work_t *work, int status)
{
	struct status *s = CONTAINER_OF(work, struct status, work);
	struct platform *p = s->request->platform;
	json_t *out = json_pack("{s:s, s:s, s:s, s:i, s:s, s:o, s:o, s:i, s:I, s:I}", "name", "mltopd",
		"version", MLTOP_VERSION, "engine", config_text(&p->config, SET_ENGINE), "pid",
		(int)getpid(), "state_dir", p->dir, "jobs", count_jobs(p), "machine", machine(p),
		"viewers", p->server ? server_viewers(p->server) : 0, "task_bytes",
		(json_int_t)s->task_bytes, "store_bytes", (json_int_t)s->store_bytes);

	(void)status;
	request_reply(s->request, 200, out);
	free(s->tasks);
	free(s->store);
	free(s);
}

void route_platform(struct request *r)
{
	struct status *s = mem_alloc(sizeof *s);

	s->request = r;
	s->tasks = fsio_join(r->platform->dir, "tasks");
	s->store = fsio_join(r->platform->dir, "store.db");
	uv_queue_work(r->platform->loop, &s->work, status_work, status_done);
}
