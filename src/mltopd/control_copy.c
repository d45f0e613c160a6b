/* The verbs backup and restore: the database is copied by the store, files are the pool's. */
#include "mltopd/control.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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

static void copy_done(uv_work_t *work, int status)
{
	struct copying *k = work->data;
	struct command *cmd = k->cmd;
	struct err e = k->e;
	bool good = k->good && status == 0;

	if (k->database)
		unlink(k->database);
	if (good && k->stage)
		backup_told(cmd->p->dir, cmd->args[1], &cmd->out);
	else if (good)
		buf_addf(&cmd->out,
			"saved to %s; it holds secrets: keep it as safe as the state folder\n",
			cmd->args[1]);
	cmd->restart = good && k->stage;
	free(k->database);
	free(k);
	if (good)
		command_finish(cmd, 0);
	else
		command_fail(cmd, &e);
}

static void copied(void *ctx, bool ok, const struct store_rows *rows, const struct err *e)
{
	struct copying *k = ctx;
	struct command *cmd = k->cmd;

	(void)rows;
	if (ok) {
		uv_queue_work(cmd->p->loop, &k->work, copy_run, copy_done);
		return;
	}
	unlink(k->database);
	free(k->database);
	free(k);
	command_fail(cmd, e);
}

static struct copying *copying_new(struct command *cmd, bool stage)
{
	struct copying *k = mem_alloc(sizeof *k);

	k->work.data = k;
	k->cmd = cmd;
	k->stage = stage;
	return k;
}

void command_backup(struct command *cmd)
{
	struct copying *k = copying_new(cmd, false);
	char id[ULID_SIZE];

	ulid_new(id, platform_now());
	if (asprintf(&k->database, "%s/backup-%s.db", cmd->p->dir, id) < 0)
		abort();
	store_copy(cmd->p->store, k->database, copied, k);
}

void command_restore(struct command *cmd)
{
	struct copying *k = copying_new(cmd, true);

	uv_queue_work(cmd->p->loop, &k->work, copy_run, copy_done);
}
