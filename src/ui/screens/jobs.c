#include "ui/kit/glyphs.h"
#include "ui/screens/screens.h"

#include <string.h>

/* Train jobs: where mltop begins. */

enum { UTIL_CELLS = 9, UTIL_BLOCKS = 5 };

/* The newest samples as blocks, then the number, which takes the place of blocks from 100% on. */
static void util_cell(const struct table *t, const struct entry *e, int64_t now, bool ascii,
	struct buf *out)
{
	const struct job *j = e->row;
	struct buf number = BUF_INIT;
	int most;

	(void)t;
	if (!record_has(job, j, gpu_util)) {
		buf_addc(out, '-');
		return;
	}
	record_cell(&job_kind, j, kind_field(&job_kind, "gpu_util"), now, &number);
	most = UTIL_CELLS - 1 - (int)number.len;
	most = most > UTIL_BLOCKS ? UTIL_BLOCKS : most < 0 ? 0 : most;
	for (int i = e->spark_len > most ? e->spark_len - most : 0; i < e->spark_len; i++)
		buf_adds(out, glyph_level(e->spark[i] * 7 / 100, ascii));
	buf_addf(out, "%*s%s", e->spark_len < most ? most + 1 - e->spark_len : 1, "", number.data);
	buf_release(&number);
}

static void step_cell(const struct table *t, const struct entry *e, int64_t now, bool ascii,
	struct buf *out)
{
	(void)t, (void)ascii;
	record_part_cell(&job_kind, e->row, kind_field(&job_kind, "step"), now, out);
}

static const struct column columns[] = {
	{.field = "job_name", .width = 16, .most = 40},
	{.field = "state", .priority = 1, .width = 9},
	{.field = "why", .priority = 3, .width = 9, .most = 14},
	{.field = "gpu", .priority = 2, .width = 3},
	{.field = "util", .priority = 7, .width = 9, .left = true, .cell = util_cell},
	{.field = "step", .priority = 8, .width = 9, .most = 13, .cell = step_cell},
	{.field = "progress", .priority = 9, .width = 4},
	{.field = "loss", .priority = 5, .width = 6, .most = 8},
	{.field = "eta", .priority = 6, .width = 5, .most = 6},
	{.field = "age", .priority = 4, .width = 4, .most = 5},
	{.field = "owner", .priority = 10, .width = 8, .most = 14},
	{.field = "cpu", .priority = 11, .width = 4, .wide = true},
	{.field = "mem", .priority = 12, .width = 5, .wide = true},
	{.field = "cpu_used", .priority = 13, .width = 5, .wide = true},
	{.field = "memory_used", .priority = 14, .width = 6, .wide = true},
	{.field = "attempt", .priority = 15, .width = 3, .wide = true},
	{.field = "exit_code", .priority = 16, .width = 4, .wide = true},
	{.field = "priority", .priority = 18, .width = 4, .wide = true},
	{.field = "org", .priority = 19, .width = 10, .wide = true},
	{.field = "node_name", .priority = 17, .width = 12, .most = 20, .wide = true},
	{0},
};

static const char *const empty[] = {T_EMPTY_JOBS_1, T_EMPTY_JOBS_2, T_EMPTY_JOBS_3, T_EMPTY_JOBS_4,
	NULL};

/* ---- The screen: its table is the one that the header counts ---- */

static struct table *jobs_table(const struct view *v)
{
	return v->state;
}

static void jobs_open(struct app *a, struct view *v, struct cmds *out)
{
	v->state = &a->home;
	table_subscribe(a, &a->home, &scr_jobs, a->home.data.sub == 0, out);
}

static bool jobs_action(struct app *a, struct view *v, enum action act, struct cmds *out)
{
	const struct job *j = app_object(a).row;

	if ((act == ACT_OPEN || act == ACT_EVENTS) && j) {
		stack_open(a, &scr_job, j->job_name ? j->job_name : "", out);
		if (act == ACT_EVENTS)
			app_action(a, ACT_EVENTS, out);
		return true;
	}
	return tablescreen_action(a, v, act, out);
}

const struct screen scr_jobs = {
	.name = "jobs",
	.doc = T_SCREEN_JOBS,
	.root = true,
	.scopes = SCOPE_TABLE | SCOPE_OPEN,
	.kind = &job_kind,
	.columns = columns,
	.sort = "age",
	.fields = "uid,job_name,state,reason,attempt,gpu_limit,gpu_util,cpu_used,progress_total,"
		  "start_time,"
		  "owner",
	.empty = empty,
	.open = jobs_open,
	.action = jobs_action,
	.mouse = tablescreen_mouse,
	.draw = tablescreen_draw,
	.status = tablescreen_status,
	.crumb = tablescreen_crumb,
	.table = jobs_table,
	.save = tablescreen_save,
	.copy = tablescreen_copy,
};
