#include "ui/parts.h"

#include "base/mem.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Train jobs: where mltop begins. */

enum grid_role job_state_role(unsigned state)
{
	switch (state) {
	case JOB_RUNNING:
	case JOB_COMPLETED: return ROLE_GOOD;
	case JOB_FAILED:
	case JOB_ERROR: return ROLE_BAD;
	case JOB_DELETING:
	case JOB_ERASING: return ROLE_DIM;
	default: return ROLE_WARN;
	}
}

static enum grid_role state_role(const struct entry *e, int64_t now)
{
	(void)now;
	return job_state_role(((const struct job *)e->row)->state);
}

static bool knows(const struct job *j, const char *field)
{
	const struct field *f = kind_field(&job_kind, field);

	return f && record_knows(&job_kind, j, f);
}

/* The newest samples as blocks, then the number: nine cells, so 100% has a block less. */
static void util_cell(const struct table *t, const struct entry *e, int64_t now, bool ascii,
	struct buf *out)
{
	static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	static const char *const plain[] = {"_", ".", ".", "-", "-", "=", "=", "#"};
	const struct job *j = e->row;

	(void)t, (void)now;
	if (!knows(j, "gpu_util")) {
		buf_addc(out, '-');
		return;
	}
	int percent = (int)(j->gpu_util.v + 0.5), most = percent >= 100 ? 4 : 5;

	for (int i = e->spark_len > most ? e->spark_len - most : 0; i < e->spark_len; i++)
		buf_adds(out, (ascii ? plain : blocks)[e->spark[i] * 7 / 100]);
	buf_addf(out, "%*s%d%%", e->spark_len < most ? most + 1 - e->spark_len : 1, "", percent);
}

/* 9999, 12.4k, 90k, 1.5M: four or five characters. */
static void short_count(int64_t n, struct buf *out)
{
	static const char units[] = "kMGTPE";
	double value = (double)n;
	int unit = -1;

	if (n > -10000 && n < 10000) {
		buf_addf(out, "%d", (int)n);
		return;
	}
	while (value >= 1000 || value <= -1000) {
		value /= 1000;
		unit++;
	}
	bool whole = value >= 100 || value <= -100 || (int64_t)(value * 10) % 10 == 0;

	buf_addf(out, "%.*f%c", whole ? 0 : 1, value, units[unit]);
}

static void step_cell(const struct table *t, const struct entry *e, int64_t now, bool ascii,
	struct buf *out)
{
	const struct job *j = e->row;

	(void)t, (void)ascii, (void)now;
	if (!knows(j, "progress_step")) {
		buf_addc(out, '-');
		return;
	}
	short_count(j->progress_step, out);
	if (!knows(j, "progress_total"))
		return;
	buf_addc(out, '/');
	short_count(j->progress_total, out);
}

static const struct column columns[] = {
	{.field = "job_name", .width = 16, .most = 40},
	{.field = "state", .priority = 1, .width = 9, .role = state_role},
	{.field = "why", .priority = 3, .width = 9, .most = 14},
	{.field = "gpu", .priority = 2, .width = 3},
	{.field = "util", .priority = 7, .width = 9, .left = true, .cell = util_cell},
	{.field = "step", .priority = 8, .width = 9, .most = 13, .cell = step_cell},
	{.field = "loss", .priority = 5, .width = 6, .most = 8},
	{.field = "eta", .priority = 6, .width = 5, .most = 6},
	{.field = "age", .priority = 4, .width = 4, .most = 5},
	{.field = "owner", .priority = 9, .width = 8, .most = 14},
	{.field = "cpu", .priority = 10, .width = 4, .wide = true},
	{.field = "mem", .priority = 11, .width = 5, .wide = true},
	{.field = "cpu_used", .priority = 12, .width = 5, .wide = true},
	{.field = "memory_used", .priority = 13, .width = 6, .wide = true},
	{.field = "attempt", .priority = 14, .width = 3, .wide = true},
	{.field = "exit_code", .priority = 15, .width = 4, .wide = true},
	{.field = "priority", .priority = 17, .width = 4, .wide = true},
	{.field = "org", .priority = 18, .width = 10, .wide = true},
	{.field = "node_name", .priority = 16, .width = 12, .most = 20, .wide = true},
	{0},
};

static const char *const empty[] = {T_EMPTY_JOBS_1, T_EMPTY_JOBS_2, T_EMPTY_JOBS_3, T_EMPTY_JOBS_4,
	NULL};

void jobs_tally(void *ctx, const void *row, int sign)
{
	struct tally *t = ctx;
	const struct job *j = row;

	if (job_state_live(j->state))
		t->gpus += sign * j->gpu_limit;
	if (j->state == JOB_RUNNING)
		t->run += sign;
	if (j->state == JOB_VALIDATED || j->state == JOB_ENQUEUED || j->state == JOB_CREATING ||
		j->state == JOB_PENDING || j->state == JOB_ENQUEUING)
		t->wait += sign;
	if (j->state != JOB_RUNNING)
		return;
	if (knows(j, "gpu_util") && j->gpu_util.v >= 0 && j->gpu_util.v <= 1000) {
		int64_t gpus = j->gpu_limit > 0 && j->gpu_limit < 1 << 20 ? j->gpu_limit : 1;

		t->util_sum += sign * gpus * (int64_t)(j->gpu_util.v * 100);
		t->util_count += sign * gpus;
	}
	if (knows(j, "cpu_used") && j->cpu_used.v >= 0 && j->cpu_used.v <= 1e6) {
		t->cpu_sum += sign * (int64_t)(j->cpu_used.v * 100);
		t->cpu_count += sign;
	}
}

