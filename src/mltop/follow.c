/*
 * A job's log on standard output: one socket carries the log of an attempt and the job's row, so
 * that the end of an attempt is told from the end of the job. Bytes go out as they come, raw when
 * standard output is no terminal.
 */
#include "mltop/cli.h"

#include "base/fsio.h"
#include "base/sanitize.h"
#include "client/stream.h"
#include "core/job.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SUB_ROW = 1, SUB_LOG_FIRST = 2 };

struct follower {
	struct cli *cli;
	const struct follow *what;
	struct stream *stream;
	uv_signal_t interrupt;
	struct sanitize_stream text;
	char *uid;
	uint32_t sub;            /* of the attempt that is read now */
	int64_t attempt;         /* that one; 0 until the platform has said */
	uint64_t next, newest;   /* next: offset after the last byte printed */
	bool state_known, ended; /* of the attempt */
	struct arena arena;
	struct job row;
	bool row_final, closing;
	enum follow_end end;
	struct err err;
};

static void followed(struct follower *f, enum follow_end end)
{
	if (f->closing)
		return;
	f->closing = true;
	f->end = end;
	uv_signal_stop(&f->interrupt);
	uv_close((uv_handle_t *)&f->interrupt, NULL);
	stream_free(f->stream, NULL, NULL);
}

/* Opens the log of an attempt (0: the newest). */
static void follow_attempt(struct follower *f, int64_t attempt)
{
	bool tail = f->what->tail >= 0;

	if (f->sub >= SUB_LOG_FIRST)
		stream_close(f->stream, f->sub);
	f->sub = f->sub < SUB_LOG_FIRST ? SUB_LOG_FIRST : f->sub + 1;
	f->attempt = attempt;
	f->ended = f->state_known = false;
	f->next = 0;
	stream_log(f->stream, f->sub, f->uid, f->what->task ? f->what->task : "master-0", attempt,
		tail ? -1 : 0, tail ? f->what->tail : 0);
}

/* Is there anything left to print or to wait for? */
static void follow_settle(struct follower *f)
{
	if (f->closing)
		return;
	if (!f->what->to_end) {
		if (f->ended || (f->state_known && f->next >= f->newest))
			followed(f, FOLLOW_ENDED);
		else if (f->row_final && f->row.attempt == 0)
			followed(f, FOLLOW_ENDED);
		return;
	}
	if (f->what->attempt > 0) {
		if (f->ended)
			followed(f, FOLLOW_ENDED);
		return;
	}
	if (f->ended && f->row.attempt > f->attempt)
		follow_attempt(f, f->row.attempt);
	else if (f->row_final && (f->ended || f->row.attempt == 0))
		followed(f, FOLLOW_ENDED);
}

static void print_bytes(struct follower *f, const void *bytes, size_t len)
{
	struct buf out = BUF_INIT;
	bool ok;

	if (f->cli->tty) {
		sanitize_stream_add(&f->text, &out, bytes, len);
		ok = fsio_write_all(STDOUT_FILENO, out.data, out.len);
		buf_release(&out);
	} else {
		ok = fsio_write_all(STDOUT_FILENO, bytes, len);
	}
	if (!ok) {
		err_set(&f->err, ERR_INTERNAL, "standard output: could not be written");
		followed(f, FOLLOW_FAILED);
	}
}

static void on_bytes(void *ctx, uint32_t sub, uint64_t offset, const void *bytes, size_t len)
{
	struct follower *f = ctx;

	if (sub != f->sub || f->closing)
		return;
	print_bytes(f, bytes, len);
	f->next = offset + len;
	if (f->closing)
		return;
	stream_credit(f->stream, sub, len);
	follow_settle(f);
}

static void on_gap(void *ctx, uint32_t sub, uint64_t offset, uint64_t lost)
{
	struct follower *f = ctx;

	if (sub != f->sub)
		return;
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
	f->row_final = job_state_final(f->row.state);
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
	followed(f, FOLLOW_FAILED);
}

static void on_sub_error(void *ctx, uint32_t sub, const struct err *e)
{
	struct follower *f = ctx;

	(void)sub;
	f->err = *e;
	followed(f, FOLLOW_FAILED);
}

/* A cut is no end: the stream comes back at the next offset. Only say so to a person. */
static void on_link(void *ctx, enum stream_link link, int64_t rtt_ms, const struct err *why)
{
	struct follower *f = ctx;

	(void)rtt_ms;
	if (link != STREAM_GONE)
		return;
	if (why && (why->code == ERR_UNAUTHORIZED || why->code == ERR_FORBIDDEN)) {
		f->err = *why;
		followed(f, FOLLOW_FAILED);
	} else if (isatty(STDERR_FILENO)) {
		fprintf(stderr, "mltop: the platform is gone for the moment; waiting for it\n");
	}
}

