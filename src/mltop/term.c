#define NCURSES_WIDECHAR 1
#include "mltop/term.h"

#include "base/fsio.h"
#include "base/utf8.h"
#include "base/vec.h"

#include <curses.h>

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

enum { PAIRS_MAX = 1024, CLOSE_MS = 300 };

struct term {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake, idle;
	/* under the lock */
	struct grid next;
	bool has_next, redraw, stop, paused, resume, themed, busy, ended;
	struct theme theme;
	struct buf raw;
	struct err failed;
	bool opened;
	/* the writer's own */
	struct grid shown;
	struct theme look;
	enum theme_depth depth;
	struct { int16_t fg, bg; } pairs[PAIRS_MAX];
	int pair_count, pair_max;
	FILE *out;
	SCREEN *screen;
	char name[64];
	bool mouse, no_color;
	char notice[128];
};

/* What term_restore needs, set before the terminal is touched; never changed while it is ours. */
static struct {
	volatile int ours;
	int fd;
	struct termios modes;
	char text[256];
	size_t len;
} restore = {.fd = -1};

static const char modes_on[] = "\033[?2004h";
static const char mouse_on[] = "\033[?1000h\033[?1006h";
static const char modes_off[] = "\033[?1006l\033[?1000l\033[?2004l\033[0m";

void term_restore(void)
{
	if (!restore.ours)
		return;
	restore.ours = 0;
	/* What the terminal has not taken yet would come after our words: drop it. */
	tcflush(restore.fd, TCOFLUSH);
	ssize_t n = write(restore.fd, restore.text, restore.len);
	(void)n;
	tcsetattr(restore.fd, TCSANOW, &restore.modes);
}

bool term_ascii(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
}

