#include "ui/kit/curves.h"

#include "base/mem.h"
#include "base/sanitize.h"
#include "base/utf8.h"
#include "ui/kit/chart_parts.h"
#include "ui/kit/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- What the platform says ---- */

static void runs_release(struct curves *c)
{
	for (size_t i = 0; i < c->runs.len; i++) {
		free(c->runs.items[i].name);
		vec_release(&c->runs.items[i].points);
	}
	vec_release(&c->runs);
}

static void tags_release(struct curves *c)
{
	for (size_t i = 0; i < c->tags.len; i++) {
		free(c->tags.items[i].name);
		free(c->tags.items[i].shown);
	}
	vec_release(&c->tags);
}

void curves_release(struct curves *c)
{
	runs_release(c);
	tags_release(c);
	c->chosen = 0;
}

static char *clean(const char *text)
{
	struct buf out = BUF_INIT;

	sanitize_text(&out, text, strlen(text));
	return buf_detach(&out);
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct curve_tag *)a)->name, ((const struct curve_tag *)b)->name);
}

static void names_once(struct curves *c)
{
	size_t n = 0;

	if (c->tags.len)
		qsort(c->tags.items, c->tags.len, sizeof *c->tags.items, by_name);
	for (size_t i = 0; i < c->tags.len; i++) {
		struct curve_tag *t = &c->tags.items[i];

		if (n && strcmp(c->tags.items[n - 1].name, t->name) == 0) {
			free(t->name);
			free(t->shown);
			continue;
		}
		c->tags.items[n++] = *t;
	}
	c->tags.len = n;
}

/* What a person wants to see first: the loss of the training, else any loss. */
static size_t first_choice(const struct curves *c)
{
	size_t any = SIZE_MAX;

	for (size_t i = 0; i < c->tags.len; i++) {
		const char *name = c->tags.items[i].name;

		if (strstr(name, "loss") == NULL && strstr(name, "Loss") == NULL)
			continue;
		if (!strstr(name, "val") && !strstr(name, "eval") && !strstr(name, "test"))
			return i;
		any = any == SIZE_MAX ? i : any;
	}
	return any == SIZE_MAX ? 0 : any;
}

static void choose_again(struct curves *c, const char *before)
{
	for (size_t i = 0; before && i < c->tags.len; i++)
		if (strcmp(c->tags.items[i].name, before) == 0) {
			c->chosen = i;
			return;
		}
	c->chosen = first_choice(c);
}

bool curves_names(struct curves *c, const json_t *answer)
{
	char *before = c->tags.len ? mem_strdup(c->tags.items[c->chosen].name) : NULL;
	const json_t *curve;
	size_t i;

	tags_release(c);
	if (strcmp(text_of(answer, "source"), "events") == 0)
		json_array_foreach(json_object_get(answer, "data"), i, curve) {
			const char *name = text_of(curve, "tag");

			if (c->tags.len < CURVES_TAGS_MAX)
				vec_push(&c->tags,
					((struct curve_tag){mem_strdup(name), clean(name)}));
		}
	names_once(c);
	choose_again(c, before);
	free(before);
	if (c->tags.len == 0)
		runs_release(c);
	return c->tags.len > 0;
}

static double value_of(const json_t *value)
{
	const char *word = json_string_value(value);

	if (word == NULL)
		return json_number_value(value);
	return strcmp(word, "inf") == 0 ? INFINITY : strcmp(word, "-inf") == 0 ? -INFINITY : NAN;
}

static void run_take(struct curves *c, const json_t *curve)
{
	struct curve_run run = {.name = clean(text_of(curve, "run"))};
	const json_t *point;
	size_t i;

	json_array_foreach(json_object_get(curve, "points"), i, point)
		if (run.points.len < CURVES_POINTS)
			vec_push(&run.points,
				((struct curve_point){json_number_value(json_array_get(point, 0)),
					value_of(json_array_get(point, 2))}));
	vec_push(&c->runs, run);
}

