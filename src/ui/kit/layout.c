#include "ui/kit/layout.h"

struct layout layout_frame(int cols, int rows)
{
	struct layout l = {.small = cols < LAYOUT_MIN_COLS || rows < LAYOUT_MIN_ROWS};

	l.health = (struct rect){0, 0, cols, 1};
	l.crumb = (struct rect){0, 1, cols, 1};
	l.body = (struct rect){0, 2, cols, rows > 3 ? rows - 3 : 0};
	l.status = (struct rect){0, rows - 1, cols, 1};
	return l;
}

static int total(const struct layout_column *columns, size_t count)
{
	int sum = 0;

	for (size_t i = 0; i < count; i++)
		if (columns[i].width > 0)
			sum += columns[i].width + 1;
	return sum > 0 ? sum - 1 : 0;
}

/* The column to leave out next: highest priority, the rightmost of equals; -1 when one is left. */
static int weakest(const struct layout_column *columns, size_t count)
{
	int found = -1, kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (columns[i].width == 0)
			continue;
		kept++;
		if (found < 0 || columns[i].priority >= columns[found].priority)
			found = (int)i;
	}
	return kept > 1 ? found : -1;
}

/* One cell each in turn, so that columns which grow do so evenly. */
static void grow(struct layout_column *columns, size_t count, int spare)
{
	for (bool any = true; spare > 0 && any;) {
		any = false;
		for (size_t i = 0; i < count && spare > 0; i++) {
			if (columns[i].width == 0 || columns[i].width >= columns[i].most)
				continue;
			columns[i].width++;
			spare--;
			any = true;
		}
	}
}

void layout_columns(struct layout_column *columns, size_t count, int width)
{
	int x = 0, out;

	for (size_t i = 0; i < count; i++)
		columns[i].width = columns[i].want;
	while (total(columns, count) > width && (out = weakest(columns, count)) >= 0)
		columns[out].width = 0;
	for (size_t i = 0; i < count; i++)
		if (columns[i].width > width)
			columns[i].width = width > 0 ? width : 0;
	grow(columns, count, width - total(columns, count));
	for (size_t i = 0; i < count; i++) {
		columns[i].x = x;
		x += columns[i].width ? columns[i].width + 1 : 0;
	}
}