int term_input(void)
{
	return STDIN_FILENO;
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

/* ---- The writer's side: everything below up to the next rule runs in its thread ---- */

static attr_t attributes(uint16_t attrs)
{
	return (attrs & SGR_BOLD ? A_BOLD : 0) | (attrs & SGR_DIM ? A_DIM : 0) |
	       (attrs & SGR_ITALIC ? A_ITALIC : 0) | (attrs & SGR_UNDERLINE ? A_UNDERLINE : 0) |
	       (attrs & SGR_REVERSE ? A_REVERSE : 0);
}

/* Pairs are made as they are met; past the last one a cell keeps the terminal's own colours. */
static int colour_pair(struct term *t, int16_t fg, int16_t bg)
{
	if (t->depth == THEME_MONO || (fg < 0 && bg < 0))
		return 0;
	for (int i = 1; i <= t->pair_count; i++)
		if (t->pairs[i].fg == fg && t->pairs[i].bg == bg)
			return i;
	if (t->pair_count + 1 >= t->pair_max)
		return 0;
	t->pair_count++;
	t->pairs[t->pair_count].fg = fg;
	t->pairs[t->pair_count].bg = bg;
	init_extended_pair(t->pair_count, fg, bg);
	return t->pair_count;
}

/*
 * A cluster as curses takes it: at most CCHARW_MAX characters, whose widths by libc must be what
 * our table says, because curses counts cells by libc's. Where they differ '?' stands in.
 */
static int cell_characters(const struct cell *cell, wchar_t out[CCHARW_MAX + 1])
{
	const char *s = cell->text;
	size_t left = strlen(s);
	int n = 0;

	while (left && n < CCHARW_MAX) {
		uint32_t cp;
		bool valid;
		size_t took = utf8_decode(s, left, &cp, &valid, NULL);
		int width = wcwidth((wchar_t)cp);

		if (n == 0 ? width != cell->width : width != 0) {
			if (n == 0)
				out[n++] = L'?';
			break;
		}
		out[n++] = (wchar_t)cp;
		s += took;
		left -= took;
	}
	if (n == 0)
		out[n++] = L' ';
	out[n] = L'\0';
	return n;
}

static void draw_row(struct term *t, const struct grid *g, int y)
{
	static cchar_t line[GRID_COLS_MAX + 1];
	int n = 0;

	for (int x = 0; x < g->cols; x++) {
		const struct cell *cell = &g->cells[y * g->cols + x];
		struct theme_style style = theme_cell(&t->look, t->depth, cell);
		wchar_t text[CCHARW_MAX + 1];
		int pair = colour_pair(t, style.fg, style.bg);

		if (cell->width == 0)
			continue;
		cell_characters(cell, text);
		setcchar(&line[n++], text, attributes(style.attrs), 0, &pair);
		if (cell->width == 2 && wcwidth(text[0]) == 1)
			setcchar(&line[n++], L" ", attributes(style.attrs), 0, &pair);
	}
	mvadd_wchnstr(y, 0, line, n);
}

static bool row_equal(const struct grid *a, const struct grid *b, int y)
{
	return memcmp(&a->cells[y * a->cols], &b->cells[y * b->cols],
		       (size_t)a->cols * sizeof *a->cells) == 0;
}

static void draw(struct term *t, struct grid *g, bool all)
{
	if (g->cols != t->shown.cols || g->rows != t->shown.rows) {
		resizeterm(g->rows, g->cols);
		erase();
		all = true;
	}
	for (int y = 0; y < g->rows; y++)
		if (all || !row_equal(g, &t->shown, y))
			draw_row(t, g, y);
	if (g->cursor_x >= 0 && g->cursor_x < g->cols && g->cursor_y >= 0 && g->cursor_y < g->rows) {
		curs_set(1);
		move(g->cursor_y, g->cursor_x);
	} else {
		curs_set(0);
		move(0, 0);
	}
	refresh();
	struct grid old = t->shown;
	t->shown = *g;
	*g = old;
}

/* The terminal's own name, then what it may be called here, then what nearly every one understands. */
static SCREEN *open_screen(struct term *t)
{
	static const char *const fallback[] = {"xterm-256color", "xterm", "vt100"};
	const char *term = getenv("TERM");
	SCREEN *screen = NULL;

	snprintf(t->name, sizeof t->name, "%s", term ? term : "");
	if (t->name[0])
		screen = newterm(t->name, t->out, stdin);
	for (size_t i = 0; screen == NULL && i < ARRAY_SIZE(fallback); i++) {
		screen = newterm(fallback[i], t->out, stdin);
		if (screen)
			snprintf(t->notice, sizeof t->notice,
				"TERM=%.32s is not known here: using %s",
				t->name[0] ? t->name : "(none)", fallback[i]);
	}
	return screen;
}

static void restore_prepare(const struct term *t)
{
	const char *leave = tigetstr("rmcup"), *cursor = tigetstr("cnorm");
	int n;

	n = snprintf(restore.text, sizeof restore.text, "%s%s%s%s", modes_off,
		leave && leave != (char *)-1 ? leave : "",
		cursor && cursor != (char *)-1 ? cursor : "", leave ? "" : "\r\n");
	restore.len = n > 0 && (size_t)n < sizeof restore.text ? (size_t)n : 0;
	(void)t;
}

static void start_colours(struct term *t)
{
	if (!t->no_color && has_colors()) {
		start_color();
		use_default_colors();
	}
	t->depth = theme_depth(t->no_color || !has_colors() ? 0 : COLORS, t->no_color);
	t->pair_max = COLOR_PAIRS < PAIRS_MAX ? COLOR_PAIRS : PAIRS_MAX;
}

static void modes_enter(struct term *t)
{
	fsio_write_all(fileno(t->out), modes_on, sizeof modes_on - 1);
	if (t->mouse)
		fsio_write_all(fileno(t->out), mouse_on, sizeof mouse_on - 1);
}

static bool writer_open(struct term *t)
{
	const char *move_to;

	t->screen = open_screen(t);
	if (t->screen == NULL)
		return err_set(&t->failed, ERR_UNAVAILABLE,
			"terminal %s: no description of it is installed, nor of xterm or vt100; set "
			"TERM, or use the command line: mltop jobs list", t->name);
	move_to = tigetstr("cup");
	if (move_to == NULL || move_to == (char *)-1) {
		endwin();
		return err_set(&t->failed, ERR_UNAVAILABLE,
			"terminal %s cannot place its cursor; use the command line (mltop jobs list, "
			"mltop logs -f NAME) or another TERM", t->name);
	}
	restore_prepare(t);
	t->mouse = t->mouse && tigetstr("kmous") != NULL && tigetstr("kmous") != (char *)-1;
	raw();
	noecho();
	nonl();
	start_colours(t);
	modes_enter(t);
	restore.ours = 1;
	return true;
}

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
	struct grid spare = w->grid;

	pthread_mutex_lock(&t->lock);
	t->busy = false;
	pthread_cond_broadcast(&t->idle);
	while (nothing(t))
		pthread_cond_wait(&t->wake, &t->lock);
	t->busy = true;
	w->has_grid = t->has_next;
	if (t->has_next) {
		w->grid = t->next;
		t->next = spare;
	}
	w->redraw = t->redraw || t->themed;
	if (t->themed)
		t->look = t->theme;
	w->stop = t->stop;
	w->paused = t->paused;
	w->resume = t->resume;
	w->raw = t->raw;
	buf_init(&t->raw, 0);
	t->has_next = t->redraw = t->themed = t->paused = t->resume = false;
	pthread_mutex_unlock(&t->lock);
}

