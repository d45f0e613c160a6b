/*
 * A job's log on standard output: one socket carries the log of an attempt and the job's row, so
 * that the end of an attempt is told from the end of the job. Bytes go out as they come, raw when
 * standard output is no terminal.
 */
#include "mltop/follow.h"

#include "core/kinds/task.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	SUB_ROW = 1,
	SUB_LOG_FIRST = 2,
};

void follow_over(struct follower *f, enum follow_end end)
{
	if (f->closing)
		return;
	f->closing = true;
	f->end = end;
	follow_ask_close(f);
	uv_close((uv_handle_t *)&f->interrupt, NULL);
	cli_link_close(&f->link);
	uv_close((uv_handle_t *)&f->patience, NULL);
	uv_close((uv_handle_t *)&f->redraw, NULL);
	if (f->stream)
		stream_free(f->stream, NULL, NULL);
}

/* Opens the log of an attempt (0: the newest), at its begin or where it was left. */
char *follow_path(const struct follower *f, const char *tail)
{
	return cli_path(&job_kind, f->what->job, tail);
}

static void follow_attempt(struct follower *f, int64_t attempt, uint64_t from)
{
	bool tail = f->what->tail >= 0 && from == 0;

	if (f->sub >= SUB_LOG_FIRST)
		stream_close(f->stream, f->sub);
	f->sub = f->sub < SUB_LOG_FIRST ? SUB_LOG_FIRST : f->sub + 1;
	f->attempt = attempt;
	f->ended = f->state_known = false;
	f->next = from;
	stream_log(f->stream, f->sub, cli_value(f->cli, "org"), f->uid,
		f->what->task ? f->what->task : task_single, attempt, tail ? -1 : (int64_t)from,
		tail ? f->what->tail : 0);
}

/* Is there anything left to print or to wait for? */
static void follow_settle(struct follower *f)
{
	if (f->closing)
		return;
	if (!f->what->to_end) {
		if (f->ended || (f->state_known && f->next >= f->newest))
			follow_over(f, FOLLOW_ENDED);
		else if (f->row_final && f->row.attempt == 0)
			follow_over(f, FOLLOW_ENDED);
		return;
	}
	if (f->what->attempt > 0) {
		if (f->ended)
			follow_over(f, FOLLOW_ENDED);
		return;
	}
	if (f->ended && f->row.attempt > f->attempt)
		follow_attempt(f, f->row.attempt, 0);
	else if (f->row_final && (f->ended || f->row.attempt == 0))
		follow_over(f, FOLLOW_ENDED);
}

void follow_print(struct follower *f, const void *bytes, size_t len)
{
	if (!follow_paint(f, bytes, len))
		follow_over(f, FOLLOW_UNREAD);
	else if (f->stream)
		stream_credit(f->stream, f->sub, len);
}

/* What was printed before a new stream began earlier than it was asked to is not printed again. */
static void on_bytes(void *ctx, uint32_t sub, uint64_t offset, const void *bytes, size_t len)
{
	struct follower *f = ctx;
	size_t known = offset < f->next ? (size_t)(f->next - offset) : 0;

	if (sub != f->sub || f->closing)
		return;
	if (known >= len) {
		stream_credit(f->stream, sub, len);
		return;
	}
	f->next = offset + len;
	if (!follow_ask_hold(f, (const char *)bytes + known, len - known))
		follow_print(f, (const char *)bytes + known, len - known);
	follow_settle(f);
}

/* What was printed cannot be taken back. */
static void on_reset(void *ctx, uint32_t sub)
{
	struct follower *f = ctx;

	if (sub != f->sub)
		return;
	follow_paint_aside(f);
	fprintf(stderr, "mltop: the platform lost the end of this log; what follows replaces it\n");
	f->next = 0;
}

static void on_gap(void *ctx, uint32_t sub, uint64_t offset, uint64_t lost)
{
	struct follower *f = ctx;

	if (sub != f->sub)
		return;
	follow_paint_aside(f);
	if (lost == 0)
		fprintf(stderr,
			"mltop: the task's supervisor died here (offset %llu): what it had "
			"not yet written of the log is missing\n",
			(unsigned long long)offset);
	else
		fprintf(stderr, "mltop: %llu bytes of the log are missing here (offset %llu)\n",
			(unsigned long long)lost, (unsigned long long)offset);
	f->next = offset + lost;
	follow_settle(f);
}

static void on_log_state(void *ctx, uint32_t sub, const struct stream_log_state *s)
{
	struct follower *f = ctx;

	if (sub != f->sub)
		return;
	if (!f->state_known)
		f->newest = s->newest;
	f->state_known = true;
	if (s->attempt > 0)
		f->attempt = s->attempt;
	if (s->final)
		f->ended = true;
	follow_settle(f);
}

static void on_rows(void *ctx, uint32_t sub, const json_t *rows)
{
	struct follower *f = ctx;

	if (sub != SUB_ROW)
		return;
	for (size_t i = 0; i < json_array_size(rows); i++)
		record_decode(&job_kind, &f->row, &f->arena, json_array_get(rows, i), DECODE_SERVER,
			NULL);
	f->row_final = work_state_final(f->row.state);
	follow_tell_row(f);
	follow_settle(f);
}

/* Deleted while we looked: its log is gone as well. */
static void on_gone(void *ctx, uint32_t sub, const json_t *uids)
{
	struct follower *f = ctx;

	(void)uids;
	if (sub != SUB_ROW)
		return;
	err_set(&f->err, ERR_NOT_FOUND, "job %s was deleted", f->what->job);
	follow_over(f, FOLLOW_FAILED);
}

