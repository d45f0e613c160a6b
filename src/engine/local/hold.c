/* What is under way keeps the engine; so does the removal of a task's folder. */
#include "engine/local/local.h"

#include "base/fsio.h"
#include "base/mem.h"

#include <stdlib.h>

void local_hold(struct local *l)
{
	l->pending++;
}

static void local_free(struct local *l)
{
	void (*done)(void *) = l->closed;
	void *ctx = l->closed_ctx;

	local_logs_release(&l->logs);
	map_release(&l->tasks);
	vec_release(&l->queue);
	arena_release(&l->arena);
	free(l->state_dir);
	free(l->tasks_dir);
	free(l->shim_path);
	free(l->path);
	free(l);
	if (done)
		done(ctx);
}

void local_drop(struct local *l)
{
	if (--l->pending == 0 && l->closing)
		local_free(l);
}

/* Removal of a job's folder, in the pool. */
struct folder_removal {
	uv_work_t req;
	struct local *local;
	char *path;
};

static void removal_run(uv_work_t *req)
{
	struct folder_removal *r = req->data;

	fsio_remove_tree(r->path, NULL);
}

static void removal_done(uv_work_t *req, int status)
{
	struct folder_removal *r = req->data;
	struct local *l = r->local;

	(void)status;
	free(r->path);
	free(r);
	local_drop(l);
}

void local_forget(struct engine *en, const char *uid)
{
	struct local *l = (struct local *)en;
	struct folder_removal *r = mem_alloc(sizeof *r);

	local_logs_forget(&l->logs, uid);
	r->local = l;
	r->path = fsio_join(l->tasks_dir, uid);
	r->req.data = r;
	local_hold(l);
	uv_queue_work(l->loop, &r->req, removal_run, removal_done);
}
