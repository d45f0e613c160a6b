/* The throwaway platform of a demo: made-up jobs in a folder of its own, gone with this process. */
#include "client/context.h"

#include "base/fsio.h"
#include "base/mem.h"
#include "base/vec.h"
#include "client/daemon.h"
#include "client/private_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *make_demo_folder(struct err *e)
{
	const char *tmp = getenv("TMPDIR");
	char *dir = fsio_join(tmp && *tmp == '/' ? tmp : "/tmp", "mltop-demo-XXXXXX");

	if (mkdtemp(dir))
		return dir;
	err_errno(e, errno, "cannot make the demo's folder", dir);
	free(dir);
	return NULL;
}

/* The writing end stays open until this process ends, however it does: then the demo ends. */
static bool run_demo(struct context *out, const char *program, const char *dir,
	const char *const *settings, struct err *e)
{
	VEC(char *) more = {0};
	char fd_text[16];
	int ends[2];
	bool ok;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, ERR_INTERNAL, "cannot make a pipe for the demo: %s",
			strerror(errno));
	snprintf(fd_text, sizeof fd_text, "%d", DAEMON_DIE_FD);
	vec_push(&more, (char *)"--engine");
	vec_push(&more, (char *)"fake");
	vec_push(&more, (char *)"--set");
	vec_push(&more, (char *)"store=demo");
	vec_push(&more, (char *)"--die-with-fd");
	vec_push(&more, fd_text);
	for (; settings && *settings; settings++) {
		vec_push(&more, (char *)"--set");
		vec_push(&more, (char *)*settings);
	}
	vec_push(&more, NULL);
	ok = private_daemon(program, dir, more.items, ends[0], e) && private_find_in(out, dir, e);
	vec_release(&more);
	close(ends[0]);
	if (!ok)
		close(ends[1]);
	return ok;
}

bool demo_start_with(struct context *out, const char *program, const char *const *settings,
	struct err *e)
{
	char *dir = make_demo_folder(e);
	bool ok = dir && run_demo(out, program, dir, settings, e);

	if (ok) {
		free(out->name);
		out->name = mem_strdup("demo");
		out->private = false;
		out->demo = true;
	} else if (dir) {
		fsio_remove_tree(dir, NULL);
	}
	free(dir);
	return ok;
}

bool demo_start(struct context *out, const char *const *settings, struct err *e)
{
	char *program = program_path("mltopd", e);
	bool ok = program && demo_start_with(out, program, settings, e);

	free(program);
	return ok;
}
