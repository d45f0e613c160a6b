#include "base/sanitize_parts.h"

#include <stdio.h>
#include <stdlib.h>

/* Select Graphic Rendition: ECMA-48 8.3.117, colours beyond it as xterm's ctlseqs has them. */

struct params {
	int values[SGR_PARAMS_MAX];
	int count;
};

bool sgr_equal(struct sgr a, struct sgr b)
{
	return a.fg == b.fg && a.bg == b.bg && a.attrs == b.attrs;
}

/* The numbers between "ESC [" and "m"; false for anything else there, or too much of it. */
static bool read_params(struct params *p, const char *s, size_t len)
{
	int digits = 0;

	if (len < 3 || s[0] != 0x1B || s[1] != '[' || s[len - 1] != 'm')
		return false;
	*p = (struct params){.count = 1};
	for (size_t i = 2; i < len - 1; i++) {
		if (s[i] == ';') {
			if (p->count == SGR_PARAMS_MAX)
				return false;
			p->count++;
			digits = 0;
			continue;
		}
		if (s[i] < '0' || s[i] > '9' || ++digits > SGR_DIGITS_MAX)
			return false;
		p->values[p->count - 1] = p->values[p->count - 1] * 10 + (s[i] - '0');
	}
	return true;
}

/* Entries 16 to 231 are a cube of six levels a side, 232 to 255 a ramp of greys. */
static const int cube_levels[] = {0, 95, 135, 175, 215, 255};
static const int weights[] = {36, 6, 1}; /* of red, green and blue in the cube's index */

/* Red, green and blue of a palette entry, as xterm comes; the first 16 differ by theme. */
static void palette_rgb(int index, int rgb[3])
{
	static const unsigned char first[16][3] = {{0, 0, 0}, {205, 0, 0}, {0, 205, 0},
		{205, 205, 0}, {0, 0, 238}, {205, 0, 205}, {0, 205, 205}, {229, 229, 229},
		{127, 127, 127}, {255, 0, 0}, {0, 255, 0}, {255, 255, 0}, {92, 92, 255},
		{255, 0, 255}, {0, 255, 255}, {255, 255, 255}};

	for (int i = 0; i < 3; i++) {
		if (index < 16)
			rgb[i] = first[index][i];
		else if (index >= 232)
			rgb[i] = 8 + 10 * (index - 232);
		else
			rgb[i] = cube_levels[(index - 16) / weights[i] % 6];
	}
}

static int distance(const int a[3], const int b[3])
{
	int sum = 0;

	for (int i = 0; i < 3; i++)
		sum += (a[i] - b[i]) * (a[i] - b[i]);
	return sum;
}

/*
 * The nearest of the cube and the greys; the themed first 16 are never guessed at. The cube's is
 * the nearest level of each part by itself, the greys' is the one nearest to the mean.
 */
static int nearest_palette(const int rgb[3])
{
	int mean = (rgb[0] + rgb[1] + rgb[2]) / 3, cube = 16, grey;
	int cube_rgb[3], grey_rgb[3];

	for (int i = 0; i < 3; i++) {
		int level = rgb[i] < 48 ? 0 : rgb[i] < 115 ? 1 : (rgb[i] - 35) / 40;

		cube += weights[i] * level;
	}
	grey = mean < 8 ? 232 : mean > 238 ? 255 : 232 + (mean - 3) / 10;
	palette_rgb(cube, cube_rgb);
	palette_rgb(grey, grey_rgb);
	return distance(rgb, cube_rgb) <= distance(rgb, grey_rgb) ? cube : grey;
}

/* The colour behind 38 or 48 at `i`; returns how many parameters it took, 0 where it is none. */
static int read_colour(const struct params *p, int i, int16_t *colour)
{
	int left = p->count - i;
	const int *v = &p->values[i];

	if (left >= 3 && v[1] == 5 && v[2] < 256) {
		*colour = (int16_t)v[2];
		return 3;
	}
	if (left >= 5 && v[1] == 2 && v[2] < 256 && v[3] < 256 && v[4] < 256) {
		*colour = (int16_t)nearest_palette(&v[2]);
		return 5;
	}
	return 0;
}

static bool apply_basic_colour(struct sgr *style, int value)
{
	if (value >= 30 && value <= 37)
		style->fg = (int16_t)(value - 30);
	else if (value >= 40 && value <= 47)
		style->bg = (int16_t)(value - 40);
	else if (value >= 90 && value <= 97)
		style->fg = (int16_t)(value - 90 + 8);
	else if (value >= 100 && value <= 107)
		style->bg = (int16_t)(value - 100 + 8);
	else if (value == 39)
		style->fg = -1;
	else if (value == 49)
		style->bg = -1;
	else
		return false;
	return true;
}

static bool apply_one(struct sgr *style, int value)
{
	static const struct {
		int value;
		uint16_t set, clear;
	} rows[] = {{1, SGR_BOLD, 0}, {2, SGR_DIM, 0}, {3, SGR_ITALIC, 0}, {4, SGR_UNDERLINE, 0},
		{7, SGR_REVERSE, 0}, {9, SGR_STRIKE, 0}, {22, 0, SGR_BOLD | SGR_DIM},
		{23, 0, SGR_ITALIC}, {24, 0, SGR_UNDERLINE}, {25, 0, 0}, {27, 0, SGR_REVERSE},
		{29, 0, SGR_STRIKE}};

	if (value == 0) {
		*style = SGR_NONE;
		return true;
	}
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (rows[i].value != value)
			continue;
		style->attrs = (uint16_t)((style->attrs & ~rows[i].clear) | rows[i].set);
		return true;
	}
	return apply_basic_colour(style, value);
}

/* Text in the colour of its background, or one nobody tells from it, is there to be overlooked. */
static bool is_hidden(struct sgr style)
{
	int fg[3], bg[3];

	if (style.fg < 0 || style.bg < 0)
		return false;
	palette_rgb(style.fg, fg);
	palette_rgb(style.bg, bg);
	return distance(fg, bg) < 3 * 9 * 9;
}

bool sgr_apply(struct sgr *style, const char *s, size_t len)
{
	struct sgr after = *style;
	struct params p;
	int used;

	if (!read_params(&p, s, len))
		return false;
	for (int i = 0; i < p.count; i += used) {
		used = 1;
		if (p.values[i] == 38)
			used = read_colour(&p, i, &after.fg);
		else if (p.values[i] == 48)
			used = read_colour(&p, i, &after.bg);
		else if (!apply_one(&after, p.values[i]))
			return false;
		if (used == 0)
			return false;
	}
	if (is_hidden(after))
		after.fg = after.bg = -1;
	*style = after;
	return true;
}

static void write_colour(struct buf *out, int colour, int base)
{
	if (colour < 0)
		return;
	if (colour < 8)
		buf_addf(out, ";%d", base + colour);
	else if (colour < 16)
		buf_addf(out, ";%d", base + 60 + colour - 8);
	else
		buf_addf(out, ";%d;5;%d", base + 8, colour);
}

void sgr_write(struct buf *out, struct sgr style)
{
	static const struct {
		uint16_t attr;
		char digit;
	} rows[] = {{SGR_BOLD, '1'}, {SGR_DIM, '2'}, {SGR_ITALIC, '3'}, {SGR_UNDERLINE, '4'},
		{SGR_REVERSE, '7'}, {SGR_STRIKE, '9'}};

	buf_adds(out, "\033[0");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (style.attrs & rows[i].attr)
			buf_addf(out, ";%c", rows[i].digit);
	write_colour(out, style.fg, 30);
	write_colour(out, style.bg, 40);
	buf_addc(out, 'm');
}
