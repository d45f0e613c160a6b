/* The verbs backup and restore: the database is copied by the store, files are the pool's. */
#include "mltopd/control.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

struct copying {
	uv_work_t work;
	struct command *cmd;
	char *database;
	bool stage, good;
	struct err e;
};

static void copy_run(uv_work_t *work)
{
	struct copying *k = work->data;
	const char *dir = k->cmd->p->dir, *path = k->cmd->args[1];

	k->good = k->stage ? backup_stage(dir, path, &k->e)
			   : backup_write(dir, k->database, path, &k->e);
}

static void copy_say(const struct copying *k)
{
	struct command *cmd = k->cmd;

	if (k->stage)
		backup_told(cmd->p->dir, cmd->args[1], &cmd->out);
	else
		buf_addf(&cmd->out,
			"saved to %s; it holds secrets: keep it as safe as the state folder\n",
			cmd->args[1]);
	cmd->restart = k->stage;
}

/* The platform is let go last: it may be the last thing that it waited for. */
static void copying_end(struct copying *k, bool good, const struct err *e)
{
	struct command *cmd = k->cmd;
	struct platform *p = cmd->p;

	if (k->database)
		unlink(k->database);
	if (good) {
		copy_say(k);
		command_finish(cmd, 0);
	} else {
		command_fail(cmd, e);
	}
	free(k->database);
	free(k);
	platform_let_go(p);
}

static void copy_done(uv_work_t *work, int status)
{
	struct copying *k = work->data;

	copying_end(k, k->good && status == 0, &k->e);
}

static void copied(void *ctx, bool ok, const struct store_rows *rows, const struct err *e)
{
	struct copying *k = ctx;

	(void)rows;
	if (ok)
		uv_queue_work(k->cmd->p->loop, &k->work, copy_run, copy_done);
	else
		copying_end(k, false, e);
}

static struct copying *copying_new(struct command *cmd, bool stage)
{
	struct copying *k = mem_alloc(sizeof *k);

	platform_hold(cmd->p);
	k->work.data = k;
	k->cmd = cmd;
	k->stage = stage;
	return k;
}

void command_backup(struct command *cmd)
{
	struct copying *k = copying_new(cmd, false);
	char id[ULID_SIZE];

	ulid_new(id, model_now());
	if (asprintf(&k->database, "%s/backup-%s.db", cmd->p->dir, id) < 0)
		abort();
	store_copy(cmd->p->model.store, k->database, copied, k);
}

void command_restore(struct command *cmd)
{
	struct copying *k = copying_new(cmd, true);

	uv_queue_work(cmd->p->loop, &k->work, copy_run, copy_done);
}
