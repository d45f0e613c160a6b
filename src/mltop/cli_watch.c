/*
 * list --watch: prints the list again whenever a row changed, at most once a second. On a terminal a
 * table is drawn anew in its place, cut to the screen; elsewhere, and in other forms, a blank line
 * stands between prints, so that the output can be kept or piped.
 */
#include "mltop/cli_link.h"

#include "core/schema/rowset.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { WATCH_SUB = 1, WATCH_PAUSE_MS = 1000 };

struct watcher {
	struct cli *cli;
	const struct kind *kind;
	struct stream *stream;
	struct rowset rows;
	uv_timer_t pause;
	uv_signal_t interrupt;
	struct cli_link link;
	bool synced, changed, closing, failed, unread;
	struct err err;
};

static void watch_end(struct watcher *w)
{
	if (w->closing)
		return;
	w->closing = true;
	uv_close((uv_handle_t *)&w->pause, NULL);
	uv_close((uv_handle_t *)&w->interrupt, NULL);
	cli_link_close(&w->link);
	stream_free(w->stream, NULL, NULL);
}

/* Nobody reads any more where standard output takes nothing: then nothing is watched for. */
static void watch_print(struct watcher *w)
{
	json_t *rows = json_array();

	if (w->cli->redraws)
		fputs("\033[H\033[J", stdout);
	for (size_t i = 0; i < w->rows.len; i++)
		json_array_append_new(rows, record_encode(w->kind, w->rows.rows[i], NULL));
	w->changed = false;
	w->failed = !output_list(w->cli, w->kind, rows, &w->err);
	json_decref(rows);
	if (!w->cli->redraws)
		putchar('\n');
	w->unread = fflush(stdout) != 0 || ferror(stdout);
	if (w->failed || w->unread)
		watch_end(w);
}

static void on_pause(uv_timer_t *timer)
{
	struct watcher *w = timer->data;

	if (w->synced && w->changed)
		watch_print(w);
}

/* Prints soon; changes that come together are one print. */
static void watch_changed(struct watcher *w)
{
	w->changed = true;
	if (!uv_is_active((uv_handle_t *)&w->pause) && !w->closing)
		uv_timer_start(&w->pause, on_pause, WATCH_PAUSE_MS, 0);
}

static void on_rows(void *ctx, uint32_t sub, const json_t *rows)
{
	struct watcher *w = ctx;

	(void)sub;
	for (size_t i = 0; i < json_array_size(rows); i++)
		rowset_put_json(&w->rows, json_array_get(rows, i), NULL, NULL);
	if (w->synced)
		watch_changed(w);
}

static void on_gone(void *ctx, uint32_t sub, const json_t *uids)
{
	struct watcher *w = ctx;

	(void)sub;
	for (size_t i = 0; i < json_array_size(uids); i++)
		rowset_remove(&w->rows, json_string_value(json_array_get(uids, i)));
	watch_changed(w);
}

static void on_synced(void *ctx, uint32_t sub)
{
	struct watcher *w = ctx;

	(void)sub;
	w->synced = true;
	watch_print(w);
}

static void on_reset(void *ctx, uint32_t sub)
{
	struct watcher *w = ctx;

	(void)sub;
	w->synced = false;
	rowset_clear(&w->rows);
}

static void on_sub_error(void *ctx, uint32_t sub, const struct err *e)
{
	struct watcher *w = ctx;

	(void)sub;
	w->err = *e;
	w->failed = true;
	watch_end(w);
}

static void on_link(void *ctx, enum stream_link link, int64_t rtt_ms, const struct err *why)
{
	struct watcher *w = ctx;

	(void)rtt_ms;
	cli_link_state(&w->link, link, why);
}

static void stream_open(struct watcher *w)
{
	struct stream_events events = {
		.ctx = w,
		.link = on_link,
		.rows = on_rows,
		.gone = on_gone,
		.synced = on_synced,
		.reset = on_reset,
		.sub_error = on_sub_error,
	};
	struct cli *c = w->cli;

	w->stream = stream_new(c->loop, &c->context, &events);
	stream_rows(w->stream, WATCH_SUB, w->kind->name, cli_value(c, "org"), NULL,
		cli_value(c, "filter"));
}

static void platform_moved(void *ctx)
{
	struct watcher *w = ctx;

	stream_free(w->stream, NULL, NULL);
	on_reset(w, WATCH_SUB);
	stream_open(w);
}

static void platform_lost(void *ctx, const struct err *why)
{
	on_sub_error(ctx, WATCH_SUB, why);
}

static void reader_gone(void *ctx)
{
	struct watcher *w = ctx;

	w->unread = true;
	watch_end(w);
}

static void on_interrupt(uv_signal_t *handle, int number)
{
	(void)number;
	watch_end(handle->data);
}

/* A terminal that can, and a table: other forms are for programs. */
static bool redraws(const struct cli *c)
{
	const char *term = getenv("TERM"), *form = cli_value(c, "output");

	return c->tty && !cli_has(c, "json") && term && *term && strcmp(term, "dumb") != 0 &&
		(form == NULL || strcmp(form, "table") == 0 || strcmp(form, "wide") == 0);
}

int cli_watch(struct cli *c, const struct kind *k)
{
	struct watcher w = {.cli = c, .kind = k};

	if (!cli_connect(c, &w.err))
		return cli_fail(&w.err);
	c->redraws = redraws(c);
	if (c->redraws)
		fputs("\033[2J", stdout);
	rowset_init(&w.rows, k);
	uv_timer_init(c->loop, &w.pause);
	uv_signal_init(c->loop, &w.interrupt);
	w.pause.data = w.interrupt.data = &w;
	uv_signal_start(&w.interrupt, on_interrupt, SIGINT);
	w.link = (struct cli_link){c, &w, platform_moved, platform_lost, reader_gone};
	cli_link_open(&w.link);
	stream_open(&w);
	uv_run(c->loop, UV_RUN_DEFAULT);
	rowset_release(&w.rows);
	if (w.failed)
		return cli_fail(&w.err);
	return w.unread ? cli_output_failed() : EXIT_DONE;
}
