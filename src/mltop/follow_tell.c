/* What is said to the person about a job whose log is followed: why it waits, and how it ended. */
#include "mltop/follow.h"

#include "base/timefmt.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	WAITS_MS = 1000,       /* a job that waits so long is spoken of */
	WAITS_ALONE_MS = 3000, /* and where nobody sits at a terminal */
};

/* ---- Waiting ---- */

static void tell_waits(struct follower *f)
{
	const struct job *j = &f->row;

	if (!f->patient || f->closing || j->state != WORK_ENQUEUED || !j->message || !*j->message ||
		strcmp(f->waits, j->message) == 0)
		return;
	snprintf(f->waits, sizeof f->waits, "%s", j->message);
	follow_paint_aside(f);
	cli_complain("job %s waits: %s", f->what->job, j->message);
}

static void patience_over(uv_timer_t *timer)
{
	struct follower *f = timer->data;

	f->patient = true;
	tell_waits(f);
}

void follow_tell_open(struct follower *f)
{
	uv_timer_init(f->cli->loop, &f->patience);
	f->patience.data = f;
	if (f->what->to_end)
		uv_timer_start(&f->patience, patience_over,
			isatty(STDERR_FILENO) ? WAITS_MS : WAITS_ALONE_MS, 0);
}

void follow_tell_row(struct follower *f)
{
	tell_waits(f);
}

/* ---- The end ---- */

/* Nothing of the job is written any more. */
static void begin_line(const struct follower *f)
{
	if (f->paint.mid_line && f->cli->tty && isatty(STDERR_FILENO))
		fputc('\n', stderr);
}

/* A shell's codes for a command that is not there, and for one that cannot be executed. */
static int start_code(const char *message)
{
	bool ours = message && strncmp(message, "cannot ", 7) == 0;

	if (ours && (strstr(message, "no such program") || strstr(message, "No such file")))
		return EXIT_NO_COMMAND;
	if (ours && strncmp(message + 7, "execute ", 8) == 0)
		return EXIT_NOT_EXECUTABLE;
	return EXIT_MLTOP_FAILED;
}

int follow_job_code(const struct job *j)
{
	if (j->state == WORK_COMPLETED)
		return 0;
	if (j->reason == REASON_CANCELLED)
		return EXIT_CANCELLED;
	if (record_has(job, j, signal) && j->signal > 0)
		return 128 + (int)j->signal;
	if (record_has(job, j, exit_code) && j->exit_code > 0)
		return (int)j->exit_code;
	if (j->state == WORK_ERROR)
		return j->reason == REASON_START ? start_code(j->message) : EXIT_MLTOP_FAILED;
	return EXIT_REFUSED;
}

static void add_outputs(struct follower *f, struct buf *out)
{
	char *path = follow_path(f, "/outputs");
	json_t *answer = NULL, *file;
	char size[32];
	int64_t bytes = 0;
	size_t i, count;

	if (!cli_call(f->cli, "GET", path, NULL, &answer, NULL))
		answer = NULL;
	json_array_foreach(json_object_get(answer, "data"), i, file)
		bytes += json_integer_value(json_object_get(file, "size"));
	count = json_array_size(json_object_get(answer, "data"));
	cli_size_text(size, sizeof size, bytes);
	if (count)
		buf_addf(out, "; %zu output%s, %s: `mltop jobs download %s`", count,
			count == 1 ? "" : "s", size, f->what->job);
	json_decref(answer);
	free(path);
}

/* An older platform does not know that field: it is not asked for by name. */
static void add_failure(struct follower *f, struct buf *out)
{
	char *path = follow_path(f, "");
	json_t *answer = NULL;
	const char *failure = NULL;

	if (cli_call(f->cli, "GET", path, NULL, &answer, NULL))
		failure = json_string_value(json_object_get(answer, "failure"));
	if (failure && *failure) {
		buf_adds(out, ": ");
		sanitize_text(out, failure, strlen(failure));
	}
	json_decref(answer);
	free(path);
}

/* For who sits at a terminal: state, time, what it left, how to run it again. */
static void summary(struct follower *f)
{
	const struct job *j = &f->row;
	struct buf out = BUF_INIT;
	char took[TIMEFMT_SIZE];

	buf_addf(&out, "job %s %s", f->what->job,
		j->reason == REASON_CANCELLED ? "was cancelled" : work_state_words[j->state]);
	if (record_has(job, j, exit_code) && j->exit_code > 0)
		buf_addf(&out, " (exit %d)", (int)j->exit_code);
	if (j->start_time.v > 0 && j->end_time.v >= j->start_time.v) {
		timefmt_duration(took, j->end_time.v - j->start_time.v);
		buf_addf(&out, " after %s", took);
	}
	if (j->state == WORK_FAILED && j->reason != REASON_CANCELLED)
		add_failure(f, &out);
	add_outputs(f, &out);
	buf_addf(&out, "; again: `mltop jobs retry %s`", f->what->job);
	cli_complain("%s", out.data);
	buf_release(&out);
}

/*
 * The end that the job's own output does not tell of: it could not be started, or somebody or a
 * limit stopped it. An exit code speaks for itself.
 */
void follow_tell_end(struct follower *f)
{
	const struct job *j = &f->row;
	bool own = j->state == WORK_COMPLETED || j->reason == REASON_EXIT_CODE;

	if (f->end == FOLLOW_LEFT && f->cancelled)
		cli_complain("job %s is being cancelled; `mltop logs -f %s` shows its end",
			f->what->job, f->what->job);
	if (!f->what->to_end || f->end != FOLLOW_ENDED)
		return;
	begin_line(f);
	if (!own && j->message && *j->message && (f->what->ask || j->state == WORK_ERROR))
		cli_complain("job %s: %s", f->what->job, j->message);
	if (f->what->ask && isatty(STDERR_FILENO))
		summary(f);
}