static void do_work(struct term *t, struct work *w)
{
	if (w->raw.len)
		fsio_write_all(fileno(t->out), w->raw.data, w->raw.len);
	buf_release(&w->raw);
	if (w->paused) {
		fsio_write_all(fileno(t->out), modes_off, sizeof modes_off - 1);
		endwin();
		return;
	}
	if (w->resume)
		modes_enter(t);
	if (w->redraw || w->resume)
		clearok(curscr, TRUE);
	if (w->has_grid)
		draw(t, &w->grid, w->redraw);
	else if ((w->redraw || w->resume) && t->shown.cells) {
		for (int y = 0; y < t->shown.rows; y++)
			draw_row(t, &t->shown, y);
		refresh();
	}
}

static void *writer(void *arg)
{
	struct term *t = arg;
	struct work w = {0};
	bool ok = writer_open(t);

	grid_init(&w.grid);
	pthread_mutex_lock(&t->lock);
	t->opened = ok;
	t->ended = !ok;
	t->busy = ok;
	pthread_cond_broadcast(&t->idle);
	pthread_mutex_unlock(&t->lock);
	while (ok && !w.stop) {
		take_work(t, &w);
		if (!w.stop)
			do_work(t, &w);
	}
	if (ok && restore.ours) {
		restore.ours = 0;
		fsio_write_all(fileno(t->out), modes_off, sizeof modes_off - 1);
		endwin();
	}
	grid_release(&w.grid);
	pthread_mutex_lock(&t->lock);
	t->ended = true;
	pthread_cond_broadcast(&t->idle);
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

/* ---- The main thread's side ---- */

struct term *term_open(const struct term_options *o, char notice[128], struct err *e)
{
	struct term *t;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		err_set(e, ERR_UNAVAILABLE,
			"the dashboard needs a terminal; without one use the command line: mltop jobs list");
		return NULL;
	}
	t = mem_alloc(sizeof *t);
	t->look = t->theme = *o->theme;
	t->mouse = o->mouse;
	t->no_color = o->no_color;
	grid_init(&t->next);
	grid_init(&t->shown);
	buf_init(&t->raw, 0);
	restore.fd = STDOUT_FILENO;
	tcgetattr(STDIN_FILENO, &restore.modes);
	t->out = fdopen(dup(STDOUT_FILENO), "w");
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->wake, NULL);
	pthread_cond_init(&t->idle, NULL);
	pthread_create(&t->thread, NULL, writer, t);
	pthread_mutex_lock(&t->lock);
	while (!t->opened && !t->ended)
		pthread_cond_wait(&t->idle, &t->lock);
	pthread_mutex_unlock(&t->lock);
	if (t->opened) {
		snprintf(notice, 128, "%s", t->notice);
		return t;
	}
	if (e)
		*e = t->failed;
	term_close(t);
	return NULL;
}

/* Waits for the writer's end, but not for a terminal that takes nothing. */
static bool writer_ended(struct term *t)
{
	struct timespec until;
	bool ended;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += CLOSE_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&t->lock);
	t->stop = true;
	pthread_cond_signal(&t->wake);
	while (!t->ended && pthread_cond_timedwait(&t->idle, &t->lock, &until) == 0)
		;
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
	tcsetattr(STDIN_FILENO, TCSANOW, &restore.modes);
	if (t->screen)
		delscreen(t->screen);
	fclose(t->out);
	grid_release(&t->next);
	grid_release(&t->shown);
	buf_release(&t->raw);
	pthread_cond_destroy(&t->wake);
	pthread_cond_destroy(&t->idle);
	pthread_mutex_destroy(&t->lock);
	free(t);
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

void term_pause(struct term *t)
{
	pthread_mutex_lock(&t->lock);
	t->paused = true;
	pthread_cond_signal(&t->wake);
	while (t->paused || t->busy)
		pthread_cond_wait(&t->idle, &t->lock);
	pthread_mutex_unlock(&t->lock);
	tcsetattr(STDIN_FILENO, TCSANOW, &restore.modes);
}

void term_resume(struct term *t)
{
	pthread_mutex_lock(&t->lock);
	t->resume = t->redraw = true;
	pthread_cond_signal(&t->wake);
	pthread_mutex_unlock(&t->lock);
}

bool term_blocked(struct term *t)
{
	bool busy;

	pthread_mutex_lock(&t->lock);
	busy = t->busy;
	pthread_mutex_unlock(&t->lock);
	return busy;
}
