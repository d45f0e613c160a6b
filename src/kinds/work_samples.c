/* GET .../samples of an object that runs: what its samples were over time. */
#include "kinds/work.h"

#include "base/mem.h"
#include "base/num.h"
#include "work/history.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

struct samples_ask {
	uv_work_t work;
	struct request *r;
	char uid[ULID_SIZE];
	char *path; /* where they are, when they are not in memory */
	struct series series;
	bool some; /* only these fields: */
	struct fieldset only;
	int64_t since;
};

static void asked_free(struct samples_ask *s)
{
	series_release(&s->series);
	free(s->path);
	free(s);
}

static void answer(struct samples_ask *s, const struct series *series)
{
	request_reply(s->r, 200, series_encode(series, s->some ? &s->only : NULL, s->since));
}

static void read_work(uv_work_t *work)
{
	struct samples_ask *s = work->data;

	history_read(&s->series, s->path);
}

static void samples_read(uv_work_t *work, int status)
{
	struct samples_ask *s = work->data;
	struct platform *p = s->r->platform;

	(void)status;
	history_past(&p->work, s->uid, &s->series);
	answer(s, &s->series);
	asked_free(s);
	platform_let_go(p);
}

static bool only_samples(const struct kind *k, const struct fieldset *set, struct err *e)
{
	for (size_t i = 0; i < k->field_count; i++)
		if (fieldset_has(set, i) && !(k->fields[i].flags & F_SERIES))
			return err_field(e, ERR_INVALID, "fields",
				"no history is kept of %s: see fields in an answer without ?fields=",
				k->fields[i].name);
	return true;
}

static bool wants(struct samples_ask *s, const struct kind *k, struct err *e)
{
	const char *fields = request_query(s->r, "fields"), *from = request_query(s->r, "from");

	if (from && !num_i64(from, 0, INT64_MAX / 2, &s->since))
		return err_field(e, ERR_INVALID, "from",
			"from is '%.40s': give milliseconds since 1970", from);
	s->some = fields && *fields;
	return !s->some || (fieldset_parse(&s->only, k, fields, e) && only_samples(k, &s->only, e));
}

void workload_samples(struct request *r)
{
	const struct workload *row = request_object(r);
	struct work *w = &r->platform->work;
	struct samples_ask *s;
	struct active *a;
	struct err e = ERR_INIT;

	if (row == NULL)
		return;
	s = mem_alloc(sizeof *s);
	s->work.data = s;
	s->r = r;
	a = work_active(w, row->uid);
	if (!wants(s, r->route->kind, &e)) {
		request_fail(r, &e);
		asked_free(s);
	} else if (a && history_series(a)) {
		answer(s, history_series(a));
		asked_free(s);
	} else {
		memcpy(s->uid, row->uid, sizeof s->uid);
		s->path = history_path(w, row->uid);
		series_init(&s->series, r->route->kind);
		platform_hold(r->platform);
		uv_queue_work(r->platform->loop, &s->work, read_work, samples_read);
	}
}
