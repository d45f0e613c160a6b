/* The chart above the rows of usage: a bar for each day, of those who held most in all of them. */
#include "ui/screens/usage.h"

#include "base/mem.h"
#include "core/usage/spent.h"

#include <stdlib.h>
#include <string.h>

enum {
	LINES_LEAST = 6, /* sums, legend, four of bars and their days */
	LINES_MOST = 14,
	ROWS_LEFT = 6,    /* of the list, at least */
	SCALE = 7,        /* cells of the numbers on the left */
	NAMES_MOST = 256, /* that are looked through for those who held most */
};

/* Who held how much in all; the last part is all others together. */
struct holder {
	const char *name;
	double sum;
};
struct chart {
	bool cpus; /* of CPUs: nobody held a GPU */
	struct holder holders[NAMES_MOST];
	size_t count;
	struct stack_bar *bars;
	size_t days;
};

int usage_chart_height(struct rect body)
{
	int height = body.height - ROWS_LEFT;

	if (height < LINES_LEAST || body.width < 40)
		return 0;
	height = body.height / 2 < height ? body.height / 2 : height;
	return height < LINES_LEAST ? LINES_LEAST : height > LINES_MOST ? LINES_MOST : height;
}

static const char *name_of(const struct usage_view *s, const struct usage *u)
{
	const char *name = s->by == USAGE_BY_ORG ? u->org_name : u->owner;

	return name ? name : "";
}

static double held(const struct chart *c, const struct usage *u)
{
	return (double)(c->cpus ? u->cpu_seconds.v : u->gpu_seconds.v) / 1e6 / 3600;
}

static size_t holder_of(const struct chart *c, const char *name)
{
	size_t i = 0;

	while (i < c->count && strcmp(c->holders[i].name, name) != 0)
		i++;
	return i;
}

static int by_sum(const void *a, const void *b)
{
	const struct holder *x = a, *y = b;

	if (x->sum != y->sum)
		return x->sum < y->sum ? 1 : -1;
	return strcmp(x->name, y->name);
}

static void holders_find(struct chart *c, const struct usage_view *s)
{
	double gpus = 0;

	for (size_t i = 0; i < s->table.data.len; i++)
		if (s->table.data.all[i]->row)
			gpus += held(c, s->table.data.all[i]->row);
	c->cpus = gpus == 0;
	for (size_t i = 0; i < s->table.data.len; i++) {
		const struct usage *u = s->table.data.all[i]->row;
		size_t at = u ? holder_of(c, name_of(s, u)) : NAMES_MOST;

		if (at == NAMES_MOST)
			continue;
		if (at == c->count)
			c->holders[c->count++] = (struct holder){name_of(s, u), 0};
		c->holders[at].sum += held(c, u);
	}
	qsort(c->holders, c->count, sizeof *c->holders, by_sum);
}

/* Everybody has a part where they are as many as there are; else the last one is all others'. */
static size_t part_of(const struct chart *c, const char *name)
{
	size_t at = holder_of(c, name);

	return at < STACK_PARTS - 1 || (c->count == STACK_PARTS && at < STACK_PARTS)
		? at
		: STACK_PARTS - 1;
}

static void bars_make(struct chart *c, const struct usage_view *s)
{
	c->days = (size_t)(s->last - s->first + 1);
	c->bars = mem_alloc(c->days * sizeof *c->bars);
	for (size_t i = 0; i < s->table.data.len; i++) {
		const struct usage *u = s->table.data.all[i]->row;
		int64_t day;

		if (u && u->day && day_read(u->day, &day) && day >= s->first && day <= s->last)
			c->bars[day - s->first].parts[part_of(c, name_of(s, u))] += held(c, u);
	}
}

/* ---- Drawing ---- */

static void number(double v, struct buf *out)
{
	ft_real.cell(NULL, &v, 0, out);
}

