/*
 * Ctrl-C while a job's log is followed. On a terminal it asks; the loop goes on turning meanwhile,
 * so that the connection lives and a job that ends is noticed.
 */
#include "mltop/follow.h"

#include "mltop/term.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

bool follow_ask_hold(struct follower *f, const void *bytes, size_t len)
{
	return f->asking && buf_add(&f->held, bytes, len);
}

static void ask_over(struct follower *f)
{
	struct buf held = f->held;

	if (!f->asking)
		return;
	f->asking = false;
	uv_close((uv_handle_t *)&f->keys, NULL);
	close(f->keys_fd);
	buf_init(&f->held, 0);
	if (held.len)
		follow_print(f, held.data, held.len);
	buf_release(&held);
}

void follow_ask_close(struct follower *f)
{
	if (f->asking)
		fputc('\n', stderr);
	ask_over(f);
}

static void cancel_answered(void *ctx, const struct api_answer *answer)
{
	struct follower *f = ctx;

	/* Over already: its end is on its way. */
	if (answer->err.code != ERR_NONE && answer->err.code != ERR_CONFLICT && !f->closing)
		fprintf(stderr, "mltop: job %s is not cancelled: %s\n", f->what->job,
			answer->err.text);
}

void follow_cancel(struct follower *f)
{
	char *path = follow_path(f, "/cancel");
	struct api_request r = {.method = "POST", .path = path};

	f->cancelled = true;
	api_call(f->cli->api, &r, cancel_answered, f);
	free(path);
}

static void ask(struct follower *f)
{
	fprintf(stderr, "\nmltop: c or Ctrl-C cancels job %s, l leaves it running, Enter goes on: ",
		f->what->job);
}

/* It has its grace to end: that a further Ctrl-C is no further signal to it is said here. */
static void cancel_wanted(struct follower *f)
{
	cli_complain("cancelling job %s; Ctrl-C again leaves it to end by itself", f->what->job);
	ask_over(f);
	follow_cancel(f);
}

/* A line was typed. */
static void on_answer(uv_poll_t *handle, int status, int events)
{
	struct follower *f = handle->data;
	char answer[64] = "";
	ssize_t n = read(STDIN_FILENO, answer, sizeof answer - 1);

	(void)events;
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (status < 0 || n <= 0 || answer[0] == 'l') {
		ask_over(f);
		follow_over(f, FOLLOW_LEFT);
	} else if (answer[0] == 'c') {
		cancel_wanted(f);
	} else if (answer[0] == '\n') {
		ask_over(f);
	} else {
		ask(f);
	}
}

/* False: there is nobody to answer. */
static bool ask_open(struct follower *f)
{
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO) || (f->keys_fd = term_watch_keys()) < 0)
		return false;
	if (uv_poll_init(f->cli->loop, &f->keys, f->keys_fd) != 0) {
		close(f->keys_fd);
		return false;
	}
	follow_paint_ask(f);
	f->asking = true;
	f->keys.data = f;
	uv_poll_start(&f->keys, UV_READABLE, on_answer);
	return true;
}

void follow_interrupted(uv_signal_t *handle, int number)
{
	struct follower *f = handle->data;

	(void)number;
	if (!f->what->ask)
		follow_over(f, FOLLOW_INTERRUPTED);
	else if (f->asking) { /* as with any command: pressed again it means stop */
		fputc('\n', stderr);
		cancel_wanted(f);
	} else if (!f->cancelled && ask_open(f))
		ask(f);
	else /* nobody is there to answer, or it does not end soon enough: it is left */
		follow_over(f, FOLLOW_LEFT);
}