void curves_points(struct curves *c, const json_t *answer)
{
	const json_t *curve;
	size_t i;

	runs_release(c);
	json_array_foreach(json_object_get(answer, "data"), i, curve)
		if (c->runs.len < CURVES_RUNS_MAX)
			run_take(c, curve);
}

/* ---- Which is shown ---- */

/* What stands for another does not stand under its name. */
static void chosen_is(struct curves *c, size_t at)
{
	c->chosen = at;
	runs_release(c);
}

bool curves_choose(struct curves *c, bool before)
{
	if (c->tags.len < 2)
		return false;
	chosen_is(c, (c->chosen + (before ? c->tags.len - 1 : 1)) % c->tags.len);
	return true;
}

bool curves_find(struct curves *c, const char *text)
{
	for (size_t i = 1; i <= c->tags.len; i++) {
		size_t at = (c->chosen + i) % c->tags.len;

		if (strstr(c->tags.items[at].shown, text)) {
			chosen_is(c, at);
			return true;
		}
	}
	return false;
}

/* ---- The picture ---- */

/* Of the roles that no theme makes alike; a mark where there are no colours. */
static const struct {
	enum grid_role role;
	const char *mark;
} looks[] = {{ROLE_ACCENT, "*"}, {ROLE_GOOD, "+"}, {ROLE_WARN, "o"}, {ROLE_KEY, "#"},
	{ROLE_TITLE, "%"}, {ROLE_NORMAL, "@"}};

struct extent {
	double first, last; /* steps */
	float least, most;  /* numbers; least > most: there are none */
};

static struct extent extent_of(const struct curves *c)
{
	struct extent e = {INFINITY, -INFINITY, INFINITY, -INFINITY};

	for (size_t i = 0; i < c->runs.len; i++)
		for (size_t n = 0; n < c->runs.items[i].points.len; n++) {
			const struct curve_point *p = &c->runs.items[i].points.items[n];

			e.first = fmin(e.first, p->step);
			e.last = fmax(e.last, p->step);
			if (!chart_number((float)p->value))
				continue;
			e.least = fminf(e.least, (float)p->value);
			e.most = fmaxf(e.most, (float)p->value);
		}
	return e;
}

/* The mean of the numbers at each place; what is no number stands there instead. */
static void points_place(struct curve *c, const struct curve_run *run, const struct extent *e)
{
	unsigned met[CURVE_POINTS_MAX] = {0};

	for (int i = 0; i < c->count; i++)
		c->points[i] = SERIES_UNKNOWN;
	for (size_t n = 0; n < run->points.len; n++) {
		const struct curve_point *p = &run->points.items[n];
		double part = e->last > e->first ? (p->step - e->first) / (e->last - e->first) : 0;
		int at = (int)(part * (c->count - 1) + 0.5);
		float *v = &c->points[at];

		if (!chart_number((float)p->value))
			*v = (float)p->value;
		else if (met[at]++ == 0)
			*v = chart_number(*v) || *v == SERIES_UNKNOWN ? (float)p->value : *v;
		else if (chart_number(*v))
			*v += ((float)p->value - *v) / (float)met[at];
	}
}

/* Between two places with numbers lies a line. */
static void gaps_fill(struct curve *c)
{
	int left = -1;

	for (int i = 0; i < c->count; i++) {
		if (c->points[i] == SERIES_UNKNOWN)
			continue;
		if (!chart_number(c->points[i])) {
			left = -1;
			continue;
		}
		for (int n = left + 1; left >= 0 && n < i; n++)
			c->points[n] = c->points[left] +
				(c->points[i] - c->points[left]) * (float)(n - left) /
					(float)(i - left);
		left = i;
	}
}

