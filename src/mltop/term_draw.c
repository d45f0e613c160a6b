/* Frames onto the screen, through curses. Everything here runs in the writer's thread. */
#define NCURSES_WIDECHAR 1
#include "mltop/term_inside.h"

#include "base/fsio.h"
#include "base/utf8.h"
#include "base/vec.h"

#include <curses.h>
#include <term.h>

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum { ZWJ = 0x200D, VS1 = 0xFE00, VS16 = 0xFE0F };

static const char modes_on[] = "\033[?2004h";
static const char mouse_on[] = "\033[?1000h\033[?1006h";

/* ---- Cells ---- */

static attr_t attributes(uint16_t attrs)
{
	return (attrs & SGR_BOLD ? A_BOLD : 0) | (attrs & SGR_DIM ? A_DIM : 0) |
		(attrs & SGR_ITALIC ? A_ITALIC : 0) | (attrs & SGR_UNDERLINE ? A_UNDERLINE : 0) |
		(attrs & SGR_REVERSE ? A_REVERSE : 0);
}

/* Pairs are made as they are met; past the last one a cell keeps the terminal's own colours. */
static int colour_pair(struct pen *p, int16_t fg, int16_t bg)
{
	if (p->depth == THEME_MONO || (fg < 0 && bg < 0))
		return 0;
	for (int i = 1; i <= p->pair_count; i++)
		if (p->pairs[i].fg == fg && p->pairs[i].bg == bg)
			return i;
	if (p->pair_count + 1 >= p->pair_max) {
		p->pairs_full = true;
		return 0;
	}
	p->pair_count++;
	p->pairs[p->pair_count].fg = fg;
	p->pairs[p->pair_count].bg = bg;
	init_extended_pair(p->pair_count, fg, bg);
	return p->pair_count;
}

/*
 * The first character of a cell, whose width by libc must be what our table says, because curses
 * counts cells by libc's: where they differ '?' stands in. One that only a selector makes wide (a
 * heart, an emoji of old) is shown without it, and a blank behind.
 */
static wchar_t base_character(const struct cell *cell, uint32_t cp, uint32_t following)
{
	int width = wcwidth((wchar_t)cp);

	if (width == cell->width || (width == 1 && cell->width == 2 && following == VS16))
		return (wchar_t)cp;
	return L'?';
}

/* A cluster as curses takes it: of what is joined the base is shown, with its marks. */
static void cell_characters(const struct cell *cell, wchar_t out[CCHARW_MAX + 1])
{
	uint32_t cp[CCHARW_MAX + 1] = {0};
	const char *s = cell->text;
	size_t left = strnlen(s, sizeof cell->text);
	int count = 0, n = 1;

	for (; left && count < CCHARW_MAX; count++) {
		bool valid;
		size_t took = utf8_decode(s, left, &cp[count], &valid, NULL);

		s += took;
		left -= took;
	}
	out[0] = count ? base_character(cell, cp[0], cp[1]) : L' ';
	for (int i = 1; i < count && out[0] == (wchar_t)cp[0]; i++) {
		if (cp[i] == ZWJ || (cp[i] >= VS1 && cp[i] <= VS16) || wcwidth((wchar_t)cp[i]) != 0)
			break;
		out[n++] = (wchar_t)cp[i];
	}
	out[n] = L'\0';
}

static void draw_row(struct pen *p, const struct grid *g, int y)
{
	static cchar_t line[GRID_COLS_MAX + 1]; /* one thread draws */
	int n = 0;

	for (int x = 0; x < g->cols; x++) {
		const struct cell *cell = &g->cells[y * g->cols + x];
		struct theme_style style = theme_cell(&p->look, p->depth, cell);
		wchar_t text[CCHARW_MAX + 1];
		int pair = colour_pair(p, style.fg, style.bg);

		if (cell->width == 0)
			continue;
		cell_characters(cell, text);
		setcchar(&line[n++], text, attributes(style.attrs), 0, &pair);
		if (cell->width == 2 && wcwidth(text[0]) == 1)
			setcchar(&line[n++], L" ", attributes(style.attrs), 0, &pair);
	}
	mvadd_wchnstr(y, 0, line, n);
}

/* ---- Frames ---- */

static bool row_equal(const struct grid *a, const struct grid *b, int y)
{
	return memcmp(&a->cells[y * a->cols], &b->cells[y * b->cols],
		       (size_t)a->cols * sizeof *a->cells) == 0;
}

static void draw_cursor(const struct grid *g)
{
	bool shown = g->cursor_x >= 0 && g->cursor_x < g->cols && g->cursor_y >= 0 &&
		g->cursor_y < g->rows;

	/* A hidden one stays where the last change left it: moving it would cost bytes. */
	leaveok(stdscr, !shown);
	curs_set(shown);
	if (shown)
		move(g->cursor_y, g->cursor_x);
}

/* A log of a thousand colours: begin anew with those of the frame that comes. */
static void forget_pairs(struct pen *p)
{
	reset_color_pairs();
	p->pair_count = 0;
	p->pairs_full = false;
}

