/*
 * GET /metrics: what the platform measures, as Prometheus reads it (text exposition format 0.0.4). Rows
 * of the kinds that say so (struct kind's `measured`), what runs and waits by org, and the daemon itself.
 * How many lines there are is bounded whatever people do: of a kind METRICS_ROWS rows, and jobs are
 * counted, not named. Nobody is asked for a signature, which Prometheus cannot make, but for the token of
 * metrics.token_file.
 */
#include "kinds/kinds.h"

#include "base/map.h"
#include "base/mem.h"
#include "core/wire/sign.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { METRICS_ROWS = 1000, METRICS_ORGS = 1000 };

static const char type_text[] = "text/plain; version=0.0.4; charset=utf-8";

/* ---- Lines ---- */

static void head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* name="value": as the format quotes it. */
static void label(struct buf *out, const char *name, const char *value, bool first)
{
	buf_addf(out, "%s%s=\"", first ? "{" : ",", name);
	for (; *value; value++) {
		if (*value == '\\' || *value == '"')
			buf_addc(out, '\\');
		if (*value == '\n')
			buf_adds(out, "\\n");
		else
			buf_addc(out, *value);
	}
	buf_addc(out, '"');
}

static void one(struct buf *out, const char *name, const char *type, const char *help, double v)
{
	head(out, name, type, help);
	buf_addf(out, "%s %.17g\n", name, v);
}

/* ---- Rows ---- */

/* In Prometheus's units: CPUs and not thousandths, seconds and not ms. NAN: no number, or no limit. */
static double number_of(const struct kind *k, const void *rec, const struct field *f)
{
	double v;

	if (!record_knows(k, rec, f))
		return NAN;
	v = f->type->number(record_member(rec, f), 0);
	if (isinf(v))
		return NAN;
	return f->type->storage == ST_MICRO                                ? v / 1e6
		: f->type->storage == ST_MCPU || f->type->storage == ST_MS ? v / 1000
									   : v;
}

static bool is_measure(const struct field *f)
{
	return f->type->number && !(f->flags & (F_ALIAS | F_SECRET | F_KEY | F_UID)) &&
		f->type->storage != ST_WHEN && f->type->storage != ST_ENUM;
}

enum { LABELS_MAX = 8 };

/* The fields that tell rows apart: kind.measured, divided once for all rows and measures. */
struct names {
	const struct field *items[LABELS_MAX];
	size_t len;
};

static struct names names_of(const struct kind *k)
{
	struct names out = {.len = 0};
	const char *name = k->measured;

	while (*name && out.len < LABELS_MAX) {
		size_t len = strcspn(name, ",");
		char text[64];

		snprintf(text, sizeof text, "%.*s", (int)len, name);
		out.items[out.len++] = kind_field(k, text);
		name += len + (name[len] == ',');
	}
	return out;
}

static void labels(struct buf *out, const struct names *names, const void *rec)
{
	for (size_t i = 0; i < names->len; i++)
		label(out, names->items[i]->name, record_text(rec, names->items[i]), i == 0);
	buf_addc(out, '}');
}

static void field_lines(struct buf *out, const struct rowset *rows, const struct names *names,
	const struct field *f)
{
	const struct kind *k = rows->kind;
	bool headed = false;
	char name[128];

	snprintf(name, sizeof name, "mltop_%s_%s", k->name, f->name);
	for (size_t i = 0; i < rows->len && i < METRICS_ROWS; i++) {
		double v = number_of(k, rows->rows[i], f);

		/* One that only stands in place of another is not measured twice. */
		if (isnan(v) || *model_veils(k, rows->rows[i]))
			continue;
		if (!headed)
			head(out, name, "gauge", f->doc ? f->doc : f->name);
		headed = true;
		buf_adds(out, name);
		labels(out, names, rows->rows[i]);
		buf_addf(out, " %.17g\n", v);
	}
}

