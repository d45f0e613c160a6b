/*
 * What the parts of the terminal share: term.c (the queue between the two threads), term_draw.c
 * (curses; the writer's thread alone) and term_restore.c (giving the terminal back, from anywhere).
 */
#ifndef MLTOP_TERM_INSIDE_H
#define MLTOP_TERM_INSIDE_H

#include "base/err.h"
#include "ui/kit/grid.h"
#include "ui/kit/theme.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { PAIRS_MAX = 1024, NOTICE_SIZE = 128 };

/* What draws. Owner: the writer's thread, from pen_open to pen_close. */
struct pen {
	FILE *out;     /* the owner of the struct opens and closes it */
	void *screen;  /* curses' own */
	char name[64]; /* of the terminal, as asked for */
	char notice[NOTICE_SIZE];
	bool mouse, no_color;
	struct theme look;
	enum theme_depth depth;
	struct {
		int16_t fg, bg;
	} pairs[PAIRS_MAX];
	int pair_count, pair_max;
	bool pairs_full; /* a pair was wanted that there was no room for */
	struct grid shown;
};

/* Takes the terminal over. False: it is as it was. */
bool pen_open(struct pen *p, struct err *e);
/* Shows g and keeps it; g gets the frame before it in exchange. `all`: also what is there already. */
void pen_draw(struct pen *p, struct grid *g, bool all);
void pen_redraw(struct pen *p);
void pen_send(struct pen *p, const char *bytes, size_t len);
/* Leaves the screen; the next frame enters it again. */
void pen_leave(struct pen *p);
void pen_resume(struct pen *p);
void pen_close(struct pen *p); /* after the last curses call, in any thread */

/* Remembers the terminal's modes and opens a descriptor that never blocks. */
void restore_take(void);
/* `text` leaves the screen; from now on term_restore has something to do. */
void restore_arm(const char *text, size_t len);
/* The screen was left the ordinary way. */
void restore_disarm(void);
/* Throws away what the terminal has not taken. */
void restore_flush(void);
void restore_modes(void);
void restore_release(void);

/* Mouse off, paste brackets off, plain text: before the screen is left. */
extern const char restore_modes_off[];

#endif
