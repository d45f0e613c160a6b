/* What is under way keeps the engine; so does the removal of a task's folder. */
#include "engine/local/local.h"

#include "base/fsio.h"
#include "base/mem.h"

#include <stdlib.h>

bool local_ending(const struct local *l)
{
	return l->closing || atomic_load(turns_stopped(l->turns));
}

void local_hold(struct local *l)
{
	l->pending++;
}

static void local_free(struct local *l)
{
	void (*done)(void *) = l->closed;
	void *ctx = l->closed_ctx;

	local_logs_release(&l->logs);
	local_groups_close(&l->groups);
	local_gpus_free(l->gpus);
	local_isolation_end(l, l->idle);
	map_release(&l->tasks);
	vec_release(&l->queue);
	arena_release(&l->arena);
	free(l->state_dir);
	free(l->tasks_dir);
	free(l->tasks_real);
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

/* Removal of a tree, in the pool. */
struct folder_removal {
	struct turn turn;
	struct local *local;
	char *path;
};

static void removal_run(struct turn *turn)
{
	struct folder_removal *r = turn->ctx;

	fsio_remove_tree_until(r->path, turns_stopped(r->local->turns), NULL);
}

static void removal_over(struct turn *turn, bool ran)
{
	struct folder_removal *r = turn->ctx;
	struct local *l = r->local;

	(void)ran; /* what is left is found at the next start */
	free(r->path);
	free(r);
	local_drop(l);
}

void local_remove(struct local *l, char *path, const char *org_name)
{
	struct folder_removal *r = mem_alloc(sizeof *r);

	r->local = l;
	r->path = path;
	r->turn = (struct turn){.ctx = r,
		.patient = true,
		.run = removal_run,
		.over = removal_over};
	local_hold(l);
	turns_queue(l->turns, &r->turn, org_name ? org_name : "/removals");
}

void local_forget(struct engine *en, const char *uid, const char *org_name)
{
	struct local *l = (struct local *)en;

	local_logs_forget(&l->logs, uid);
	local_remove(l, fsio_join(l->tasks_dir, uid), org_name);
}
