/* The queue between the main thread and the writer: newest frame wins, nobody waits long. */
#include "mltop/term.h"

#include "base/buf.h"
#include "base/mem.h"
#include "mltop/term_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { CLOSE_MS = 300, KICK_MS = 10, PAUSE_MS = 300 };

/* Wakes the writer out of a blocked write; ignored by default, so that a stray one does nothing. */
enum { KICK_SIGNAL = SIGURG };

struct term {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake, idle;
	/* under the lock */
	struct grid next;
	bool has_next, redraw, stop, paused, resume, themed, busy, opened, ended;
	struct theme theme;
	struct buf raw;
	struct err failed;
	int keys; /* an epoll that watches standard input */
	/* the writer's own while it lives */
	struct pen pen;
};

bool term_ascii(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
}

bool term_braille(void)
{
	const char *term = getenv("TERM");

	/* The console of Linux has a font of 256 or 512 glyphs: blocks are among them, braille is not. */
	return !term_ascii() && term && strcmp(term, "linux") != 0;
}

void term_size(int *cols, int *rows)
{
	struct winsize ws = {0};

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) != 0 || ws.ws_col == 0 || ws.ws_row == 0) {
		ws.ws_col = 80;
		ws.ws_row = 24;
	}
	*cols = ws.ws_col < GRID_COLS_MAX ? ws.ws_col : GRID_COLS_MAX;
	*rows = ws.ws_row < GRID_ROWS_MAX ? ws.ws_row : GRID_ROWS_MAX;
}

/* ---- The writer's side ---- */

/* What the main thread wants next, taken under the lock. */
struct work {
	struct grid grid;
	bool has_grid, redraw, stop, paused, resume;
	struct buf raw;
};

static bool nothing(const struct term *t)
{
	return !t->has_next && !t->redraw && !t->stop && !t->paused && !t->resume && !t->themed &&
		t->raw.len == 0;
}

static void take_work(struct term *t, struct work *w)
{
	pthread_mutex_lock(&t->lock);
	t->busy = false;
	pthread_cond_broadcast(&t->idle);
	while (nothing(t))
		pthread_cond_wait(&t->wake, &t->lock);
	t->busy = true;
	w->has_grid = t->has_next;
	if (t->has_next) {
		struct grid spare = w->grid;

		w->grid = t->next;
		t->next = spare;
	}
	w->redraw = t->redraw || t->themed;
	if (t->themed)
		t->pen.look = t->theme;
	w->stop = t->stop;
	w->paused = t->paused;
	w->resume = t->resume;
	w->raw = t->raw;
	buf_init(&t->raw, 0);
	t->has_next = t->redraw = t->themed = t->paused = t->resume = false;
	pthread_mutex_unlock(&t->lock);
}

static void do_work(struct pen *p, struct work *w)
{
	if (w->raw.len)
		pen_send(p, w->raw.data, w->raw.len);
	buf_release(&w->raw);
	/* A frame that comes together with a pause is dropped: the runner shows one after it. */
	if (w->paused)
		pen_leave(p);
	else if (w->resume)
		pen_resume(p);
	else if (w->redraw)
		pen_redraw(p);
	if (w->has_grid && !w->paused)
		pen_draw(p, &w->grid, false);
}

static void *writer(void *arg)
{
	struct term *t = arg;
	struct work w = {0};
	struct err e = ERR_INIT;
	bool ok = pen_open(&t->pen, &e);

	grid_init(&w.grid);
	pthread_mutex_lock(&t->lock);
	t->failed = e;
	t->opened = t->busy = ok;
	t->ended = !ok;
	pthread_cond_broadcast(&t->idle);
	pthread_mutex_unlock(&t->lock);
	while (ok && !w.stop) {
		take_work(t, &w);
		if (!w.stop)
			do_work(&t->pen, &w);
	}
	buf_release(&w.raw);
	grid_release(&w.grid);
	if (ok) {
		pen_leave(&t->pen);
		restore_disarm();
	}
	pthread_mutex_lock(&t->lock);
	t->ended = true;
	pthread_cond_broadcast(&t->idle);
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

/* ---- The main thread's side ---- */

/* Waits for the writer, under the lock, at most `ms`; false when that passed. */
static bool wait_idle(struct term *t, long ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += ms * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	return pthread_cond_timedwait(&t->idle, &t->lock, &until) != ETIMEDOUT;
}

static void kicked(int number)
{
	(void)number;
}

static void catch_kick(void)
{
	struct sigaction act = {.sa_handler = kicked}; /* no SA_RESTART: the write shall return */

	sigemptyset(&act.sa_mask);
	sigaction(KICK_SIGNAL, &act, NULL);
}

int term_watch_keys(void)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP};
	int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd >= 0 && epoll_ctl(fd, EPOLL_CTL_ADD, STDIN_FILENO, &event) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static struct term *term_new(const struct term_options *o)
{
	struct term *t = mem_alloc(sizeof *t);
	pthread_condattr_t monotonic;

	t->pen.look = t->theme = *o->theme;
	t->pen.mouse = o->mouse;
	t->pen.no_color = o->no_color;
	grid_init(&t->next);
	grid_init(&t->pen.shown);
	buf_init(&t->raw, 0);
	/* A platform started later must not hold the terminal open. */
	t->keys = term_watch_keys();
	t->pen.out = fdopen(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3), "w");
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->wake, NULL);
	/* Its waits have limits, which no step of the clock may stretch. */
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&t->idle, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return t;
}

