#include "ui/screens/usage.h"

#include "base/mem.h"
#include "core/kinds/kinds.h"
#include "core/kinds/page.h"
#include "core/usage/spent.h"
#include "core/wire/query.h"

#include <stdlib.h>
#include <string.h>

/*
 * What was held by day: bars of the last weeks, by org or by owner, and the rows. Enter goes from a day to
 * its jobs, and from there to a job that is still there.
 */

enum { DAYS = 30, ROWS_MOST = 20000 };

/* Of seconds: people think in hours. */
static void hours_cell(const struct entry *e, const char *field, struct buf *out)
{
	const struct field *f = kind_field(&usage_kind, field);
	double hours;

	if (!record_knows(&usage_kind, e->row, f)) {
		record_cell(&usage_kind, e->row, f, 0, out);
		return;
	}
	hours = (double)*(const int64_t *)record_member(e->row, f) / 1e6 / 3600;
	ft_real.cell(f, &hours, 0, out);
}

#define HOURS(name, field)                                                                 \
	static void name##_cell(const struct table *t, const struct entry *e, int64_t now, \
		bool ascii, struct buf *out)                                               \
	{                                                                                  \
		(void)t, (void)now, (void)ascii;                                           \
		hours_cell(e, field, out);                                                 \
	}
HOURS(gpu, "gpu_seconds")
HOURS(cpu, "cpu_seconds")
HOURS(memory, "memory_gib_seconds")

#define HELD                                                                                     \
	{.field = "gpu_seconds", .title = "GPU-H", .priority = 1, .width = 7, .cell = gpu_cell}, \
		{.field = "cpu_seconds",                                                         \
			.title = "CPU-H",                                                        \
			.priority = 3,                                                           \
			.width = 7,                                                              \
			.cell = cpu_cell},                                                       \
		{.field = "memory_gib_seconds",                                                  \
			.title = "GIB-H",                                                        \
			.priority = 5,                                                           \
			.width = 7,                                                              \
			.cell = memory_cell},                                                    \
		{.field = "attempts", .priority = 6, .width = 5},                                \
		{.field = "cost", .priority = 4, .width = 8},                                    \
	{                                                                                        \
		.field = "currency", .priority = 7, .width = 4                                   \
	}

static void job_cell(const struct table *t, const struct entry *e, int64_t now, bool ascii,
	struct buf *out)
{
	const struct usage *u = e->row;

	(void)t, (void)ascii;
	if (u->job_name && *u->job_name)
		record_cell(&usage_kind, u, kind_field(&usage_kind, "job_name"), now, out);
	else
		buf_adds(out, T_USAGE_REMOVED);
}

static const struct column columns[] = {
	{.field = "day", .width = 10},
	{.field = "org", .priority = 2, .width = 10, .most = 24},
	{.field = "owner", .priority = 2, .width = 10, .most = 24},
	HELD,
	{0},
};
static const struct column day_columns[] = {
	{.field = "job", .width = 16, .most = 40, .cell = job_cell},
	{.field = "org", .priority = 8, .width = 10, .most = 24},
	{.field = "owner", .priority = 2, .width = 10, .most = 24},
	HELD,
	{.field = "job_uid", .priority = 9, .width = 26, .wide = true},
	{0},
};
static const char *const empty[] = {T_EMPTY_USAGE_1, T_EMPTY_USAGE_2, NULL};

/* ---- Asking ---- */

static uint64_t ask(struct app *a, enum usage_by by, int64_t first, int64_t last, struct cmds *out)
{
	char from[DAY_TEXT], to[DAY_TEXT];
	struct buf path = BUF_INIT;
	uint64_t id;

	day_text(first, from);
	day_text(last, to);
	buf_addf(&path, "%s?by=%s&from=%s&to=%s&limit=%d", usage_kind.path, usage_by_words[by],
		from, to, ROWS_MOST);
	if (*a->tenant && strcmp(a->tenant, "-1") != 0) {
		buf_adds(&path, "&org_id=");
		percent_encode(&path, a->tenant, strlen(a->tenant), "");
	}
	id = app_get(a, path.data, out);
	buf_release(&path);
	return id;
}

static uint64_t usage_ask(struct app *a, struct view *v, struct cmds *out)
{
	struct usage_view *s = v->state;

	s->last = day_of(a->now);
	s->first = s->last - (DAYS - 1);
	return ask(a, s->by, s->first, s->last, out);
}

