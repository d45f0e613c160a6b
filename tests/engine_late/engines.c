/*
 * The engines of a daemon for tests: the real ones, but that each question about a log is answered
 * some ms after it was asked, as a cluster would. Linked with --wrap=engine_find.
 */
#include "mltopd/engines.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { LATE_MS = 3 };

/* A question that was asked. */
struct late {
	struct late *next;
	struct engine *en;
	char *uid, *task;
	int attempt;
	struct log_ask *ask;
};

const struct engine_ops *__real_engine_find(const char *name);
const struct engine_ops *__wrap_engine_find(const char *name);

static const struct engine_ops *real; /* a daemon has one */
static struct engine_ops ops;         /* it, but late */
static struct late *asked;
static uv_timer_t timer;

static void late_free(struct late *l)
{
	free(l->uid);
	free(l->task);
	free(l);
}

/* From memory that is gone afterwards. */
static void late_answer(struct late *l)
{
	const struct task_ref ref = {l->uid, l->task, l->attempt};
	size_t size = l->ask->size;
	char *bytes = mem_alloc(size + 1);
	enum log_step step;

	l->ask->out = bytes;
	step = real->log_ask(l->en, &ref, l->ask);
	l->ask->out = NULL;
	l->ask->answered(l->ask, step, bytes);
	memset(bytes, '#', size + 1);
	free(bytes);
}

static void on_late(uv_timer_t *handle)
{
	struct late *all = asked;

	(void)handle;
	/* Whoever is told may ask, or cancel what was asked with it: one at a time, the oldest first. */
	while (asked) {
		struct late **last = &asked, *l;

		while ((*last)->next)
			last = &(*last)->next;
		l = *last;
		*last = NULL;
		late_answer(l);
		late_free(l);
		if (l == all)
			break; /* what came meanwhile waits its own time */
	}
	if (asked)
		uv_timer_start(&timer, on_late, LATE_MS, 0);
}

static enum log_step late_ask(struct engine *en, const struct task_ref *ref, struct log_ask *ask)
{
	struct late *l = mem_alloc(sizeof *l);

	*l = (struct late){asked, en, mem_strdup(ref->uid), mem_strdup(ref->task), ref->attempt,
		ask};
	asked = l;
	if (!uv_is_active((uv_handle_t *)&timer))
		uv_timer_start(&timer, on_late, LATE_MS, 0);
	return LOG_COMING;
}

static void late_cancel(struct engine *en, struct log_ask *ask)
{
	struct late **at = &asked, *l;

	(void)en;
	while (*at && (*at)->ask != ask)
		at = &(*at)->next;
	l = *at;
	if (l == NULL)
		return;
	*at = l->next;
	late_free(l);
}

static bool late_open(struct engine **out, const struct engine_config *config, struct err *e)
{
	if (!real->open(out, config, e))
		return false;
	(*out)->ops = &ops;
	uv_timer_init(config->loop, &timer);
	uv_unref((uv_handle_t *)&timer);
	return true;
}

static void late_close(struct engine *en, void (*done)(void *ctx), void *ctx)
{
	uv_close((uv_handle_t *)&timer, NULL);
	real->close(en, done, ctx);
}

const struct engine_ops *__wrap_engine_find(const char *name)
{
	real = __real_engine_find(name);
	if (real == NULL)
		return NULL;
	ops = *real;
	ops.open = late_open;
	ops.close = late_close;
	ops.log_ask = late_ask;
	ops.log_cancel = late_cancel;
	return &ops;
}
