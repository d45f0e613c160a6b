#include "ui/kit/chart.h"

#include "base/timefmt.h"
#include "ui/kit/chart_parts.h"
#include "ui/kit/glyphs.h"
#include "ui/kit/text.h"

#include <math.h>
#include <string.h>

/* A line is drawn over so many rows of which nothing is known: samples come every few seconds. */
enum { BRIDGE_ROWS = 5 };

/* ---- From rows to points ---- */

/* Rows [from, to): the mean of the numbers, or what else there is. */
static float rows_mean(const struct series *s, size_t field, size_t from, size_t to)
{
	float odd = SERIES_UNKNOWN;
	double sum = 0;
	int n = 0;

	for (size_t row = from; row < to; row++) {
		float v = series_at(s, row, field);

		if (chart_number(v)) {
			sum += v;
			n++;
		} else if (v != SERIES_UNKNOWN) {
			odd = v;
		}
	}
	return odd != SERIES_UNKNOWN ? odd : n ? (float)(sum / n) : SERIES_UNKNOWN;
}

/* The nearest number at or before the row, or behind it; SIZE_MAX: there is none within reach. */
static size_t row_near(const struct series *s, size_t field, size_t row, bool behind)
{
	for (size_t i = 0; i <= BRIDGE_ROWS; i++) {
		if (behind ? row + i >= s->rows : i > row)
			return SIZE_MAX;
		size_t at = behind ? row + i : row - i;

		if (series_at(s, at, field) != SERIES_UNKNOWN)
			return chart_number(series_at(s, at, field)) ? at : SIZE_MAX;
	}
	return SIZE_MAX;
}

/* There are more points than rows: between two rows lies a line. */
static float between(const struct series *s, size_t field, double row)
{
	size_t at = (size_t)(row + 0.5), left = row_near(s, field, (size_t)row, false);
	size_t right = row_near(s, field, (size_t)row + ((double)(size_t)row < row), true);

	if (at < s->rows && series_at(s, at, field) != SERIES_UNKNOWN &&
		!chart_number(series_at(s, at, field)))
		return series_at(s, at, field);
	if (left == SIZE_MAX || right == SIZE_MAX)
		return left != SIZE_MAX && right == SIZE_MAX && (double)left + 0.5 >= row
			? series_at(s, left, field)
			: SERIES_UNKNOWN;
	if (left == right)
		return series_at(s, left, field);
	double part = (row - (double)left) / (double)(right - left);

	return (float)(series_at(s, left, field) * (1 - part) + series_at(s, right, field) * part);
}

static void scale(struct curve *c, const struct field *f)
{
	bool percent = f->type == &ft_percent, measure = f->type == &ft_measure;

	c->low = measure ? c->least : fmin(0, c->least);
	c->high = percent ? fmax(100, c->most) : c->most;
	if (!(c->high > c->low)) {
		c->low -= measure ? fabs(c->low) / 10 : 0;
		c->high = c->low + (c->high != 0 ? fabs(c->high) / 5 : 1);
	}
}

static void curve_make(struct curve *c, const struct series *s, size_t field, int count)
{
	double rows_each = (double)s->rows / count;

	c->count = count;
	c->role = ROLE_ACCENT;
	c->mark = "*";
	c->least = INFINITY;
	c->most = -INFINITY;
	for (int i = 0; i < count; i++) {
		float v;

		if (rows_each >= 1)
			v = rows_mean(s, field, (size_t)(i * rows_each),
				(size_t)((i + 1) * rows_each));
		else
			v = between(s, field, i * (double)(s->rows - 1) / (count - 1));
		c->points[i] = v;
		if (chart_number(v)) {
			c->least = fminf(c->least, v);
			c->most = fmaxf(c->most, v);
		}
	}
	scale(c, s->fields[field]);
}

/* ---- The chart ---- */

/* "loss 0.5312" on the left, "0.31 to 2.97" on the right. */
static void head_draw(const struct series *s, size_t field, const struct curve *c,
	const char *label, struct grid *g, struct rect r)
{
	const struct field *f = s->fields[field];
	struct buf value = BUF_INIT, range = BUF_INIT;
	float newest = SERIES_UNKNOWN;
	int used;

	if (series_newest(s, field, &newest))
		series_cell(f, newest, &value);
	used = grid_textf(g, r.x, r.y, r.width, ROLE_HEADER, "%s ", label ? label : f->name);
	used += grid_text(g, r.x + used, r.y, r.width - used,
		chart_number(newest) ? ROLE_NORMAL : ROLE_BAD, value.data ? value.data : "");
	if (c->least <= c->most) {
		series_cell(f, (float)c->low, &range);
		buf_adds(&range, T_CHART_TO);
		series_cell(f, (float)c->high, &range);
		if (used + 1 < r.width)
			grid_right(g, r.x + used + 1, r.y, r.width - used - 1, ROLE_DIM,
				range.data);
	}
	buf_release(&value);
	buf_release(&range);
}

void chart_draw(const struct series *s, size_t field, const char *label, struct grid *g,
	struct rect r)
{
	struct rect plot = {r.x, r.y + 1, r.width, r.height - 1};
	struct curve c;

	if (r.width < 2 || r.height < 2 || s->rows == 0)
		return;
	curve_make(&c, s, field, curve_points(g, plot));
	head_draw(s, field, &c, label, g, r);
	curve_draw(&c, false, g, plot);
}

size_t charts_fields(const struct series *s, bool used_only, size_t out[SERIES_FIELDS_MAX])
{
	size_t count = 0;
	float any;

	/* How the training goes, then what it uses. */
	for (int measures = !used_only; measures >= 0; measures--)
		for (size_t i = 0; i < s->field_count; i++)
			if ((s->fields[i]->type == &ft_measure) == measures &&
				series_newest(s, i, &any))
				out[count++] = i;
	return count;
}

void charts_draw(const struct series *s, struct chart_label label, struct grid *g, struct rect r)
{
	size_t fields[SERIES_FIELDS_MAX], count = charts_fields(s, label.used_only, fields);
	int beside = r.width / (CHART_WIDTH_MIN + 12), below, rows;

	beside = beside < 1 ? 1 : beside > 3 ? 3 : beside;
	if ((size_t)beside > count)
		beside = count ? (int)count : 1;
	rows = ((int)count + beside - 1) / beside;
	below = r.height / CHART_HEIGHT_MIN;
	below = below < rows ? below : rows;
	for (int i = 0; below > 0 && i < (int)count && i / beside < below; i++) {
		int width = r.width / beside, height = r.height / below;
		const char *name = s->fields[fields[i]]->name;

		chart_draw(s, fields[i], strcmp(name, label.field) == 0 ? label.label : NULL, g,
			(struct rect){r.x + i % beside * width, r.y + i / beside * height,
				width - 2, height - (below > 1 ? 1 : 0)});
	}
}

void chart_spark(const struct series *s, size_t field, int width, bool ascii, struct buf *out)
{
	struct curve c;

	if (width < 2 || width > GRID_COLS_MAX || s->rows == 0)
		return;
	curve_make(&c, s, field, width);
	for (int i = 0; i < width; i++) {
		int at = curve_height(&c, i, GLYPH_LEVELS);

		buf_adds(out, at < 0 ? " " : curve_odd(&c, i) ? "x" : glyph_level(at, ascii));
	}
}
