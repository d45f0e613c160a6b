#include "engine/local/local.h"

#include "base/fsio.h"
#include "base/num.h"
#include "base/ulid.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A walk over all folders, in the pool: all jobs, and those attempts that have no exit record. */
struct walk {
	uv_work_t req;
	struct local *local;
	VEC(char *) jobs;       /* uids */
	VEC(char *) open_ended; /* keys */
};

struct place {
	const char *names[3]; /* uid, task, attempt */
	int depth;
};

static void walk_attempt(struct walk *k, int folder, const struct place *p)
{
	char *key = NULL;

	if (faccessat(folder, "exit", F_OK, 0) == 0)
		return;
	if (asprintf(&key, "%s/%s/%s", p->names[0], p->names[1], p->names[2]) < 0)
		abort();
	vec_push(&k->open_ended, key);
}

/* Attempts are numbers; `output` beside the tasks is the job's own. */
static bool of_place(const char *name, int depth)
{
	int64_t n;

	if (name[0] == '.')
		return false;
	if (depth == 1)
		return strcmp(name, "output") != 0;
	return depth == 0 || num_i64(name, 0, INT32_MAX, &n);
}

static void walk_folder(struct walk *k, int folder, struct place *p)
{
	if (p->depth == 3) {
		walk_attempt(k, folder, p);
		close(folder);
		return;
	}
	DIR *d = fdopendir(folder);

	if (d == NULL) {
		close(folder);
		return;
	}
	for (struct dirent *entry; (entry = readdir(d)) != NULL;) {
		if (!of_place(entry->d_name, p->depth))
			continue;
		int below = openat(folder, entry->d_name,
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (below < 0)
			continue;
		if (p->depth == 0 && ulid_valid(entry->d_name))
			vec_push(&k->jobs, mem_strdup(entry->d_name));
		p->names[p->depth++] = entry->d_name;
		walk_folder(k, below, p);
		p->depth--;
	}
	closedir(d);
}

static void walk_run(uv_work_t *req)
{
	struct walk *k = req->data;
	struct place p = {0};
	int fd = open(k->local->tasks_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		walk_folder(k, fd, &p);
	local_groups_sweep(&k->local->groups, k->local->tasks_dir);
}

/* Ends a task that the store does not know. Those started meanwhile are in the table. */
static void stray_end(struct local *l, char *key)
{
	char *task, *attempt;
	int64_t number = 0;

	if (map_get(&l->tasks, key) || l->closing)
		return;
	task = strchr(key, '/');
	attempt = strrchr(key, '/');
	*task++ = '\0';
	*attempt++ = '\0';
	num_i64(attempt, 0, INT32_MAX, &number);
	struct task_ref ref = {.uid = key, .task = task, .attempt = (int)number};
	struct local_task *t = local_task_new(l, &ref);

	t->stray = true;
	local_work_submit(local_work_new(t, true));
}

static bool has_open_end(const struct walk *k, const char *uid)
{
	for (size_t i = 0; i < k->open_ended.len; i++)
		if (strncmp(k->open_ended.items[i], uid, ULID_LENGTH) == 0)
			return true;
	return false;
}

/* What is left of deleted jobs. Where a task may still run, it is ended first: the next start's. */
static void remove_deleted(struct walk *k)
{
	struct local *l = k->local;

	for (size_t i = 0; i < k->jobs.len; i++) {
		const char *uid = k->jobs.items[i];

		if (!l->closing && l->events.known && !has_open_end(k, uid) &&
			!l->events.known(l->events.ctx, uid))
			local_forget(&l->base, uid, NULL);
		free(k->jobs.items[i]);
	}
	vec_release(&k->jobs);
}

static void walk_done(uv_work_t *req, int status)
{
	struct walk *k = req->data;
	struct local *l = k->local;

	(void)status;
	remove_deleted(k);
	for (size_t i = 0; i < k->open_ended.len; i++) {
		stray_end(l, k->open_ended.items[i]);
		free(k->open_ended.items[i]);
	}
	vec_release(&k->open_ended);
	free(k);
	local_drop(l);
}

void local_adopt(struct engine *en, const struct task_ref *known, size_t count)
{
	struct local *l = (struct local *)en;
	struct walk *k = mem_alloc(sizeof *k);

	for (size_t i = 0; i < count; i++)
		if (local_task_find(l, &known[i]) == NULL)
			local_work_submit(local_work_new(local_task_new(l, &known[i]), true));
	/* Outputs that a daemon of before .collected had taken away. */
	local_remove(l, fsio_join(l->state_dir, "collected"), NULL);
	k->local = l;
	k->req.data = k;
	local_hold(l);
	uv_queue_work(l->loop, &k->req, walk_run, walk_done);
}
