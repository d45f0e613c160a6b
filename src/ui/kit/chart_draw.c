/* The line of one curve, in the cells that there are for it. */
#include "ui/kit/chart_parts.h"

#include "ui/kit/glyphs.h"

bool chart_number(float v)
{
	return v != SERIES_UNKNOWN && isfinite(v);
}

int curve_height(const struct curve *c, int i, int steps)
{
	float v = c->points[i];

	if (v == SERIES_UNKNOWN)
		return -1;
	if (isnan(v))
		return 0;
	if (isinf(v))
		return v > 0 ? steps - 1 : 0;
	int at = (int)((v - c->low) / (c->high - c->low) * (steps - 1) + 0.5);

	return at < 0 ? 0 : at >= steps ? steps - 1 : at;
}

bool curve_odd(const struct curve *c, int i)
{
	return c->points[i] != SERIES_UNKNOWN && !isfinite(c->points[i]);
}

/* "x" where it was nan, "^" and "v" where it left all bounds. */
static bool odd_draw(const struct curve *c, int i, struct grid *g, struct rect r, int x)
{
	if (!curve_odd(c, i))
		return false;
	float v = c->points[i];

	grid_text(g, r.x + x, isinf(v) && v > 0 ? r.y : r.y + r.height - 1, 1, ROLE_BAD,
		isnan(v)        ? "x"
			: v > 0 ? "^"
				: "v");
	return true;
}

/* Where the line goes at that point: down or up to where it was before. */
static void span_of(const struct curve *c, int i, int steps, int *low, int *high)
{
	int at = curve_height(c, i, steps);
	int before = i > 0 && !curve_odd(c, i - 1) ? curve_height(c, i - 1, steps) : -1;

	*low = *high = at;
	if (before >= 0 && before < at)
		*low = before + 1;
	else if (before > at)
		*high = before - 1;
}

static void braille_cell(const struct curve *c, struct grid *g, struct rect r, int x, int y)
{
	static const unsigned char dots[2][4] = {{0x40, 0x04, 0x02, 0x01},
		{0x80, 0x20, 0x10, 0x08}};
	int bottom = (r.height - 1 - y) * 4;
	unsigned bits = 0;

	for (int side = 0; side < 2; side++) {
		int low, high, i = 2 * x + side;

		if (curve_height(c, i, r.height * 4) < 0 || curve_odd(c, i))
			continue;
		span_of(c, i, r.height * 4, &low, &high);
		for (int dot = 0; dot < 4; dot++)
			if (bottom + dot >= low && bottom + dot <= high)
				bits |= dots[side][dot];
	}
	if (bits) {
		char text[4] = {(char)0xE2, (char)(0xA0 | bits >> 6), (char)(0x80 | (bits & 0x3F))};

		grid_text(g, r.x + x, r.y + y, 1, c->role, text);
	}
}

static void braille_draw(const struct curve *c, struct grid *g, struct rect r)
{
	for (int x = 0; x < r.width; x++) {
		for (int y = 0; y < r.height; y++)
			braille_cell(c, g, r, x, y);
		if (!odd_draw(c, 2 * x, g, r, x))
			odd_draw(c, 2 * x + 1, g, r, x);
	}
}

static void blocks_draw(const struct curve *c, struct grid *g, struct rect r)
{
	for (int x = 0; x < r.width; x++) {
		int high = curve_height(c, x, r.height * 8);

		if (high < 0 || odd_draw(c, x, g, r, x))
			continue;
		for (int y = 0; y <= high / 8; y++)
			grid_text(g, r.x + x, r.y + r.height - 1 - y, 1, c->role,
				glyph_level(y < high / 8 ? 7 : high % 8, false));
	}
}

static void ascii_draw(const struct curve *c, struct grid *g, struct rect r)
{
	for (int x = 0; x < r.width; x++) {
		int at = curve_height(c, x, r.height), low, high;

		if (at < 0 || odd_draw(c, x, g, r, x))
			continue;
		span_of(c, x, r.height, &low, &high);
		for (int y = low; y <= high; y++)
			grid_text(g, r.x + x, r.y + r.height - 1 - y, 1, c->role,
				y == at ? c->mark : "|");
	}
}

int curve_points(const struct grid *g, struct rect plot)
{
	return g->braille && !g->ascii ? 2 * plot.width : plot.width;
}

void curve_draw(const struct curve *c, bool several, struct grid *g, struct rect plot)
{
	if (g->braille && !g->ascii)
		braille_draw(c, g, plot);
	else if (g->ascii || several)
		ascii_draw(c, g, plot);
	else
		blocks_draw(c, g, plot);
}
