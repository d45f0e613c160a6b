#include "ui/kit/glyphs.h"

const char *glyph_level(int level, bool ascii)
{
	static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	static const char *const plain[] = {"_", "_", "-", "-", "=", "=", "#", "#"};

	level = level < 0 ? 0 : level >= GLYPH_LEVELS ? GLYPH_LEVELS - 1 : level;
	return (ascii ? plain : blocks)[level];
}

void glyph_bar(double part, int cells, bool ascii, struct buf *out)
{
	int full = part >= 1 ? cells : (int)(part * cells + 0.5);

	if (full == 0 && part > 0)
		full = 1;
	if (full == cells && part < 1)
		full = cells - 1;
	for (int i = 0; i < cells; i++)
		buf_adds(out, i < full ? (ascii ? "#" : "█") : (ascii ? "." : "░"));
}