static uint64_t usage_day_ask(struct app *a, struct view *v, struct cmds *out)
{
	struct usage_view *s = v->state;

	s->by = USAGE_BY_JOB;
	if (!day_read(v->name, &s->first))
		s->first = day_of(a->now);
	s->last = s->first;
	return ask(a, s->by, s->first, s->last, out);
}

/* ---- What is done ---- */

static void usage_open(struct app *a, struct view *v, struct cmds *out)
{
	struct usage_view *s = mem_alloc(sizeof *s);
	bool all = *a->role && app_may(a, kind_others(&usage_kind)) && *a->tenant == '\0';

	table_open_remembered(a, &s->table, v->screen);
	s->by = all ? USAGE_BY_ORG : USAGE_BY_OWNER;
	v->state = s;
	s->table.request = v->screen->ask(a, v, out);
}

/* By org, by owner, and back. */
static void by_next(struct app *a, struct view *v, struct cmds *out)
{
	struct usage_view *s = v->state;

	s->by = s->by == USAGE_BY_ORG ? USAGE_BY_OWNER : USAGE_BY_ORG;
	s->table.request = v->screen->ask(a, v, out);
}

static bool usage_action(struct app *a, struct view *v, enum action act, struct cmds *out)
{
	const struct usage_view *s = v->state;
	const struct entry *e = table_selected(v->state);
	const struct usage *u = e ? e->row : NULL;

	if (act == ACT_NEXT_TAB || act == ACT_PREV_TAB) {
		if (s->by != USAGE_BY_JOB)
			by_next(a, v, out);
		return true;
	}
	if (act != ACT_OPEN || u == NULL || u->day == NULL)
		return tablescreen_action(a, v, act, out);
	if (s->by != USAGE_BY_JOB)
		stack_open(a, &scr_usage_day, u->day, out);
	else if (u->job_uid && u->job_name && *u->job_name)
		stack_open(a, &scr_job, u->job_name, out);
	else
		tablescreen_show(a, &s->table, e, T_USAGE_SEVERAL);
	return true;
}

static struct rect below(struct rect r, int rows)
{
	r.y += rows;
	r.height -= rows;
	return r;
}

/* One that is empty has its sentences for itself. */
static int chart_height(const struct usage_view *s, struct rect body)
{
	return s->table.data.len > 0 ? usage_chart_height(body) : 0;
}

static void usage_draw(const struct app *a, const struct view *v, struct grid *g, struct rect body)
{
	struct usage_view *s = v->state;
	int height = chart_height(s, body);

	if (height)
		usage_chart_draw(s, g, (struct rect){body.x, body.y, body.width, height - 1});
	table_body(a, &s->table, v->screen->empty, g, below(body, height));
}

/* Rows of the mouse are those of the list, below the chart. */
static void usage_mouse(struct app *a, struct view *v, const struct msg *m, struct rect body,
	struct cmds *out)
{
	struct usage_view *s = v->state;

	table_mouse(a, &s->table, m, below(body, chart_height(s, body)), out);
}

/* ---- The screens ---- */

#define USAGE_SCREEN                                                                          \
	.kind = &usage_kind, .fields = "uid,day,org_id,job_uid,job_name", .empty = empty,     \
	.rows = page_rows, .open = usage_open, .close = tablescreen_close,                    \
	.message = tablescreen_message, .action = usage_action, .status = tablescreen_status, \
	.crumb = tablescreen_crumb, .table = tablescreen_table, .save = tablescreen_save,     \
	.copy = tablescreen_copy

const struct screen scr_usage = {
	.name = "usage",
	.doc = T_SCREEN_USAGE,
	.root = true,
	.scopes = SCOPE_TABLE | SCOPE_OPEN | SCOPE_TABS,
	.columns = columns,
	.sort = "-day",
	.ask = usage_ask,
	.draw = usage_draw,
	.mouse = usage_mouse,
	USAGE_SCREEN,
};

const struct screen scr_usage_day = {
	.name = "usage-day",
	.doc = T_SCREEN_USAGE_DAY,
	.takes_name = true,
	.scopes = SCOPE_TABLE | SCOPE_OPEN,
	.columns = day_columns,
	.sort = "-gpu_seconds",
	.ask = usage_day_ask,
	.draw = tablescreen_draw,
	.mouse = tablescreen_mouse,
	USAGE_SCREEN,
};
