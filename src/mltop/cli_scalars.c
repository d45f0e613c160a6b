/* mltop jobs scalars: the curves that a job wrote into event files, or that its log told. */
#include "mltop/cli.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "core/wire/query.h"
#include "mltop/output_inside.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

/* A value as the platform wrote it: a number, or a word of one that is none. */
static double value_of(const json_t *value)
{
	const char *word = json_string_value(value);

	if (word == NULL)
		return json_number_value(value);
	return strcmp(word, "inf") == 0 ? INFINITY : strcmp(word, "-inf") == 0 ? -INFINITY : NAN;
}

/* ---- The question ---- */

/* One --tag is a name whatever is in it; of several there is a list, with commas between them. */
static void tags_add(const struct cli *c, struct query *q)
{
	struct buf tags = BUF_INIT;
	int count = 0;

	for (int i = 0; i < c->flag_count; i++)
		if (strcmp(c->flags[i].name, "tag") == 0)
			buf_addf(&tags, "%s%s", count++ ? "," : "", c->flags[i].value);
	if (count)
		query_add(q, count > 1 ? "tags" : "tag", tags.data, NULL);
	buf_release(&tags);
}

static bool fetch(struct cli *c, json_t **out, struct err *e)
{
	static const struct {
		const char *flag, *parameter;
	} flags[] = {{"run", "run"}, {"from-step", "from_step"}, {"points", "max_points"}};
	struct query q = QUERY_INIT;
	struct buf path = BUF_INIT;
	char *base = cli_path(c->verb->kind, c->args[0], "/scalars");
	bool good;

	tags_add(c, &q);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (cli_value(c, flags[i].flag))
			query_add(&q, flags[i].parameter, cli_value(c, flags[i].flag), NULL);
	buf_adds(&path, base);
	buf_adds(&path, "?");
	query_encode(&q, &path);
	good = cli_call(c, "GET", path.data, NULL, out, e);
	if (good && !json_is_array(json_object_get(*out, "data"))) {
		good = err_set(e, ERR_INTERNAL, "the platform's answer has no list of curves");
		json_decref(*out);
		*out = NULL;
	}
	query_release(&q);
	buf_release(&path);
	free(base);
	return good;
}

/* ---- CSV: every point ---- */

/* Numbers as they are on the wire, so that no digit is lost. */
static void print_csv_value(const struct cli *c, const json_t *value, bool last)
{
	char *text = json_is_number(value) ? json_dumps(value, JSON_ENCODE_ANY) : NULL;

	print_csv_cell(c,
		text                            ? text
			: json_is_string(value) ? json_string_value(value)
						: "",
		false, last);
	free(text);
}

/* What the job called them is no formula where the table is opened. */
static void print_points(const struct cli *c, const json_t *curves)
{
	const json_t *curve, *point;
	size_t i, n;

	puts("run,tag,step,wall_ms,value");
	json_array_foreach(curves, i, curve)
		json_array_foreach(json_object_get(curve, "points"), n, point) {
			print_csv_cell(c, text_of(curve, "run"), true, false);
			print_csv_cell(c, text_of(curve, "tag"), true, false);
			for (size_t at = 0; at < 3; at++)
				print_csv_value(c, json_array_get(point, at), at == 2);
		}
}

/* ---- The table: a line for each curve ---- */

enum { NAME_CELLS = 44 };

static int widest(const json_t *curves, const char *name)
{
	const json_t *curve;
	int most = (int)strlen(name);
	size_t i;

	json_array_foreach(curves, i, curve) {
		int width = utf8_width(text_of(curve, name));

		most = width > most ? width : most;
	}
	return most < NAME_CELLS ? most : NAME_CELLS;
}

static void print_name(const struct cli *c, const char *text, int width)
{
	int used = utf8_width(text);

	output_text(c, text);
	printf("%*s", used < width ? width - used + 2 : 2, "");
}

static void print_value(double v)
{
	if (isnan(v))
		printf("  %12s", "nan");
	else
		printf("  %12.6g", v);
}

/* Of the numbers; nan where there are none. */
static void bounds(const json_t *points, double *least, double *most)
{
	const json_t *point;
	size_t i;

	*least = *most = NAN;
	json_array_foreach(points, i, point) {
		*least = fmin(*least, value_of(json_array_get(point, 2)));
		*most = fmax(*most, value_of(json_array_get(point, 2)));
	}
}

static void print_curve(const struct cli *c, const json_t *curve, int run, int tag)
{
	const json_t *points = json_object_get(curve, "points");
	size_t count = json_array_size(points);
	const json_t *last = count ? json_array_get(points, count - 1) : NULL;
	const json_t *step = json_array_get(last, 0);
	double least, most;

	bounds(points, &least, &most);
	print_name(c, text_of(curve, "run"), run);
	print_name(c, text_of(curve, "tag"), tag);
	printf("%6zu", count);
	if (json_is_integer(step))
		printf("  %10lld", (long long)json_integer_value(step));
	else
		printf("  %10s", "-");
	print_value(value_of(json_array_get(last, 2)));
	print_value(least);
	print_value(most);
	putchar('\n');
}

static void print_curves(const struct cli *c, const json_t *curves)
{
	int run = widest(curves, "run"), tag = widest(curves, "tag");
	const json_t *curve;
	size_t i;

	if (json_array_size(curves) == 0)
		return;
	printf("%-*s  %-*s  POINTS        STEP        NEWEST        LOWEST       HIGHEST\n", run,
		"RUN", tag, "TAG");
	json_array_foreach(curves, i, curve)
		print_curve(c, curve, run, tag);
}

/* What the answer does not hold, and why. */
static void tell_missing(const struct cli *c, const json_t *answer)
{
	const json_t *problem;
	size_t i;

	json_array_foreach(json_object_get(answer, "problems"), i, problem)
		if (json_is_object(problem))
			cli_complain("%s: %s", text_of(problem, "file"),
				text_of(problem, "message"));
		else
			cli_complain("%s", json_string_value(problem));
	if (json_array_size(json_object_get(answer, "data")) == 0)
		cli_complain("job %s has no such curves: it has written no event files into "
			     "MLTOP_OUTPUT_DIR, and its log tells no loss",
			c->args[0]);
	else if (json_is_true(json_object_get(answer, "truncated")))
		cli_complain("there are more points than these: --points and --from-step ask for "
			     "more of a part");
}

int cli_scalars(struct cli *c)
{
	struct err e = ERR_INIT;
	json_t *answer = NULL;

	if (cli_has(c, "json") && cli_has(c, "csv"))
		return cli_usage(c, "--json and --csv are two forms of one answer: give one");
	if (!fetch(c, &answer, &e))
		return cli_fail(&e);
	if (cli_has(c, "json")) {
		output_one(c, NULL, answer, &e);
	} else {
		if (cli_has(c, "csv"))
			print_points(c, json_object_get(answer, "data"));
		else
			print_curves(c, json_object_get(answer, "data"));
		fflush(stdout);
		tell_missing(c, answer);
	}
	json_decref(answer);
	return ferror(stdout) ? cli_output_failed() : EXIT_DONE;
}