struct term *term_open(const struct term_options *o, char notice[128], struct err *e)
{
	struct term *t;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		err_set(e, ERR_UNAVAILABLE,
			"the dashboard needs a terminal; without one use the command line: mltop jobs list");
		return NULL;
	}
	t = term_new(o);
	restore_take();
	catch_kick();
	pthread_create(&t->thread, NULL, writer, t);
	pthread_mutex_lock(&t->lock);
	while (!t->opened && !t->ended)
		pthread_cond_wait(&t->idle, &t->lock);
	pthread_mutex_unlock(&t->lock);
	if (t->opened) {
		snprintf(notice, NOTICE_SIZE, "%s", t->pen.notice);
		return t;
	}
	if (e)
		*e = t->failed;
	term_close(t);
	return NULL;
}

/*
 * Waits for the writer's end, but not for a terminal that takes nothing: what it has not taken is
 * thrown away, and the writer is woken to see that there is room again.
 */
static bool writer_ended(struct term *t)
{
	bool ended;

	pthread_mutex_lock(&t->lock);
	t->stop = true;
	pthread_cond_signal(&t->wake);
	for (int waited = 0; !t->ended && waited < CLOSE_MS; waited += KICK_MS) {
		if (wait_idle(t, KICK_MS) || waited < 5 * KICK_MS)
			continue;
		restore_flush();
		pthread_kill(t->thread, KICK_SIGNAL);
	}
	ended = t->ended;
	pthread_mutex_unlock(&t->lock);
	return ended;
}

void term_close(struct term *t)
{
	if (t == NULL)
		return;
	if (!writer_ended(t)) {
		/* It is inside a write that does not return: the process ends soon, memory and all. */
		term_restore();
		return;
	}
	pthread_join(t->thread, NULL);
	restore_modes();
	restore_release();
	pen_close(&t->pen);
	fclose(t->pen.out);
	close(t->keys);
	grid_release(&t->next);
	buf_release(&t->raw);
	pthread_cond_destroy(&t->wake);
	pthread_cond_destroy(&t->idle);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

int term_input(const struct term *t)
{
	return t->keys;
}

ssize_t term_read(struct term *t, char *bytes, size_t size)
{
	struct epoll_event event;
	ssize_t n;

	if (epoll_wait(t->keys, &event, 1, 0) != 1)
		return -1;
	n = read(STDIN_FILENO, bytes, size);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return -1;
	return n > 0 ? n : 0;
}

static void grid_copy(struct grid *to, const struct grid *from)
{
	if (to->cols != from->cols || to->rows != from->rows || to->cells == NULL)
		grid_resize(to, from->cols, from->rows);
	memcpy(to->cells, from->cells, (size_t)from->cols * (size_t)from->rows * sizeof *to->cells);
	to->cursor_x = from->cursor_x;
	to->cursor_y = from->cursor_y;
}

void term_show(struct term *t, const struct grid *g)
{
	pthread_mutex_lock(&t->lock);
	grid_copy(&t->next, g);
	t->has_next = true;
	pthread_cond_signal(&t->wake);
	pthread_mutex_unlock(&t->lock);
}

void term_redraw(struct term *t)
{
	pthread_mutex_lock(&t->lock);
	t->redraw = true;
	pthread_cond_signal(&t->wake);
	pthread_mutex_unlock(&t->lock);
}

void term_theme(struct term *t, const struct theme *theme)
{
	pthread_mutex_lock(&t->lock);
	t->theme = *theme;
	t->themed = true;
	pthread_cond_signal(&t->wake);
	pthread_mutex_unlock(&t->lock);
}

void term_send(struct term *t, const char *bytes, size_t len)
{
	pthread_mutex_lock(&t->lock);
	buf_add(&t->raw, bytes, len);
	pthread_cond_signal(&t->wake);
	pthread_mutex_unlock(&t->lock);
}

bool term_pause(struct term *t)
{
	bool done;

	pthread_mutex_lock(&t->lock);
	t->paused = true;
	pthread_cond_signal(&t->wake);
	while ((t->paused || t->busy) && wait_idle(t, PAUSE_MS))
		;
	done = !t->paused && !t->busy;
	/* A terminal that takes nothing cannot be left in order: what we asked for is undone. */
	if (!done)
		t->resume = !t->paused;
	t->paused = false;
	pthread_mutex_unlock(&t->lock);
	if (done)
		restore_modes();
	return done;
}

void term_resume(struct term *t)
{
	pthread_mutex_lock(&t->lock);
	t->resume = true;
	pthread_cond_signal(&t->wake);
	pthread_mutex_unlock(&t->lock);
}
