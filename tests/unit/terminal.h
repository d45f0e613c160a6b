/*
 * A terminal for tests: what it shows after bytes were written to it. Written apart from base/fold
 * and base/paint on purpose. Knows what a terminal does with the bytes that those two speak of, and
 * fails at all others. What scrolls off the top is kept, so that all rows can be compared.
 */
#ifndef MLTOP_TESTS_TERMINAL_H
#define MLTOP_TESTS_TERMINAL_H

#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { TERMINAL_ROWS = 4000, TERMINAL_COLS = 200, TERMINAL_CELL = 24 };

struct terminal {
	int width, height;
	int top, last;     /* first row of the screen; the lowest row that was reached */
	int x, y;          /* y over all rows; x == width: the next character wraps */
	int scrolled_most; /* rows that a redraw reached back */
	char (*cells)[TERMINAL_COLS][TERMINAL_CELL];
};

static inline void terminal_init(struct terminal *t, int width, int height)
{
	*t = (struct terminal){.width = width, .height = height};
	t->cells = calloc(TERMINAL_ROWS, sizeof *t->cells);
}

static inline void terminal_release(struct terminal *t)
{
	free(t->cells);
}

static inline void terminal_down(struct terminal *t)
{
	t->y++;
	assert_true(t->y < TERMINAL_ROWS);
	if (t->y > t->last)
		t->last = t->y;
	if (t->y >= t->top + t->height)
		t->top++;
}

static inline void terminal_blank(struct terminal *t, int y, int from, int to)
{
	if (from < to && from > 0 && strcmp(t->cells[y][from], "half") == 0)
		strcpy(t->cells[y][from - 1], "");
	if (to < t->width && strcmp(t->cells[y][to], "half") == 0)
		strcpy(t->cells[y][to], "");
	for (int x = from; x < to; x++)
		strcpy(t->cells[y][x], "");
}

static inline void terminal_set(struct terminal *t, const char *s, size_t n, int width)
{
	char(*row)[TERMINAL_CELL] = t->cells[t->y];

	if (t->x + width > t->width) {
		t->x = 0;
		terminal_down(t);
		row = t->cells[t->y];
	}
	if (strcmp(row[t->x], "half") == 0)
		strcpy(row[t->x - 1], "");
	if (t->x + width < t->width && strcmp(row[t->x + width], "half") == 0)
		strcpy(row[t->x + width], "");
	memcpy(row[t->x], s, n);
	row[t->x][n] = '\0';
	if (width == 2)
		strcpy(row[t->x + 1], "half");
	t->x += width;
}

static inline size_t terminal_control(struct terminal *t, const char *s)
{
	int n = 0, given = 0;
	const char *p = s + 2;

	if (s[1] != '[')
		fail_msg("a sequence that nobody expects: ESC %c", s[1]);
	while (*p == ';' || (*p >= '0' && *p <= '9')) {
		n = *p == ';' ? 0 : n * 10 + *p - '0';
		given = 1;
		p++;
	}
	int by = n ? n : 1, at = t->x < t->width ? t->x : t->width - 1;

	if (*p != 'm')
		t->x = at;
	switch (*p) {
	case 'm': break;
	case 'A':
	case 'F': t->y = t->y - by > t->top ? t->y - by : t->top; break;
	case 'B':
	case 'E': t->y = t->y + by < t->last ? t->y + by : t->last; break;
	case 'C': t->x = t->x + by < t->width ? t->x + by : t->width - 1; break;
	case 'D': t->x = t->x > by ? t->x - by : 0; break;
	case 'G': t->x = by - 1 < t->width ? by - 1 : t->width - 1; break;
	case 'K': terminal_blank(t, t->y, n == 0 ? t->x : 0, n == 1 ? t->x + 1 : t->width); break;
	case 'J':
		assert_int_equal(n, 0);
		terminal_blank(t, t->y, t->x, t->width);
		for (int y = t->y + 1; y <= t->last; y++)
			terminal_blank(t, y, 0, t->width);
		t->last = t->y;
		break;
	default: fail_msg("a sequence that nobody expects: CSI %d(%d) %c", n, given, *p);
	}
	if (*p == 'E' || *p == 'F')
		t->x = 0;
	return (size_t)(p + 1 - s);
}

/* All of it, NUL ended. */
static inline void terminal_feed(struct terminal *t, const char *s)
{
	while (*s) {
		int width;
		size_t n = 1;

		if (*s == '\033') {
			n = terminal_control(t, s);
		} else if (*s == '\n') { /* as the driver makes it of a line feed */
			t->x = 0;
			terminal_down(t);
		} else if (*s == '\r') {
			t->x = 0;
		} else if (*s == '\b') {
			t->x = t->x >= t->width ? t->width - 2 : t->x - (t->x > 0);
		} else if (*s == '\t') {
			t->x = t->x / 8 * 8 + 8 < t->width ? t->x / 8 * 8 + 8 : t->width - 1;
		} else if ((unsigned char)*s >= 0x20 && *s != 0x7F) {
			n = utf8_cluster(s, &width);
			terminal_set(t, s, n, width);
		} else {
			fail_msg("a control that nobody expects: %02x", (unsigned char)*s);
		}
		s += n;
	}
}

/* A row without the blanks at its end; valid until the next call. */
static inline const char *terminal_row(const struct terminal *t, int y)
{
	static char text[TERMINAL_COLS * TERMINAL_CELL];
	size_t len = 0, keep = 0;

	for (int x = 0; x < t->width; x++) {
		const char *cell = t->cells[y][x];

		if (strcmp(cell, "half") == 0)
			continue;
		len += (size_t)sprintf(text + len, "%s", *cell ? cell : " ");
		if (*cell && strcmp(cell, " ") != 0)
			keep = len;
	}
	text[keep] = '\0';
	return text;
}

#endif
