/* Frameworks: the platform's Python is asked once, when somebody wants to know. */
#include "kinds/kinds.h"

#include "base/mem.h"
#include "base/timefmt.h"
#include "core/kinds/framework.h"
#include "core/progress/progress.h"
#include "kinds/catalogue.h"

#include <signal.h>
#include <stdlib.h>
#include <uv.h>

enum { ASK_MAX = 16 * 1024, ASK_MS = 10 * 1000 };

/* Prints {"python": ["3.11.2"], "numpy": [...]} of the distributions named as arguments. */
static const char ask_script[] = "import json, platform, sys\n"
				 "from importlib import metadata\n"
				 "found = {'python': [platform.python_version()]}\n"
				 "for name in sys.argv[1:]:\n"
				 "    try: found[name] = [metadata.version(name)]\n"
				 "    except Exception: pass\n"
				 "print(json.dumps(found))\n";

struct ask {
	struct platform *p;
	uv_process_t process;
	uv_pipe_t pipe;
	uv_timer_t limit;
	struct buf text;
	char chunk[4096];
	int open; /* handles */
};

/* ---- Answers ---- */

static void framework_wanted(void *ctx, const void *row)
{
	const struct framework *f = row;
	json_t *versions = json_array();

	for (size_t i = 0; i < f->versions.len; i++)
		json_array_append_new(versions, json_string(f->versions.items[i]));
	json_object_set_new(ctx, f->name, versions);
}

/* Of those that the platform has, the ones that ?filter= wants. */
static void framework_answer(struct request *r)
{
	struct rowset rows;
	json_t *out = json_object();
	const char *name;
	json_t *versions, *all = json_object();

	rowset_init(&rows, &framework_kind);
	catalogue_list(r->platform->catalogue, all);
	json_object_update_missing(all, r->platform->frameworks);
	json_object_foreach(all, name, versions) {
		json_t *row = json_pack("{s:s, s:O}", "name", name, "versions", versions);

		rowset_put_json(&rows, row, NULL, NULL);
		json_decref(row);
	}
	json_decref(all);
	if (list_wanted(r, &rows, framework_wanted, out))
		request_reply(r, 200, out);
	else
		json_decref(out);
	rowset_release(&rows);
}

static void ask_answer(struct platform *p)
{
	for (size_t i = 0; i < p->framework_waiters.len; i++)
		framework_answer(p->framework_waiters.items[i]);
	vec_release(&p->framework_waiters);
}

static void ask_closed(uv_handle_t *handle)
{
	struct ask *a = handle->data;
	struct platform *p = a->p;

	if (--a->open > 0)
		return;
	p->ask = NULL;
	p->frameworks = json_loadb(a->text.data, a->text.len, 0, NULL);
	if (!json_is_object(p->frameworks)) {
		json_decref(p->frameworks);
		p->frameworks = json_object();
	}
	ask_answer(p);
	buf_release(&a->text);
	free(a);
	platform_let_go(p);
}

static void ask_close(struct ask *a)
{
	uv_handle_t *all[] = {(uv_handle_t *)&a->pipe, (uv_handle_t *)&a->limit,
		(uv_handle_t *)&a->process};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (!uv_is_closing(all[i]))
			uv_close(all[i], ask_closed);
}

static void ask_room(uv_handle_t *handle, size_t wanted, uv_buf_t *out)
{
	struct ask *a = handle->data;

	(void)wanted;
	*out = uv_buf_init(a->chunk, sizeof a->chunk);
}

static void ask_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes)
{
	struct ask *a = stream->data;

	if (n > 0)
		buf_add(&a->text, bytes->base, (size_t)n);
	else if (n < 0 && !uv_is_closing((uv_handle_t *)stream))
		uv_close((uv_handle_t *)stream, ask_closed);
}

static void ask_late(uv_timer_t *timer)
{
	struct ask *a = timer->data;

	uv_process_kill(&a->process, SIGKILL);
}

