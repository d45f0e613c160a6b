/* A verb: asked of the daemon that runs, or carried out on the state folder of one that does not. */
#include "mltopd/options.h"

#include "base/fsio.h"
#include "base/mem.h"
#include "store/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

struct alone {
	bool done, closed;
};

static void alone_done(struct command *cmd)
{
	((struct alone *)cmd->ctx)->done = true;
}

static void alone_closed(void *ctx)
{
	((struct alone *)ctx)->closed = true;
}

/* A restore opens nothing: what is there may be too damaged for it. */
static bool restore_alone(const char *dir, struct command *cmd, struct err *e)
{
	bool swapped;

	if (!backup_stage(dir, cmd->args[1], e) || !backup_swap(dir, &swapped, e))
		return false;
	backup_told(dir, cmd->args[1], &cmd->out);
	return true;
}

static bool on_platform(const struct options *o, const char *dir, struct command *cmd,
	struct err *e)
{
	struct platform_options po = {.config = &o->config, .dir = dir};
	struct alone state = {false, false};
	uv_loop_t loop;
	bool good;

	uv_loop_init(&loop);
	po.loop = &loop;
	good = platform_open(&cmd->p, &po, e);
	if (good) {
		cmd->done = alone_done;
		cmd->ctx = &state;
		command_run(cmd);
		while (!state.done)
			uv_run(&loop, UV_RUN_ONCE);
		platform_close(cmd->p, alone_closed, &state);
		while (!state.closed)
			uv_run(&loop, UV_RUN_ONCE);
	}
	uv_loop_close(&loop);
	return good;
}

static bool verb_alone(const struct options *o, const char *dir, struct command *cmd, struct err *e)
{
	bool restore = cmd->count == 2 && strcmp(cmd->args[0], "restore") == 0;
	int lock = -1;
	bool swapped, good;

	if (!folder_prepare(dir, e) || !folder_lock(dir, &lock, e))
		return false;
	good = backup_swap(dir, &swapped, e) &&
		(restore ? restore_alone(dir, cmd, e) : on_platform(o, dir, cmd, e));
	close(lock);
	return good;
}

/* The daemon has another working folder: a file is named from / on. */
static void word_absolute(struct options *o, int at)
{
	char *here;

	if (o->word_count <= at || o->words[at][0] == '/')
		return;
	here = getcwd(NULL, 0);
	o->words[at] = o->absolute = fsio_join(here ? here : "/", o->words[at]);
	free(here);
}

int verb_main(struct options *o)
{
	struct command cmd;
	struct err e = ERR_INIT;
	char *dir = options_state_dir(&o->config, &e);
	bool good;

	command_init(&cmd);
	if (strcmp(o->words[0], "backup") == 0 || strcmp(o->words[0], "restore") == 0)
		word_absolute(o, 1);
	good = dir &&
		control_ask(dir, o->words, o->word_count, &cmd.status, &cmd.out, &cmd.err, &e);
	if (!good && dir && e.code == ERR_NOT_FOUND) {
		for (; cmd.count < o->word_count; cmd.count++)
			cmd.args[cmd.count] = mem_strdup(o->words[cmd.count]);
		good = verb_alone(o, dir, &cmd, &e);
	}
	if (!good) {
		complain(e.text);
		cmd.status = 1;
	}
	fputs(cmd.out.data, stdout);
	print_clean(stderr, cmd.err.data);
	command_release(&cmd);
	free(dir);
	return cmd.status;
}
