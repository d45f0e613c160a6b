#include "ui/kit/stack.h"

#include "ui/kit/glyphs.h"

enum { PITCH_MOST = 6 };

const char *stack_mark(size_t part, bool ascii)
{
	static const char *const blocks[STACK_PARTS] = {"█", "▓", "▒", "░", "▚"};
	static const char *const letters[STACK_PARTS] = {"#", "o", "+", "=", "."};

	return (ascii ? letters : blocks)[part < STACK_PARTS ? part : STACK_PARTS - 1];
}

enum grid_role stack_role(size_t part)
{
	static const enum grid_role roles[STACK_PARTS] = {ROLE_ACCENT, ROLE_GOOD, ROLE_WARN,
		ROLE_KEY, ROLE_DIM};

	return roles[part < STACK_PARTS ? part : STACK_PARTS - 1];
}

int stack_pitch(size_t count, int width)
{
	int pitch = count && width > 0 ? (int)((size_t)width / count) : 0;

	return pitch < PITCH_MOST ? pitch : PITCH_MOST;
}

static double total_of(const struct stack_bar *bar)
{
	double sum = 0;

	for (size_t i = 0; i < STACK_PARTS; i++)
		sum += bar->parts[i];
	return sum;
}

/* The part that is there at that height; STACK_PARTS: above all of them. */
static size_t part_at(const struct stack_bar *bar, double height)
{
	double sum = 0;

	for (size_t i = 0; i < STACK_PARTS; i++) {
		sum += bar->parts[i];
		if (height < sum)
			return i;
	}
	return STACK_PARTS;
}

/* The last part that is anything. */
static size_t part_top(const struct stack_bar *bar)
{
	size_t top = 0;

	for (size_t i = 0; i < STACK_PARTS; i++)
		if (bar->parts[i] > 0)
			top = i;
	return top;
}

/* A cell is the part's that is at its middle; the topmost is as full as what is left of the bar. */
static const char *cell_of(const struct stack_bar *bar, double low, double unit, bool ascii,
	size_t *part)
{
	double rest = total_of(bar) - low;

	*part = part_at(bar, low + unit / 2);
	if (*part < STACK_PARTS)
		return stack_mark(*part, ascii);
	*part = part_top(bar);
	if (rest <= 0 || (ascii && low > 0))
		return NULL;
	return ascii ? stack_mark(*part, true)
		     : glyph_level((int)(rest / unit * GLYPH_LEVELS), false);
}

static void bar_draw(const struct stack_bar *bar, double unit, struct grid *g, struct rect r)
{
	for (int y = 0; y < r.height; y++) {
		size_t part;
		const char *mark = cell_of(bar, y * unit, unit, g->ascii, &part);

		for (int x = 0; mark && x < r.width; x++)
			grid_text(g, r.x + x, r.y + r.height - 1 - y, 1, stack_role(part), mark);
	}
}

void stack_draw(const struct stack_bar *bars, size_t count, struct grid *g, struct rect r)
{
	int pitch = stack_pitch(count, r.width), width = pitch > 1 ? pitch - 1 : pitch;
	double most = 0;

	for (size_t i = 0; i < count; i++)
		most = total_of(&bars[i]) > most ? total_of(&bars[i]) : most;
	for (size_t i = 0; most > 0 && pitch && r.height > 0 && i < count; i++)
		bar_draw(&bars[i], most / r.height, g,
			(struct rect){r.x + (int)i * pitch, r.y, width, r.height});
}
