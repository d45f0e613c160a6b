/*
 * GET .../scalars of an object that runs: the curves of its event files, or where it has none those
 * that its log told.
 */
#include "kinds/work.h"

#include "base/mem.h"
#include "base/num.h"
#include "core/events/answer.h"
#include "work/history.h"
#include "work/scalars.h"

#include <stdlib.h>
#include <string.h>

enum { PROBLEMS_MAX = 20 }; /* files that are named; of the rest, how many */

struct scalars_ask {
	struct scalars_look look;
	struct request *r;
	struct scalar_query query;
	char *tags, *tag, *run;
	char uid[ULID_SIZE];
	char *past; /* where its samples are */
	struct buf text;
	bool some;            /* there are points in event files */
	struct series series; /* else */
};

static void ask_free(struct scalars_ask *s)
{
	series_release(&s->series);
	buf_release(&s->text);
	free(s->tags);
	free(s->tag);
	free(s->run);
	free(s->past);
	free(s);
}

/* ---- In the pool ---- */

static void problem_add(json_t *list, const struct event_file *file)
{
	struct buf text = BUF_INIT;

	if (file->why)
		buf_adds(&text, file->why);
	if (file->skipped)
		buf_addf(&text, "%s%llu records were left out: their checksums are wrong",
			text.len ? "; " : "", (unsigned long long)file->skipped);
	if (file->passed)
		buf_addf(&text, "%svalues were passed over: too long, or too many in one record",
			text.len ? "; " : "");
	json_array_append_new(list,
		json_pack("{s:s, s:s}", "file", file->path, "message", text.data));
	buf_release(&text);
}

/* Of each file of which not all could be read, why. */
static void problems_write(const struct event_folder *folder, struct buf *out)
{
	json_t *list = json_array();
	char *text;
	size_t more = 0;

	for (size_t i = 0; i < folder->files.len; i++) {
		const struct event_file *file = &folder->files.items[i];

		if (file->why == NULL && file->skipped == 0 && !file->passed)
			continue;
		if (json_array_size(list) < PROBLEMS_MAX)
			problem_add(list, file);
		else
			more++;
	}
	if (more)
		json_array_append_new(list,
			json_sprintf("%llu more files", (unsigned long long)more));
	text = json_dumps(list, JSON_COMPACT);
	if (json_array_size(list) && text)
		buf_addf(out, ",\"problems\":%s", text);
	free(text);
	json_decref(list);
}

static void events_write(struct scalars_ask *s, const struct event_folder *folder)
{
	struct buf *out = &s->text;
	bool cut;

	buf_adds(out, "{\"data\":");
	cut = scalars_write(&folder->scalars, &s->query, out) || folder->more;
	buf_addf(out, ",\"truncated\":%s,\"source\":\"events\"", cut ? "true" : "false");
	problems_write(folder, out);
	buf_adds(out, "}");
}

static void folder_read(struct scalars_look *look, const struct event_folder *folder)
{
	struct scalars_ask *s = CONTAINER_OF(look, struct scalars_ask, look);

	s->some = folder->scalars.points > 0 || folder->more;
	if (s->some)
		events_write(s, folder);
	else
		history_read(&s->series, s->past);
}

/* ---- What the log told ---- */

/* Steps are not kept with samples: null. */
static void measure_write(const struct series *series, size_t field, const char *tag, json_t *list)
{
	json_t *points = json_array();

	for (size_t row = 0; row < series->rows; row++) {
		float v = series_at(series, row, field);
		struct buf value = BUF_INIT;

		if (v == (float)SERIES_UNKNOWN)
			continue;
		scalar_value_write((double)v, &value);
		json_array_append_new(points,
			json_pack("[n, I, o]",
				(json_int_t)(series->from + (int64_t)row * series->step),
				json_loads(value.data, JSON_DECODE_ANY, NULL)));
		buf_release(&value);
	}
	json_array_append_new(list,
		json_pack("{s:s, s:s, s:o}", "tag", tag, "run", ".", "points", points));
}

static const char *tag_of(const struct field *f, const struct workload *row, const struct kind *k)
{
	return row && strcmp(f->name, "metric_value") == 0 && workload_has(k, row, metric_name)
		? row->metric_name
		: f->name;
}

static void log_answer(struct scalars_ask *s, const struct series *series)
{
	const struct kind *k = s->r->route->kind;
	const struct workload *row = model_workload(&s->r->platform->model, s->uid, NULL);
	json_t *list = json_array();
	float any;

	for (size_t i = 0; i < series->field_count; i++) {
		const char *tag = tag_of(series->fields[i], row, k);

		if (series->fields[i]->type == &ft_measure && series_newest(series, i, &any) &&
			scalar_named(s->query.tags, tag) && scalar_named(s->query.run, ".") &&
			(s->query.tag == NULL || strcmp(s->query.tag, tag) == 0))
			measure_write(series, i, tag, list);
	}
	request_reply(s->r, 200,
		json_pack("{s:o, s:b, s:s}", "data", list, "truncated", false, "source", "log"));
}

static void scalars_looked(struct scalars_look *look, bool ran)
{
	struct scalars_ask *s = CONTAINER_OF(look, struct scalars_ask, look);
	struct platform *p = s->r->platform;
	struct active *a = work_active(&p->work, s->uid);

	if (!ran) {
		struct err e = ERR_INIT;

		err_set(&e, ERR_UNAVAILABLE, "mltopd is starting or stopping: ask again");
		request_fail_retry(s->r, &e, 1);
	} else if (s->some) {
		request_reply_owned(s->r, 200, &s->text);
	} else if (a && history_series(a)) {
		log_answer(s, history_series(a));
	} else {
		history_past(&p->work, s->uid, &s->series);
		log_answer(s, &s->series);
	}
	ask_free(s);
	platform_let_go(p);
}

/* ---- The question ---- */

static bool wants(struct scalars_ask *s, struct err *e)
{
	const char *from = request_query(s->r, "from_step");
	const char *points = request_query(s->r, "max_points");

	s->query = (struct scalar_query)SCALAR_QUERY_INIT;
	s->query.tags = s->tags = mem_strdup(request_query(s->r, "tags"));
	s->query.tag = s->tag = mem_strdup(request_query(s->r, "tag"));
	s->query.run = s->run = mem_strdup(request_query(s->r, "run"));
	if (from && !num_i64(from, INT64_MIN, INT64_MAX, &s->query.from_step))
		return err_field(e, ERR_INVALID, "from_step",
			"from_step is '%.40s': give a whole number", from);
	if (points && !num_i64(points, 1, SCALAR_POINTS_MAX, &s->query.points))
		return err_field(e, ERR_INVALID, "max_points",
			"max_points is '%.40s': give a number of 1 to %d", points,
			SCALAR_POINTS_MAX);
	return true;
}

void workload_scalars(struct request *r)
{
	const struct workload *row = request_object(r);
	char key[PLATFORM_TURN_SIZE];
	struct scalars_ask *s;
	struct err e = ERR_INIT;

	if (row == NULL)
		return;
	s = mem_alloc(sizeof *s);
	s->r = r;
	series_init(&s->series, r->route->kind);
	if (!wants(s, &e)) {
		request_fail(r, &e);
		ask_free(s);
		return;
	}
	memcpy(s->uid, row->uid, strnlen(row->uid, sizeof s->uid - 1));
	s->past = history_path(&r->platform->work, row->uid);
	s->look.read = folder_read;
	s->look.over = scalars_looked;
	platform_hold(r->platform);
	scalars_look(&r->platform->work, row->uid, platform_turn(row->org_id, key), &s->look);
}
