#include "client/finder.h"

#include "base/mem.h"

#include <stdlib.h>
#include <uv.h>

struct finder {
	uv_loop_t *loop;
	uv_work_t work;
	bool busy, closing;
	finder_done done;
	void *ctx;
	/* the worker's, while busy */
	char *endpoint, *context, *state_dir;
	struct context found;
	struct err why;
	bool ok;
};

struct finder *finder_new(uv_loop_t *loop, finder_done done, void *ctx)
{
	struct finder *f = mem_alloc(sizeof *f);

	f->loop = loop;
	f->done = done;
	f->ctx = ctx;
	f->work.data = f;
	return f;
}

bool finder_busy(const struct finder *f)
{
	return f->busy;
}

static void finder_look(uv_work_t *work)
{
	struct finder *f = work->data;
	struct context_options o = {f->endpoint, f->context, f->state_dir};

	f->ok = context_resolve(&f->found, &o, &f->why);
}

static void options_release(struct finder *f)
{
	free(f->endpoint);
	free(f->context);
	free(f->state_dir);
	f->endpoint = f->context = f->state_dir = NULL;
}

static void finder_looked(uv_work_t *work, int status)
{
	struct finder *f = work->data;
	struct context found = f->found;
	struct err why = f->why;

	f->busy = false;
	f->found = (struct context){0};
	options_release(f);
	if (!f->closing && status == 0)
		f->done(f->ctx, f->ok ? &found : NULL, &why);
	else if (f->closing)
		free(f);
	context_release(&found);
}

void finder_start(struct finder *f, const struct context_options *o)
{
	if (f->busy)
		return;
	f->busy = true;
	f->ok = false;
	f->why = (struct err)ERR_INIT;
	f->endpoint = mem_strdup(o->endpoint);
	f->context = mem_strdup(o->context);
	f->state_dir = mem_strdup(o->state_dir);
	uv_queue_work(f->loop, &f->work, finder_look, finder_looked);
}

void finder_free(struct finder *f)
{
	if (f == NULL)
		return;
	f->closing = true;
	if (!f->busy)
		free(f);
}