const struct job *jobs_current(const struct app *a)
{
	const struct view *v = app_top(a);

	if (v && (app_scopes(a) & SCOPE_JOB))
		return job_view_job(v);
	if (!v || v->screen != &scr_jobs)
		return NULL;
	struct entry *e = table_selected((struct table *)&a->jobs);

	return e ? e->row : NULL;
}

const struct job *jobs_row(const struct app *a, const char *name)
{
	struct entry *e = table_selected((struct table *)&a->jobs);

	if (!e || strcmp(record_key(&job_kind, e->row), name) != 0)
		e = dataset_find_key(&a->jobs.data, name);
	return e ? e->row : NULL;
}

const char *jobs_org(const struct app *a, const struct job *j)
{
	if (strcmp(a->tenant, "-1") != 0)
		return a->tenant;
	return j && j->org_id ? j->org_id : "";
}

/* ---- Why: the exact sentence, read again from the platform ---- */

/* The exit code adds something where the message has not said it and it is not a mere 0. */
static bool exit_tells(const struct job *j)
{
	struct buf said = BUF_INIT;

	if (!knows(j, "exit_code") || (j->exit_code == 0 && j->state != JOB_COMPLETED))
		return false;
	buf_addf(&said, T_WHY_EXIT_IN, (int)j->exit_code);
	const char *at = j->message ? strcasestr(j->message, said.data) : NULL;
	bool whole = at && !isdigit((unsigned char)at[said.len]);

	buf_release(&said);
	return !whole;
}

static void why_lines(struct app *a, const struct job *j)
{
	struct buf title = BUF_INIT;

	buf_addf(&title, T_WHY_TITLE, j->job_name ? j->job_name : "");
	popup_open(a, title.data);
	buf_addf(&a->popup, "%s%s%s\n", job_state_words[j->state],
		*job_reason_words[j->reason] ? ": " : "", job_reason_words[j->reason]);
	if (j->message && *j->message)
		buf_addf(&a->popup, "%s\n", j->message);
	else if (j->reason == REASON_NONE)
		buf_adds(&a->popup,
			j->state == JOB_RUNNING ? T_WHY_RUNNING "\n" : T_WHY_NOTHING "\n");
	if (exit_tells(j))
		buf_addf(&a->popup, T_WHY_EXIT "\n", (int)j->exit_code);
	buf_release(&title);
}

void jobs_why(struct app *a, struct cmds *out)
{
	const struct job *j = jobs_current(a);

	if (!j) {
		app_notice(a, ROLE_WARN, T_NO_ROW);
		return;
	}
	if (j->message && *j->message) {
		why_lines(a, j);
		return;
	}
	char *path = job_path(a, j, j->job_name ? j->job_name : "", "");

	a->why_id = app_get(a, path, out);
	app_notice(a, ROLE_DIM, T_WHY_ASKING);
	free(path);
}

void jobs_why_reply(struct app *a, const struct msg *m)
{
	struct arena texts = ARENA_INIT;
	struct buf why = BUF_INIT;
	struct job j = {0};
	struct err e = ERR_INIT;

	a->why_id = 0;
	app_notice_clear(a);
	if (m->status < 200 || m->status >= 300) {
		reply_error(m, &why);
		app_notice(a, ROLE_BAD, "%s", why.data);
	} else if (!record_decode(&job_kind, &j, &texts, m->body, DECODE_SERVER, &e)) {
		app_notice(a, ROLE_BAD, "%s", e.text);
	} else if (a->mode == MODE_NONE) {
		why_lines(a, &j);
	}
	buf_release(&why);
	arena_release(&texts);
}

/* ---- The screen: its table is the one that the header counts ---- */

static struct table *jobs_table(const struct view *v)
{
	return v->state;
}

static void jobs_open(struct app *a, struct view *v, struct cmds *out)
{
	v->state = &a->jobs;
	table_subscribe(a, &a->jobs, &scr_jobs, a->jobs.data.sub == 0, out);
}

static bool jobs_action(struct app *a, struct view *v, enum action act, struct cmds *out)
{
	const struct job *j = jobs_current(a);

	if ((act == ACT_OPEN || act == ACT_EVENTS) && j) {
		stack_open(a, &scr_job, j->job_name ? j->job_name : "", out);
		if (act == ACT_EVENTS)
			app_action(a, ACT_NEXT_TAB, out);
		return true;
	}
	return tablescreen_action(a, v, act, out);
}

const struct screen scr_jobs = {
	.name = "jobs",
	.doc = T_SCREEN_JOBS,
	.root = true,
	.scopes = SCOPE_TABLE | SCOPE_JOBS,
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