void frameworks_stop(struct platform *p)
{
	struct ask *a = p->ask;

	if (a == NULL)
		return;
	if (uv_is_active((uv_handle_t *)&a->process))
		uv_process_kill(&a->process, SIGKILL);
	/* A child of its own may hold the other end. */
	if (!uv_is_closing((uv_handle_t *)&a->pipe))
		uv_close((uv_handle_t *)&a->pipe, ask_closed);
}

/* Only now, so that the child is reaped; the pipe closes at its end. */
static void ask_exit(uv_process_t *process, int64_t status, int signal)
{
	struct ask *a = process->data;

	(void)status, (void)signal;
	uv_close((uv_handle_t *)&a->process, ask_closed);
	uv_close((uv_handle_t *)&a->limit, ask_closed);
}

/* NULL-ended. */
static char **arguments_new(const struct platform *p)
{
	const struct strings *names = p->settings.frameworks;
	const char *const first[] = {p->settings.python, "-I", "-c", ask_script};
	char **args = mem_alloc((ARRAY_SIZE(first) + names->len + 1) * sizeof *args);

	for (size_t i = 0; i < ARRAY_SIZE(first); i++)
		args[i] = mem_strdup(first[i]);
	for (size_t i = 0; i < names->len; i++)
		args[ARRAY_SIZE(first) + i] = mem_strdup(names->items[i]);
	return args;
}

static void arguments_free(char **args)
{
	for (char **at = args; *at; at++)
		free(*at);
	free(args);
}

static void ask_start(struct platform *p)
{
	struct ask *a = mem_alloc(sizeof *a);
	char **args = arguments_new(p);
	uv_stdio_container_t io[3] = {{.flags = UV_IGNORE},
		{.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE}, {.flags = UV_IGNORE}};
	uv_process_options_t o = {.args = args, .stdio = io, .stdio_count = 3, .exit_cb = ask_exit};

	p->ask = a;
	platform_hold(p);
	a->p = p;
	a->open = 3;
	buf_init(&a->text, ASK_MAX);
	a->process.data = a->pipe.data = a->limit.data = a;
	uv_pipe_init(p->loop, &a->pipe, 0);
	uv_timer_init(p->loop, &a->limit);
	io[1].data.stream = (uv_stream_t *)&a->pipe;
	o.file = args[0];
	if (uv_spawn(p->loop, &a->process, &o) == 0) {
		uv_read_start((uv_stream_t *)&a->pipe, ask_room, ask_read);
		uv_timer_start(&a->limit, ask_late, ASK_MS, 0);
	} else {
		ask_close(a);
	}
	arguments_free(args);
}

static void framework_list(struct request *r)
{
	struct platform *p = r->platform;

	if (p->frameworks) {
		framework_answer(r);
		return;
	}
	vec_push(&p->framework_waiters, r);
	if (p->framework_waiters.len == 1)
		ask_start(p);
}

/* For who tries on a log what the platform would read from it. */
static void framework_patterns(struct request *r)
{
	const char *patterns[PROGRESS_PATTERNS_MAX];
	size_t count = work_patterns(&r->platform->work, r->params[0], patterns,
		ARRAY_SIZE(patterns));
	json_t *all = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(all, json_string(patterns[i]));
	request_reply(r, 200,
		json_pack("{s:s, s:o}", "framework", r->params[0], "progress_patterns", all));
}

static const struct route more[] = {
	{.method = METHOD_GET,
		.pattern = API "/framework",
		.least = ROLE_VIEWER,
		.flags = ROUTE_OPEN,
		.handle = framework_list,
		.doc = "Frameworks and their versions: those of the catalogue, which jobs choose by "
		       "framework and framework_version, and of what else the platform's Python has; "
		       "?filter= chooses: {\"python\": [\"3.11.2\"], ...}."},
	{.method = METHOD_GET,
		.pattern = API "/framework/{framework}/progress",
		.least = ROLE_VIEWER,
		.handle = framework_patterns,
		.doc = "The platform's patterns of progress for logs of that framework, those for any among "
		       "them: {\"framework\": ..., \"progress_patterns\": [...]}."},
	{.pattern = NULL},
};

const struct kind_handlers framework_handlers = {
	.kind = &framework_kind,
	.more = more,
};
