#include "mltop/cli_link.h"

#include "base/timefmt.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	AGAIN_MS = 100,         /* from losing the private platform to looking for it */
	GIVE_UP_MS = 30 * 1000, /* it could not be started for so long */
};

/* ---- The reader ---- */

static void reader_left(uv_poll_t *handle, int status, int events)
{
	struct cli_link *l = handle->data;

	(void)status;
	(void)events;
	if (l->open)
		l->unread(l->ctx);
}

/*
 * An epoll of its own between standard output and the loop: libuv would make the descriptor
 * non-blocking for everybody who shares it.
 */
static void reader_watch(struct cli_link *l)
{
	struct epoll_event nothing_but_its_end = {.events = EPOLLERR | EPOLLHUP};
	struct stat st;

	l->reader_fd = -1;
	if (fstat(STDOUT_FILENO, &st) != 0 || !(S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)))
		return;
	l->reader_fd = epoll_create1(EPOLL_CLOEXEC);
	if (l->reader_fd < 0)
		return;
	if (epoll_ctl(l->reader_fd, EPOLL_CTL_ADD, STDOUT_FILENO, &nothing_but_its_end) != 0 ||
		uv_poll_init(l->cli->loop, &l->reader, l->reader_fd) != 0) {
		close(l->reader_fd);
		l->reader_fd = -1;
		return;
	}
	l->reader.data = l;
	uv_poll_start(&l->reader, UV_READABLE, reader_left);
}

/* ---- The platform ---- */

static void look_again(uv_timer_t *timer)
{
	struct cli_link *l = timer->data;
	struct context_options o = cli_options(l->cli);

	finder_start(l->finder, &o);
}

static void platform_found(void *ctx, struct context *found, const struct err *why)
{
	struct cli_link *l = ctx;
	struct cli *c = l->cli;

	if (!l->open)
		return;
	if (found == NULL) {
		if (time_mono_ms() - l->lost_ms < GIVE_UP_MS)
			uv_timer_start(&l->again, look_again, AGAIN_MS * 5, 0);
		else
			l->lost(l->ctx, why);
		return;
	}
	if (strcmp(found->url, c->context.url) == 0)
		return; /* the stream comes back by itself, or says again that it is cut */
	cli_moves(c, found);
	l->moved(l->ctx);
}

void cli_link_state(struct cli_link *l, enum stream_link link, const struct err *why)
{
	const struct context *c = &l->cli->context;

	if (link == STREAM_LIVE)
		l->lost_ms = 0;
	if (link != STREAM_GONE || !l->open)
		return;
	if (why && (why->code == ERR_UNAUTHORIZED || why->code == ERR_FORBIDDEN)) {
		l->lost(l->ctx, why);
		return;
	}
	if (l->lost_ms == 0) {
		l->lost_ms = time_mono_ms();
		cli_complain("the connection to the platform is gone%s%s; waiting for it",
			why ? ": " : "", why ? why->text : "");
	}
	if (c->private && !c->demo)
		uv_timer_start(&l->again, look_again, AGAIN_MS, 0);
}

/* ---- Life ---- */

void cli_link_open(struct cli_link *l)
{
	uv_loop_t *loop = l->cli->loop;

	l->open = true;
	l->finder = finder_new(loop, platform_found, l);
	uv_timer_init(loop, &l->again);
	l->again.data = l;
	reader_watch(l);
}

void cli_link_close(struct cli_link *l)
{
	if (!l->open)
		return;
	l->open = false;
	finder_free(l->finder);
	uv_close((uv_handle_t *)&l->again, NULL);
	if (l->reader_fd >= 0) {
		uv_close((uv_handle_t *)&l->reader, NULL);
		close(l->reader_fd);
	}
}