/* What was printed cannot be taken back. */
static void on_reset(void *ctx, uint32_t sub)
{
	struct follower *f = ctx;

	if (sub == f->sub)
		fprintf(stderr, "mltop: the platform lost the end of this log; what follows replaces it\n");
}

static void ignore_sub(void *ctx, uint32_t sub)
{
	(void)ctx;
	(void)sub;
}

static bool cancel_job(struct follower *f)
{
	char *path = cli_path(&job_kind, f->what->job, "/cancel");
	struct api_request r = {.method = "POST", .path = path};

	/* The answer comes with the job's row. */
	api_call(f->cli->api, &r, NULL, NULL);
	free(path);
	return true;
}

static void on_interrupt(uv_signal_t *handle, int number)
{
	struct follower *f = handle->data;
	char answer[16] = "";

	(void)number;
	if (!f->what->ask || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
		followed(f, f->what->ask ? FOLLOW_LEFT : FOLLOW_INTERRUPTED);
		return;
	}
	fprintf(stderr, "\nmltop: c cancels job %s, l leaves it running, Enter goes on: ",
		f->what->job);
	if (fgets(answer, sizeof answer, stdin) == NULL || answer[0] == 'l')
		followed(f, FOLLOW_LEFT);
	else if (answer[0] == 'c' && cancel_job(f))
		f->end = FOLLOW_INTERRUPTED; /* goes on to the job's end; told from others' cancels */
}

static int job_code(const struct job *j)
{
	if (j->state == JOB_COMPLETED)
		return 0;
	if (j->reason == REASON_CANCELLED)
		return EXIT_CANCELLED;
	if (record_knows(&job_kind, j, kind_field(&job_kind, "signal")) && j->signal > 0)
		return 128 + (int)j->signal;
	if (record_knows(&job_kind, j, kind_field(&job_kind, "exit_code")) && j->exit_code > 0)
		return (int)j->exit_code;
	return EXIT_REFUSED;
}

static bool find_job(struct follower *f, struct err *e)
{
	char *path = cli_path(&job_kind, f->what->job, "");
	json_t *answer = NULL;
	bool ok = cli_call(f->cli, "GET", path, NULL, &answer, e) &&
		  record_decode(&job_kind, &f->row, &f->arena, answer, DECODE_SERVER, e);

	if (ok)
		f->uid = mem_strdup(f->row.uid ? f->row.uid : f->what->job);
	f->row_final = ok && job_state_final(f->row.state);
	json_decref(answer);
	free(path);
	return ok;
}

static void follow_open(struct follower *f)
{
	struct stream_events events = {
		.ctx = f, .link = on_link, .rows = on_rows, .gone = on_gone, .synced = ignore_sub,
		.reset = on_reset, .log_bytes = on_bytes, .log_gap = on_gap,
		.log_state = on_log_state, .sub_error = on_sub_error,
	};
	struct buf filter = BUF_INIT;

	f->stream = stream_new(&f->cli->loop, &f->cli->context, &events);
	uv_signal_init(&f->cli->loop, &f->interrupt);
	f->interrupt.data = f;
	uv_signal_start(&f->interrupt, on_interrupt, SIGINT);
	buf_addf(&filter, "uid=%s", f->uid);
	stream_rows(f->stream, SUB_ROW, "job", cli_value(f->cli, "org"),
		"uid,job_name,state,reason,message,attempt,exit_code,signal", filter.data);
	buf_release(&filter);
	follow_attempt(f, f->what->attempt);
}

enum follow_end follow_log(struct cli *c, const struct follow *what, int *code, struct err *e)
{
	struct follower f = {.cli = c, .what = what, .end = FOLLOW_FAILED};
	struct buf rest = BUF_INIT;

	if (!cli_connect(c, e) || !find_job(&f, e)) {
		arena_release(&f.arena);
		return FOLLOW_FAILED;
	}
	sanitize_stream_init(&f.text, getenv("NO_COLOR") == NULL);
	follow_open(&f);
	while (!f.closing && uv_run(&c->loop, UV_RUN_ONCE))
		;
	uv_run(&c->loop, UV_RUN_DEFAULT);
	sanitize_stream_end(&f.text, &rest);
	fsio_write_all(STDOUT_FILENO, rest.data, rest.len);
	buf_release(&rest);
	*code = job_code(&f.row);
	if (f.end == FOLLOW_FAILED && e)
		*e = f.err;
	free(f.uid);
	arena_release(&f.arena);
	return f.end;
}