static void run_draw(const struct curves *c, size_t i, const struct extent *e, struct grid *g,
	struct rect plot)
{
	struct curve curve = {.count = curve_points(g, plot),
		.role = looks[i % ARRAY_SIZE(looks)].role,
		.mark = looks[i % ARRAY_SIZE(looks)].mark,
		.low = (double)e->least,
		.high = (double)e->most,
		.least = e->least,
		.most = e->most};

	if (!(curve.high > curve.low)) {
		curve.low = chart_number(e->least) ? (double)e->least - 1 : 0;
		curve.high = curve.low + 2;
	}
	points_place(&curve, &c->runs.items[i], e);
	gaps_fill(&curve);
	curve_draw(&curve, c->runs.len > 1, g, plot);
}

static void value_text(double v, struct buf *out)
{
	static const struct field measure = {.name = "value", .type = &ft_measure};

	series_cell(&measure, (float)v, out);
}

/* "train/loss  2 of 7" on the left, "0.25 to 3.1" on the right. */
static void head_draw(const struct curves *c, const struct extent *e, struct grid *g, struct rect r)
{
	const char *name = c->tags.items[c->chosen].shown;
	struct buf range = BUF_INIT;
	int used;

	if (e->least <= e->most) {
		value_text((double)e->least, &range);
		buf_adds(&range, T_CHART_TO);
		value_text((double)e->most, &range);
	}
	used = grid_clip(g, r.x, r.y, r.width - (int)range.len - 2, ROLE_HEADER, name);
	used += grid_textf(g, r.x + used, r.y, r.width - used, ROLE_DIM, T_CURVES_CHOICE,
		c->chosen + 1, c->tags.len);
	if (used + 1 < r.width)
		grid_right(g, r.x + used + 1, r.y, r.width - used - 1, ROLE_DIM, range.data);
	buf_release(&range);
}

static double newest_of(const struct curve_run *run)
{
	return run->points.len ? run->points.items[run->points.len - 1].value : NAN;
}

/* "* train 0.25  + validation 0.31": each in its colour, as many as fit. */
static void legend_draw(const struct curves *c, struct grid *g, struct rect r)
{
	int x = 0;

	for (size_t i = 0; i < c->runs.len; i++) {
		const char *mark = looks[i % ARRAY_SIZE(looks)].mark;
		struct buf text = BUF_INIT;
		int width;

		buf_addf(&text, "%s %s ", mark, c->runs.items[i].name);
		value_text(newest_of(&c->runs.items[i]), &text);
		width = utf8_width(text.data);
		if (x && x + width > r.width - 10) {
			grid_textf(g, r.x + x, r.y, r.width - x, ROLE_DIM, T_CURVES_MORE,
				c->runs.len - i);
			buf_release(&text);
			return;
		}
		x += grid_clip(g, r.x + x, r.y, r.width - x, looks[i % ARRAY_SIZE(looks)].role,
			text.data);
		x += 2;
		buf_release(&text);
	}
}

void curves_draw(const struct curves *c, struct grid *g, struct rect r)
{
	struct extent e = extent_of(c);
	struct rect plot = {r.x, r.y + 2, r.width, r.height - 3};

	if (c->tags.len == 0 || r.width < 16 || r.height < 4)
		return;
	if (plot.width * 2 > CURVE_POINTS_MAX)
		plot.width = CURVE_POINTS_MAX / 2;
	head_draw(c, &e, g, r);
	if (c->runs.len == 0)
		grid_text(g, r.x, r.y + 1, r.width, ROLE_DIM, T_LOADING);
	legend_draw(c, g, (struct rect){r.x, r.y + 1, r.width, 1});
	/* The first run lies over the others. */
	for (size_t i = c->runs.len; i-- > 0;)
		run_draw(c, i, &e, g, plot);
	if (e.first <= e.last)
		grid_textf(g, r.x, r.y + r.height - 1, r.width, ROLE_DIM, T_CURVES_STEPS, e.first,
			e.last);
}