/* "GPU hours by org, 2026-11-01 to 2026-11-30: 15.2k, cost 38077 EUR" */
static void head_draw(const struct chart *c, const struct usage_view *s, struct grid *g,
	struct rect r)
{
	struct buf text = BUF_INIT;
	char first[DAY_TEXT], last[DAY_TEXT];
	const char *currency = "";
	double sum = 0, cost = 0;

	for (size_t i = 0; i < s->table.data.len; i++) {
		const struct usage *u = s->table.data.all[i]->row;

		sum += u ? held(c, u) : 0;
		cost += u && record_has(usage, u, cost) ? (double)u->cost.v / 1e6 : 0;
		currency = u && u->currency ? u->currency : currency;
	}
	day_text(s->first, first);
	day_text(s->last, last);
	buf_addf(&text, c->cpus ? T_USAGE_CPU_HOURS : T_USAGE_GPU_HOURS, usage_by_words[s->by],
		first, last);
	number(sum, &text);
	if (cost > 0) {
		buf_adds(&text, T_USAGE_COST);
		number(cost, &text);
		buf_addf(&text, "%s%s", *currency ? " " : "", currency);
	}
	grid_clip(g, r.x + 1, r.y, r.width - 2, ROLE_HEADER, text.data);
	buf_release(&text);
}

static void legend_draw(const struct chart *c, struct grid *g, struct rect r)
{
	size_t parts = c->count < STACK_PARTS ? c->count : STACK_PARTS;
	int x = r.x + 1;

	for (size_t i = 0; i < parts && x + 4 < r.x + r.width; i++) {
		bool others = i == STACK_PARTS - 1 && c->count > STACK_PARTS;
		const char *name = others     ? T_USAGE_OTHERS
			: *c->holders[i].name ? c->holders[i].name
					      : "-";

		grid_text(g, x, r.y, 1, stack_role(i), stack_mark(i, g->ascii));
		x += 2 + grid_text(g, x + 2, r.y, r.x + r.width - x - 3, ROLE_NORMAL, name) + 2;
	}
}

/* The highest bar, and under all of them the first and the last day. */
static void scale_draw(const struct chart *c, const struct usage_view *s, struct grid *g,
	struct rect r, int used)
{
	char first[DAY_TEXT], last[DAY_TEXT];
	struct buf most = BUF_INIT;
	double high = 0;

	for (size_t i = 0; i < c->days; i++) {
		double sum = 0;

		for (size_t n = 0; n < STACK_PARTS; n++)
			sum += c->bars[i].parts[n];
		high = sum > high ? sum : high;
	}
	number(high, &most);
	grid_right(g, r.x, r.y, SCALE - 1, ROLE_DIM, most.data);
	grid_right(g, r.x, r.y + r.height - 2, SCALE - 1, ROLE_DIM, "0");
	day_text(s->first, first);
	day_text(s->last, last);
	grid_text(g, r.x + SCALE, r.y + r.height - 1, 5, ROLE_DIM, first + 5);
	if (used >= 11)
		grid_text(g, r.x + SCALE + used - 5, r.y + r.height - 1, 5, ROLE_DIM, last + 5);
	buf_release(&most);
}

/* Days that do not fit are left out, the oldest first. */
static size_t days_that_fit(size_t days, int width)
{
	return width > 0 && days > (size_t)width ? (size_t)width : days;
}

void usage_chart_draw(const struct usage_view *s, struct grid *g, struct rect r)
{
	struct chart *c = mem_alloc(sizeof *c);
	struct rect plot = {r.x, r.y + 2, r.width, r.height - 2};
	int width = r.width - SCALE - 1;
	size_t days;

	holders_find(c, s);
	bars_make(c, s);
	days = days_that_fit(c->days, width);
	head_draw(c, s, g, r);
	legend_draw(c, g, (struct rect){r.x, r.y + 1, r.width, 1});
	stack_draw(c->bars + (c->days - days), days, g,
		(struct rect){r.x + SCALE, plot.y, width, plot.height - 1});
	scale_draw(c, s, g, plot, (int)days * stack_pitch(days, width));
	free(c->bars);
	free(c);
}
