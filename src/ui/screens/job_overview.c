#include "ui/screens/jobview.h"

#include "base/timefmt.h"
#include "ui/kit/glyphs.h"

#include <string.h>

/* What a job is about, on one page: state, progress, means, the newest events. */

static void label(struct job_view *v, const char *name, const char *const *fields)
{
	struct buf line = BUF_INIT;

	for (; *fields; fields++) {
		const struct field *f = kind_field(&job_kind, *fields);
		size_t before = line.len;

		if (!f || !record_knows(&job_kind, v->data.rec, f))
			continue;
		if (f->type->storage == ST_TEXT && !*record_text(v->data.rec, f))
			continue;
		buf_adds(&line, before ? "  " : "");
		if (before || fields[1])
			buf_addf(&line, "%s ", *fields);
		textpane_cell(&job_kind, v->data.rec, f, 0, &line);
	}
	if (line.len)
		textpane_add(&v->overview, ROLE_NORMAL, "  %s\t%s", name, line.data);
	buf_release(&line);
}

/* How much of the whole is done: it never goes back at the next epoch. */
static void progress_bar(struct job_view *v, bool ascii)
{
	const struct job *j = job_of(v);
	struct buf bar = BUF_INIT;
	double part = j->progress_percent.v;

	if (!record_has(job, j, progress_percent))
		return;
	glyph_bar(part / 100, 30, ascii, &bar);
	textpane_add(&v->overview, ROLE_GOOD, "  %s\t%s %d%%", T_LABEL_PROGRESS, bar.data,
		(int)part);
	buf_release(&bar);
}

static void cell(struct job_view *v, const char *field, const char *before, struct buf *out)
{
	const struct field *f = kind_field(&job_kind, field);

	if (!f || !record_knows(&job_kind, v->data.rec, f))
		return;
	buf_adds(out, before);
	record_cell(&job_kind, v->data.rec, f, 0, out);
}

/* "validate  step 378 of 2400  epoch 2 of 5  loss 1.968  acc 0.62  left 1m08  steps a second 33" */
static void training_line(struct job_view *v)
{
	struct buf line = BUF_INIT;

	cell(v, "phase", "  ", &line);
	cell(v, "progress_step", T_TRAIN_STEP, &line);
	cell(v, "progress_total", T_TRAIN_OF, &line);
	cell(v, "progress_epoch", T_TRAIN_EPOCH, &line);
	cell(v, "progress_epochs", T_TRAIN_OF, &line);
	cell(v, "loss", T_TRAIN_LOSS, &line);
	cell(v, "metric_name", "  ", &line);
	cell(v, "metric_value", " ", &line);
	cell(v, "progress_eta", T_TRAIN_LEFT, &line);
	cell(v, "progress_rate", T_TRAIN_RATE, &line);
	if (line.len)
		textpane_add(&v->overview, ROLE_NORMAL, "  %s\t%s", T_LABEL_TRAINING,
			line.data + strspn(line.data, " "));
	buf_release(&line);
}

/* "loss ▇▆▅▃▂▂▁  gpu_util ▇▇▇▇▆▇▇": its whole life in a line. */
static void curves_line(struct job_view *v, bool ascii)
{
	static const char *const names[] = {"loss", "gpu_util", "cpu_used"};
	struct buf line = BUF_INIT;
	int shown = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names) && shown < 2; i++) {
		struct buf curve = BUF_INIT;

		job_charts_spark(v, names[i], ascii, &curve);
		if (curve.len && curve.len > strspn(curve.data, " ")) {
			buf_addf(&line, "%s%s %s", shown++ ? "  " : "", names[i], curve.data);
		}
		buf_release(&curve);
	}
	if (line.len)
		textpane_add(&v->overview, ROLE_NORMAL, "  %s\t%s", T_LABEL_CURVES, line.data);
	buf_release(&line);
}

static void state_lines(struct job_view *v, int64_t now)
{
	const struct job *j = job_of(v);
	struct buf what = BUF_INIT, clean = BUF_INIT;
	char age[TIMEFMT_SIZE] = "-";

	if (j->start_time.v)
		timefmt_duration(age,
			(j->end_time.v > j->start_time.v ? j->end_time.v : now) - j->start_time.v);
	const char *state = record_word(&job_kind, j, kind_state(&job_kind)),
		   *reason = record_word(&job_kind, j, kind_field(&job_kind, "reason"));

	textpane_add(&v->overview, tone_role(kind_tone(&job_kind, j)), "  %s\t%s%s%s",
		T_LABEL_STATE, state ? state : "-", reason && *reason ? ": " : "",
		reason ? reason : "");
	if (j->message && *j->message)
		textpane_add(&v->overview, ROLE_NORMAL, "  %s\t%s", T_LABEL_WHY, j->message);
	if (record_has(job, j, failure))
		textpane_add(&v->overview, ROLE_BAD, "  %s\t%s", T_LABEL_FAILURE, j->failure);
	job_what(j, &what);
	sanitize_text(&clean, what.data, what.len);
	textpane_add(&v->overview, ROLE_NORMAL, "  %s\t%s", T_LABEL_RUNS, clean.data);
	textpane_add(&v->overview, ROLE_NORMAL, "  %s\t%s", T_LABEL_TIME, age);
	buf_release(&what);
	buf_release(&clean);
}

static void newest_events(struct job_view *v, int64_t now)
{
	const struct kind *k = v->events.data.kind;
	size_t n = table_count(&v->events);

	if (n == 0)
		return;
	textpane_add(&v->overview, ROLE_HEADER, "\n%s", T_TAB_EVENTS);
	for (size_t i = 0; i < n && i < 6; i++) {
		const struct event *e = v->events.view[i]->row;
		struct buf age = BUF_INIT;

		record_cell(k, e, kind_field(k, "age"), now, &age);
		textpane_add(&v->overview,
			tone_role((enum tone)record_look(k, e, kind_field(k, "type")).tone),
			"  %4s  %s\t%s", age.data, e->reason ? e->reason : "",
			e->message ? e->message : "");
		buf_release(&age);
	}
}

void job_fill(struct job_view *v, const struct app *a)
{
	static const char *const uses[] = {"gpu", "util", "cpu", "cpu_used", "mem", "memory_used",
		NULL};
	static const char *const tries[] = {"attempt", "max_attempts", "restart_policy",
		"exit_code", "signal", NULL};
	static const char *const owns[] = {"owner", "org", "priority", "node_name", NULL};
	static const char *const made[] = {"create_time", NULL},
				 *const began[] = {"start_time", NULL},
				 *const ended[] = {"end_time", NULL};

	textpane_clear(&v->overview);
	textpane_clear(&v->spec);
	if (v->data.error)
		textpane_add(&v->overview, ROLE_BAD, "%s", v->data.error);
	if (!v->data.known) {
		if (!v->data.error)
			textpane_add(&v->overview, ROLE_DIM, "%s", T_LOADING);
		return;
	}
	state_lines(v, a->now);
	progress_bar(v, a->options.ascii);
	training_line(v);
	curves_line(v, a->options.ascii);
	label(v, T_LABEL_USES, uses);
	label(v, T_LABEL_ATTEMPT, tries);
	label(v, T_LABEL_OWNER, owns);
	label(v, T_LABEL_CREATED, made);
	label(v, T_LABEL_STARTED, began);
	label(v, T_LABEL_ENDED, ended);
	newest_events(v, a->now);
	textpane_record(&v->spec, &job_kind, v->data.rec, a->now, 0xF);
}
