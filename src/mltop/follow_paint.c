/* What of a log reaches standard output: as it is, or on a terminal as a person can read it. */
#include "mltop/follow.h"

#include "base/fsio.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { REDRAW_MS = 50 }; /* bars may be drawn by the thousand, and the line may be slow */

static enum paint_how how(const struct follower *f)
{
	const char *term = getenv("TERM");

	if (!f->what->to_end)
		return PAINT_ENDED;
	return term && *term && strcmp(term, "dumb") != 0 ? PAINT_LIVE : PAINT_LINES;
}

/* False: nobody reads it. */
static bool write_out(struct buf *out)
{
	bool ok = fsio_write_all(STDOUT_FILENO, out->data, out->len);

	buf_release(out);
	return ok;
}

static void look_at_size(struct follower *f)
{
	struct winsize size = {0};

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
		size = (struct winsize){0};
	paint_size(&f->paint, size.ws_col, size.ws_row);
}

static void redraw(struct follower *f, struct buf *out)
{
	look_at_size(f);
	paint_now(&f->paint, out);
	f->unpainted = false;
}

static void redraw_due(uv_timer_t *timer)
{
	struct follower *f = timer->data;
	struct buf out = BUF_INIT;

	if (f->closing || !f->unpainted)
		return;
	redraw(f, &out);
	uv_timer_start(timer, redraw_due, REDRAW_MS, 0);
	if (!write_out(&out))
		follow_over(f, FOLLOW_UNREAD);
}

void follow_paint_open(struct follower *f)
{
	uv_timer_init(f->cli->loop, &f->redraw);
	f->redraw.data = f;
	paint_init(&f->paint, how(f), getenv("NO_COLOR") == NULL);
}

bool follow_paint(struct follower *f, const void *bytes, size_t len)
{
	struct buf out = BUF_INIT;

	if (!f->cli->tty)
		return fsio_write_all(STDOUT_FILENO, bytes, len);
	paint_add(&f->paint, bytes, len, &out);
	f->unpainted = true;
	if (!f->closing && !uv_is_active((uv_handle_t *)&f->redraw)) {
		redraw(f, &out);
		uv_timer_start(&f->redraw, redraw_due, REDRAW_MS, 0);
	}
	return write_out(&out);
}

void follow_paint_aside(struct follower *f)
{
	struct buf out = BUF_INIT;

	if (!f->cli->tty || !isatty(STDERR_FILENO))
		return;
	look_at_size(f);
	paint_aside(&f->paint, &out);
	write_out(&out);
}

void follow_paint_ask(struct follower *f)
{
	struct buf out = BUF_INIT;

	if (!f->cli->tty)
		return;
	redraw(f, &out);
	paint_moved(&f->paint);
	write_out(&out);
}

void follow_paint_end(struct follower *f)
{
	struct buf out = BUF_INIT;

	if (f->cli->tty) {
		look_at_size(f);
		paint_end(&f->paint, &out);
	}
	write_out(&out);
	paint_release(&f->paint);
}
