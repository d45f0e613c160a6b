/*
 * The terminal: the only file that knows curses. One thread of its own makes every curses call and
 * shows the newest grid; a terminal that does not drain blocks that thread alone. All functions
 * here are for the main thread, but term_restore, which any thread and signal handler may call.
 */
#ifndef MLTOP_TERM_H
#define MLTOP_TERM_H

#include "base/err.h"
#include "ui/kit/grid.h"
#include "ui/kit/theme.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct term;

struct term_options {
	const struct theme *theme; /* copied */
	bool mouse;
	bool no_color;
};

/* Takes the terminal over (alternate screen, raw keys). *notice says what had to be worked round. */
struct term *term_open(const struct term_options *o, char notice[128], struct err *e);
/* Gives it back as it was, also when the writer is blocked; at most 300 ms. */
void term_close(struct term *t);
/* Shows a copy of g as soon as the terminal takes it; an older one not yet shown is dropped. */
void term_show(struct term *t, const struct grid *g);
/* Everything is sent again (after Ctrl-L, or a stop and continue). */
void term_redraw(struct term *t);
void term_theme(struct term *t, const struct theme *theme);
/* A control string of ours, sent between two frames: clipboard. */
void term_send(struct term *t, const char *bytes, size_t len);
/*
 * Gives the terminal to the shell (job control); false when the terminal takes nothing at present,
 * then nothing changed. After term_resume (also after a stop without term_pause) the modes are ours
 * and everything is sent again; show the newest frame once more.
 */
bool term_pause(struct term *t);
void term_resume(struct term *t);

bool term_ascii(void);                /* the locale is not UTF-8 */
bool term_braille(void);              /* its font is likely to have braille */
void term_size(int *cols, int *rows); /* clamped; 0x0 means 80x24 */
/*
 * A descriptor to poll for keys, the caller's to close; -1: there are none to be had. It is not that
 * of the keys themselves, because a loop makes what it polls non-blocking, which the shell that
 * started us and our own writer would share. Needs no term_open.
 */
int term_watch_keys(void);
int term_input(const struct term *t); /* that descriptor; the terminal's own */
/* Bytes typed; 0: the terminal is gone; -1: there is nothing at present. Never blocks. */
ssize_t term_read(struct term *t, char *bytes, size_t size);
/* Puts termios, cursor, mouse, paste mode and screen back; async-signal-safe, once is enough. */
void term_restore(void);

#endif