static void on_sub_error(void *ctx, uint32_t sub, const struct err *e)
{
	struct follower *f = ctx;

	(void)sub;
	f->err = *e;
	follow_over(f, FOLLOW_FAILED);
}

static void on_link(void *ctx, enum stream_link link, int64_t rtt_ms, const struct err *why)
{
	struct follower *f = ctx;

	(void)rtt_ms;
	if (link == STREAM_GONE)
		follow_paint_aside(f);
	cli_link_state(&f->link, link, why);
}

static void ignore_sub(void *ctx, uint32_t sub)
{
	(void)ctx;
	(void)sub;
}

static bool find_job(struct follower *f, struct err *e)
{
	char *path = follow_path(f, "");
	json_t *answer = NULL;
	bool ok = cli_call(f->cli, "GET", path, NULL, &answer, e) &&
		record_decode(&job_kind, &f->row, &f->arena, answer, DECODE_SERVER, e);

	if (ok)
		f->uid = mem_strdup(f->row.uid ? f->row.uid : f->what->job);
	f->row_final = ok && work_state_final(f->row.state);
	json_decref(answer);
	free(path);
	return ok;
}

static void stream_open(struct follower *f)
{
	struct stream_events events = {
		.ctx = f,
		.link = on_link,
		.rows = on_rows,
		.gone = on_gone,
		.synced = ignore_sub,
		.reset = on_reset,
		.log_bytes = on_bytes,
		.log_gap = on_gap,
		.log_state = on_log_state,
		.sub_error = on_sub_error,
	};
	struct buf filter = BUF_INIT;

	f->stream = stream_new(f->cli->loop, &f->cli->context, &events);
	buf_addf(&filter, "uid=%s", f->uid);
	stream_rows(f->stream, SUB_ROW, "job", cli_value(f->cli, "org"),
		"uid,job_name,state,reason,message,attempt,exit_code,signal,start_time,end_time",
		filter.data);
	buf_release(&filter);
	follow_attempt(f, f->attempt, f->next);
}

/* The job went on meanwhile, and its log is taken up where it was left. */
static void platform_moved(void *ctx)
{
	struct follower *f = ctx;

	stream_free(f->stream, NULL, NULL);
	stream_open(f);
	if (f->cancelled && !f->row_final)
		follow_cancel(f);
}

static void platform_lost(void *ctx, const struct err *why)
{
	struct follower *f = ctx;

	f->err = *why;
	follow_over(f, FOLLOW_FAILED);
}

static void reader_gone(void *ctx)
{
	follow_over(ctx, FOLLOW_UNREAD);
}

static void follow_open(struct follower *f)
{
	uv_signal_init(f->cli->loop, &f->interrupt);
	f->interrupt.data = f;
	f->link = (struct cli_link){f->cli, f, platform_moved, platform_lost, reader_gone};
	cli_link_open(&f->link);
	follow_tell_open(f);
	follow_paint_open(f);
	uv_signal_start(&f->interrupt, follow_interrupted, SIGINT);
	f->attempt = f->what->attempt;
	stream_open(f);
}

/* Whether it was we who stopped the job, be it that we did not wait for its end. */
static bool cancelled_here(const struct follower *f)
{
	return f->cancelled &&
		(f->end == FOLLOW_LEFT ||
			(f->end == FOLLOW_ENDED && f->row.reason == REASON_CANCELLED));
}

/* What there is now of the log of a job that has not begun is nothing; why, is said to a person. */
static bool nothing_yet(const struct follower *f)
{
	if (f->what->to_end || f->what->attempt > 0 || f->row.attempt > 0)
		return false;
	fprintf(stderr, "mltop: job %s is %s%s%s: it has printed nothing yet (-f waits for it)\n",
		f->what->job, work_state_words[f->row.state],
		f->row.message && *f->row.message ? ", " : "",
		f->row.message ? f->row.message : "");
	return true;
}

/* A refused stream brings no sentence along; a refused request does. */
static void ask_why(struct follower *f)
{
	struct err e = ERR_INIT;

	if (f->end == FOLLOW_FAILED && f->err.code == ERR_UNAUTHORIZED &&
		!cli_call(f->cli, "GET", "/cloud_ml/v1/authentication", NULL, NULL, &e))
		f->err = e;
}

enum follow_end follow_log(struct cli *c, const struct follow *what, int *code, struct err *e)
{
	struct follower f = {.cli = c, .what = what, .end = FOLLOW_FAILED};

	if (!cli_connect(c, e) || !find_job(&f, e)) {
		arena_release(&f.arena);
		return FOLLOW_FAILED;
	}
	if (nothing_yet(&f)) {
		free(f.uid);
		arena_release(&f.arena);
		*code = 0;
		return FOLLOW_ENDED;
	}
	follow_open(&f);
	while (!f.closing && uv_run(c->loop, UV_RUN_ONCE))
		;
	uv_run(c->loop, UV_RUN_DEFAULT);
	follow_paint_end(&f);
	buf_release(&f.held);
	*code = follow_job_code(&f.row);
	ask_why(&f);
	follow_tell_end(&f);
	if (f.end == FOLLOW_FAILED && e)
		*e = f.err;
	free(f.uid);
	arena_release(&f.arena);
	return cancelled_here(&f) ? FOLLOW_INTERRUPTED : f.end;
}