static void kind_lines(struct buf *out, const struct rowset *rows)
{
	struct names names = names_of(rows->kind);

	for (size_t i = 0; i < rows->kind->field_count; i++)
		if (is_measure(&rows->kind->fields[i]))
			field_lines(out, rows, &names, &rows->kind->fields[i]);
}

/* ---- What runs and waits ---- */

struct counted {
	int64_t live, waiting, held;
};

/* From METRICS_ORGS on all others are counted as one, which has no name. */
static struct counted *counted_of(struct map *orgs, const char *org)
{
	struct counted *c = map_get(orgs, org);

	if (c == NULL && orgs->len >= METRICS_ORGS) {
		org = "";
		c = map_get(orgs, org);
	}
	if (c == NULL) {
		c = mem_alloc(sizeof *c);
		map_set(orgs, org, c);
	}
	return c;
}

static void count(struct work *w, struct map *orgs)
{
	struct active *a;

	for (size_t at = 0; active_next(w, &at, &a);) {
		struct counted *c = counted_of(orgs, a->work->org_name ? a->work->org_name : "");

		c->live += work_state_live(a->work->state);
		c->waiting += !work_state_live(a->work->state) && !a->work->held;
		c->held += a->work->held;
	}
}

static void count_line(struct buf *out, const char *org, const char *state, int64_t n)
{
	buf_adds(out, "mltop_workloads");
	label(out, "org_name", org, true);
	label(out, "state", state, false);
	buf_addf(out, "} %lld\n", (long long)n);
}

static void work_lines(struct buf *out, struct work *w)
{
	struct map orgs = MAP_INIT;
	const char *org;
	void *value;

	count(w, &orgs);
	head(out, "mltop_workloads", "gauge", "Jobs and their like that are not over, by org.");
	for (size_t at = 0; map_next(&orgs, &at, &org, &value);) {
		const struct counted *c = value;

		count_line(out, org, "live", c->live);
		count_line(out, org, "waiting", c->waiting);
		count_line(out, org, "held", c->held);
		free(value);
	}
	map_release(&orgs);
}

/* ---- The daemon ---- */

static double resident(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	long long pages = 0;

	if (f && fscanf(f, "%*d %lld", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static void process_lines(struct buf *out)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	head(out, "mltop_build_info", "gauge", "1, with the version of mltopd.");
	buf_adds(out, "mltop_build_info");
	label(out, "version", MLTOP_VERSION, true);
	buf_adds(out, "} 1\n");
	one(out, "process_resident_memory_bytes", "gauge", "Memory of mltopd.", resident());
	one(out, "process_cpu_seconds_total", "counter", "CPU that mltopd has used.",
		(double)use.ru_utime.tv_sec + (double)use.ru_stime.tv_sec +
			(double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6);
}

static bool allowed(const struct request *r, struct err *e)
{
	const char *token = r->platform->settings.metrics_token;
	size_t len = strlen(token);

	if (len == 0)
		return err_set(e, ERR_NOT_FOUND,
			"there are no metrics here: set metrics.token_file to a file with a token, "
			"and give that to Prometheus as its bearer token");
	if (r->bearer && strlen(r->bearer) == len && sign_equal(r->bearer, token, len))
		return true;
	return err_set(e, ERR_UNAUTHORIZED,
		"Unauthorized: /metrics wants the token of metrics.token_file "
		"(Authorization: Bearer TOKEN)");
}

void platform_metrics(struct request *r)
{
	struct platform *p = r->platform;
	struct buf out = BUF_INIT;
	struct err e = ERR_INIT;

	if (!allowed(r, &e)) {
		request_fail(r, &e);
		return;
	}
	process_lines(&out);
	work_lines(&out, &p->work);
	for (size_t i = 0; i < p->model.sets.len; i++)
		if (p->model.sets.items[i].kind->measured)
			kind_lines(&out, p->model.sets.items[i].rows);
	request_reply_text(r, type_text, &out);
}
