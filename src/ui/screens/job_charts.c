#include "ui/screens/jobview.h"

#include "base/timefmt.h"
#include "ui/kit/chart.h"

#include <stdlib.h>

/* Curves of event files have the whole page where half of it is less than that. */
enum { CURVES_HEIGHT = 8 };

/* What a job used and how its training went, as curves: read once, and gone on with by what is told. */

void job_charts_ask(struct job_view *v, struct app *a, const char *name, struct cmds *out)
{
	struct object job = {&job_kind, v->data.known ? v->data.rec : app_row(a, &job_kind, name)};
	char *path = object_path(a, job, object_id(job, name), "/samples");

	v->samples_id = app_get(a, path, out);
	free(path);
}

bool job_charts_message(struct job_view *v, const struct app *a, const struct msg *m)
{
	const struct job *j = job_of(v);

	if (m->type == MSG_REPLY && m->id && m->id == v->samples_id) {
		v->samples_id = 0;
		series_release(&v->samples);
		series_init(&v->samples, &job_kind);
		/* An older platform keeps none. */
		if (m->status >= 200 && m->status < 300)
			series_decode(&v->samples, m->body, NULL);
		return true;
	}
	if (!v->data.known || kind_life(&job_kind, j) != LIFE_LIVE || v->samples_id ||
		v->samples_due)
		return false;
	series_add(&v->samples, j, a->now);
	return v->tab == TAB_CHARTS;
}

/* "14:02:11 to 14:15:43, 4s a row" */
static void time_line(const struct series *s, struct grid *g, struct rect r)
{
	int64_t ms = (int64_t)s->rows * s->step;
	char span[TIMEFMT_SIZE], step[TIMEFMT_SIZE];

	timefmt_duration(span, ms);
	timefmt_duration(step, s->step);
	grid_textf(g, r.x, r.y, r.width, ROLE_DIM, T_CHART_TIME, span, step);
}

/* Beside them goes what the job used, where that is known and there is room; what is left for it. */
static struct rect curves_above(const struct job_view *v, bool more, struct grid *g, struct rect r)
{
	int height = more && r.height >= 2 * CURVES_HEIGHT ? (r.height + 1) / 2 : r.height;

	curves_draw(&v->curves, g, (struct rect){r.x, r.y, r.width, height});
	return (struct rect){r.x, r.y + height + 1, r.width, r.height - height - 1};
}

void job_charts_draw(const struct job_view *v, struct grid *g, struct rect body)
{
	const struct series *s = &v->samples;
	const struct job *j = job_of(v);
	struct rect all = {body.x + 1, body.y, body.width - 1, body.height - 1};
	bool curves = v->curves.tags.len > 0;
	size_t fields[SERIES_FIELDS_MAX], count = charts_fields(s, curves, fields);

	if (curves)
		all = curves_above(v, count > 0, g, all);
	else if (count == 0)
		grid_text(g, all.x, all.y, all.width, ROLE_DIM,
			v->samples_id ? T_LOADING : T_EMPTY_CHARTS);
	if (count == 0 || all.height < CHART_HEIGHT_MIN)
		return;
	charts_draw(s,
		(struct chart_label){"metric_value",
			record_has(job, j, metric_name) ? j->metric_name : NULL, curves},
		g, all);
	time_line(s, g, (struct rect){all.x, body.y + body.height - 1, all.width, 1});
}

void job_charts_spark(const struct job_view *v, const char *field, bool ascii, struct buf *out)
{
	size_t at = series_field(&v->samples, field);

	if (at != SERIES_FIELDS_MAX)
		chart_spark(&v->samples, at, 20, ascii, out);
}