void pen_draw(struct pen *p, struct grid *g, bool all)
{
	struct grid old = p->shown;

	if (g->cols != old.cols || g->rows != old.rows) {
		resizeterm(g->rows, g->cols);
		erase();
		clearok(curscr, TRUE);
		all = true;
	}
	if (p->pairs_full) {
		forget_pairs(p);
		all = true;
	}
	for (int y = 0; y < g->rows; y++)
		if (all || !row_equal(g, &old, y))
			draw_row(p, g, y);
	draw_cursor(g);
	refresh();
	p->shown = *g;
	*g = old;
}

void pen_redraw(struct pen *p)
{
	clearok(curscr, TRUE);
	if (p->shown.cells == NULL)
		return;
	for (int y = 0; y < p->shown.rows; y++)
		draw_row(p, &p->shown, y);
	draw_cursor(&p->shown);
	refresh();
}

void pen_send(struct pen *p, const char *bytes, size_t len)
{
	fsio_write_all(fileno(p->out), bytes, len);
}

/* ---- Opening and leaving ---- */

/* A capability's bytes without its padding ("$<5>"); NULL and (char *)-1 mean that there is none. */
static void add_capability(struct buf *out, const char *name)
{
	const char *s = tigetstr(name);

	if (s == NULL || s == (char *)-1)
		return;
	while (*s) {
		const char *end = s[0] == '$' && s[1] == '<' ? strchr(s, '>') : NULL;

		if (end)
			s = end + 1;
		else
			buf_addc(out, *s++);
	}
}

/* A newterm that fails forgets some memory: it is tried only where a description is found. */
static SCREEN *open_as(struct pen *p, const char *name)
{
	int found;

	if (setupterm(name, fileno(p->out), &found) != OK)
		return NULL;
	del_curterm(cur_term);
	return newterm(name, p->out, stdin);
}

/* The terminal's own name, then what it may be called here, then what nearly every one understands. */
static SCREEN *open_screen(struct pen *p)
{
	static const char *const fallback[] = {"xterm-256color", "xterm", "vt100"};
	const char *term = getenv("TERM");
	SCREEN *screen = NULL;

	snprintf(p->name, sizeof p->name, "%s", term ? term : "");
	if (p->name[0])
		screen = open_as(p, p->name);
	for (size_t i = 0; screen == NULL && i < ARRAY_SIZE(fallback); i++) {
		screen = open_as(p, fallback[i]);
		if (screen)
			snprintf(p->notice, sizeof p->notice,
				"TERM=%.32s is not known here: using %s",
				p->name[0] ? p->name : "(none)", fallback[i]);
	}
	return screen;
}

static void arm_restore(void)
{
	struct buf text = BUF_INIT;
	const char *leave = tigetstr("rmcup");

	buf_adds(&text, restore_modes_off);
	add_capability(&text, "rmcup");
	add_capability(&text, "cnorm");
	if (leave == NULL || leave == (char *)-1)
		buf_adds(&text, "\r\n");
	restore_arm(text.data, text.len);
	buf_release(&text);
}

static void start_colours(struct pen *p)
{
	bool colours = !p->no_color && has_colors();

	if (colours) {
		start_color();
		use_default_colors();
	}
	p->depth = theme_depth(colours ? COLORS : 0, p->no_color);
	p->pair_max = colours && COLOR_PAIRS < PAIRS_MAX ? COLOR_PAIRS : PAIRS_MAX;
}

static void modes_enter(struct pen *p)
{
	pen_send(p, modes_on, sizeof modes_on - 1);
	if (p->mouse)
		pen_send(p, mouse_on, sizeof mouse_on - 1);
}

/* "dumb" and its like: no place for a cursor, so nothing was written yet and nothing is undone. */
static bool refuse(struct pen *p, struct err *e)
{
	delscreen(p->screen);
	p->screen = NULL;
	return err_set(e, ERR_UNAVAILABLE,
		"terminal %s cannot place its cursor; use the command line (mltop jobs list, mltop logs -f "
		"NAME) or another TERM",
		p->name);
}

bool pen_open(struct pen *p, struct err *e)
{
	const char *place, *mouse;

	p->screen = open_screen(p);
	if (p->screen == NULL)
		return err_set(e, ERR_UNAVAILABLE,
			"terminal %s: no description of it is installed, nor of xterm or vt100; set "
			"TERM, or use the command line: mltop jobs list",
			p->name);
	place = tigetstr("cup");
	if (place == NULL || place == (char *)-1)
		return refuse(p, e);
	arm_restore();
	mouse = tigetstr("kmous");
	p->mouse = p->mouse && mouse != NULL && mouse != (char *)-1;
	raw();
	noecho();
	nonl();
	start_colours(p);
	modes_enter(p);
	return true;
}

void pen_leave(struct pen *p)
{
	pen_send(p, restore_modes_off, strlen(restore_modes_off));
	endwin();
}

void pen_resume(struct pen *p)
{
	/* After a stop that we did not see coming, the modes are the shell's: enter the screen anew. */
	if (!isendwin())
		endwin();
	modes_enter(p);
	pen_redraw(p);
}

void pen_close(struct pen *p)
{
	if (p->screen)
		delscreen(p->screen);
	p->screen = NULL;
	grid_release(&p->shown);
}
