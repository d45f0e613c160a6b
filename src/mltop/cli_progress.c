/*
 * mltop progress: what the platform would read from a log, line by line. For who writes a pattern and
 * for who files a bug; only --framework asks a platform. Memory does not grow with the log.
 */
#include "mltop/cli.h"
#include "mltop/output_inside.h"

#include "base/sanitize.h"
#include "base/timefmt.h"
#include "core/progress/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	READ_BYTES = 64 * 1024,
	/* A whole log has no times: so few bytes a second hold fewer lines than are passed over. */
	WHOLE_BYTES = 100,
	WHOLE_MS = 1000,
};

struct report {
	const char *file; /* as it was named; NULL: standard input */
	int fd;
	bool json, read_only;
	bool whole;          /* every line is read, however fast they come */
	int64_t clock_ms;    /* of a whole log */
	uint64_t told, read; /* lines and redraws */
	struct progress *reader;
};

/* Ctrl-C ends the reading, not the report. */
static volatile sig_atomic_t interrupted;

static void interrupt_seen(int number)
{
	(void)number;
	interrupted = 1;
}

/* ---- Values ---- */

static json_t *real_json(double value)
{
	if (isnan(value))
		return json_string("nan");
	return isinf(value) ? json_string(value < 0 ? "-inf" : "inf") : json_real(value);
}

static json_t *clean_json(const char *text)
{
	struct buf clean = BUF_INIT;
	json_t *out;

	sanitize_text(&clean, text, strlen(text));
	out = json_stringn(clean.len ? clean.data : "", clean.len);
	buf_release(&clean);
	return out;
}

static json_t *ranks_json(const struct progress_ranks *r)
{
	json_t *out = json_pack("{s:i}", "seen", r->seen);

	if (r->expected > 0)
		json_object_set_new(out, "expected", json_integer(r->expected));
	if (r->behind >= 0) {
		json_object_set_new(out, "behind", json_integer(r->behind));
		json_object_set_new(out, "behind_step", json_integer(r->behind_step));
	}
	return out;
}

static json_t *value_json(const struct progress_values *v, unsigned bit)
{
	switch (bit) {
	case PROGRESS_STEP: return json_integer(v->step);
	case PROGRESS_TOTAL: return json_integer(v->total);
	case PROGRESS_EPOCH: return json_integer(v->epoch);
	case PROGRESS_EPOCHS: return json_integer(v->epochs);
	case PROGRESS_PERCENT: return json_real(v->percent);
	case PROGRESS_RATE: return json_real(v->rate);
	case PROGRESS_ETA: return json_integer(v->eta_ms);
	case PROGRESS_LOSS: return real_json(v->loss);
	case PROGRESS_METRIC: return real_json(v->metric);
	case PROGRESS_PHASE: return clean_json(v->phase);
	case PROGRESS_RANKS: return ranks_json(&v->ranks);
	default: return json_null();
	}
}

/* Under the names that a job's row has for them; what is not known is not there. */
static json_t *values_json(const struct progress_values *v)
{
	json_t *out = json_object();

	for (unsigned bit = 1; progress_field(bit); bit <<= 1) {
		if (!(v->known & bit))
			continue;
		if (bit == PROGRESS_METRIC)
			json_object_set_new(out, "metric_name", clean_json(v->metric_name));
		json_object_set_new(out, progress_field(bit), value_json(v, bit));
	}
	return out;
}

/* As a job's row has them at its end: also who said them. */
static json_t *row_json(const struct progress_values *v)
{
	json_t *out = values_json(v);

	if (progress_source(v))
		json_object_set_new(out, "source", json_string(progress_source(v)));
	return out;
}

static void number_add(struct buf *out, const char *name, double value)
{
	buf_addf(out, "%s%s %.6g", out->len ? ", " : "", name, value);
}

/* "340/1000" */
static void count_add(struct buf *out, const char *name, bool known, int64_t n, bool of,
	int64_t all)
{
	if (!known && !of)
		return;
	buf_addf(out, "%s%s ", out->len ? ", " : "", name);
	if (known)
		buf_addf(out, "%lld", (long long)n);
	else
		buf_adds(out, "?");
	if (of)
		buf_addf(out, "/%lld", (long long)all);
}

/* "step 340/1000, epoch 3/10, loss 0.53" */
static void values_text(const struct progress_values *v, struct buf *out)
{
	char time[TIMEFMT_SIZE];

	count_add(out, "step", v->known & PROGRESS_STEP, v->step, v->known & PROGRESS_TOTAL,
		v->total);
	count_add(out, "epoch", v->known & PROGRESS_EPOCH, v->epoch, v->known & PROGRESS_EPOCHS,
		v->epochs);
	if (v->known & PROGRESS_PERCENT)
		number_add(out, "percent", v->percent);
	if (v->known & PROGRESS_RATE)
		number_add(out, "steps a second", v->rate);
	if (v->known & PROGRESS_ETA) {
		timefmt_duration(time, v->eta_ms);
		buf_addf(out, "%sETA %s", out->len ? ", " : "", time);
	}
	if (v->known & PROGRESS_LOSS)
		number_add(out, "loss", v->loss);
	if (v->known & PROGRESS_METRIC) {
		struct buf name = BUF_INIT;

		sanitize_text(&name, v->metric_name, strlen(v->metric_name));
		number_add(out, name.len ? name.data : "metric", v->metric);
		buf_release(&name);
	}
}

/* ---- A line ---- */

static void bar_cells_show(char *text)
{
	for (; *text; text++)
		if (*text == PROGRESS_CELL_FULL)
			*text = '#';
		else if (*text == PROGRESS_CELL_EMPTY)
			*text = '.';
}

static void line_print_json(const struct progress_line *l, const char *text)
{
	json_t *row = json_pack("{s:I,s:o}", "line", (json_int_t)l->line, "text", clean_json(text));

	if (l->reader) {
		json_object_set_new(row, "reader", json_string(l->reader));
		json_object_set_new(row, "read", values_json(&l->values));
	}
	if (l->loop)
		json_object_set_new(row, "loop", json_string(l->loop));
	if (l->phase[0])
		json_object_set_new(row, "phase", clean_json(l->phase));
	if (l->rank >= 0)
		json_object_set_new(row, "rank", json_integer(l->rank));
	if (l->other_rank)
		json_object_set_new(row, "other_rank", json_true());
	if (l->passed)
		json_object_set_new(row, "passed", json_true());
	print_json_value(row, false, 0);
	putchar('\n');
	json_decref(row);
}

/* "tqdm: step 3/10, loss 0.5; phase train, bar of train, rank 1" */
static void line_reading(const struct progress_line *l, struct buf *out)
{
	struct buf values = BUF_INIT;

	if (l->passed)
		buf_adds(out, "passed over: too many came in this second");
	if (l->reader == NULL)
		return;
	values_text(&l->values, &values);
	buf_addf(out, "%s: %s", l->reader, values.len ? values.data : "");
	buf_release(&values);
	if (l->phase[0]) {
		buf_adds(out, "; phase ");
		sanitize_text(out, l->phase, strlen(l->phase));
	}
	if (l->loop)
		buf_addf(out, "; loop %s", l->loop);
	if (l->rank >= 0)
		buf_addf(out, "; rank %d%s", l->rank,
			l->other_rank ? ", of which the step alone is kept: a lower one speaks"
				      : "");
}

static void line_print(const struct progress_line *l, const char *text)
{
	struct buf shown = BUF_INIT, reading = BUF_INIT;

	sanitize_text(&shown, text, strlen(text));
	line_reading(l, &reading);
	printf("%6llu  %s\n", (unsigned long long)l->line, shown.len ? shown.data : "");
	if (reading.len)
		printf("        = %s\n", reading.data);
	buf_release(&shown);
	buf_release(&reading);
}

static void line_read(void *ctx, const struct progress_line *l)
{
	char text[PROGRESS_LINE_MAX + 1];
	struct report *r = ctx;

	r->told++;
	r->read += l->reader != NULL;
	if (r->read_only && l->reader == NULL)
		return;
	snprintf(text, sizeof text, "%s", l->text);
	bar_cells_show(text);
	if (r->json)
		line_print_json(l, text);
	else
		line_print(l, text);
}

/* ---- The end ---- */

static void end_print_json(const struct report *r, const struct progress_values *v)
{
	json_t *end = json_pack("{s:o,s:I,s:I,s:I}", "end", row_json(v), "lines",
		(json_int_t)r->told, "read", (json_int_t)r->read, "passed",
		(json_int_t)progress_passed(r->reader));

	print_json_value(end, false, 0);
	putchar('\n');
	json_decref(end);
}

static void end_print(const struct report *r, const struct progress_values *v)
{
	unsigned long long passed = progress_passed(r->reader);
	json_t *values = row_json(v), *value;
	const char *name;

	printf("\nAt the end, as of a job that is over\n");
	json_object_foreach(values, name, value) {
		printf("  %-20s ", name);
		if (json_is_string(value))
			fputs(json_string_value(value), stdout);
		else
			print_json_value(value, false, 0);
		putchar('\n');
	}
	if (json_object_size(values) == 0)
		printf("  nothing is known; mltop-progress(1) says how a log is taught\n");
	json_decref(values);
	printf("%llu lines and redraws, %llu of them read, %llu passed over%s\n",
		(unsigned long long)r->told, (unsigned long long)r->read, passed,
		passed ? " as a platform does when too many come in a second; --whole reads all"
		       : "");
}

/* ---- Reading ---- */

static void report_feed(struct report *r, const char *bytes, size_t len)
{
	while (len > 0) {
		size_t n = r->whole && len > WHOLE_BYTES ? WHOLE_BYTES : len;

		r->clock_ms = r->whole ? r->clock_ms + WHOLE_MS : time_mono_ms();
		progress_feed(r->reader, bytes, n, r->clock_ms);
		bytes += n;
		len -= n;
	}
}

/* To the end of what there is, or until nobody reads the report any more. */
static bool report_read(struct report *r, struct err *e)
{
	char *bytes = mem_alloc(READ_BYTES), last = '\n';
	ssize_t n = 0;

	while (!interrupted && !ferror(stdout)) {
		n = read(r->fd, bytes, READ_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		report_feed(r, bytes, (size_t)n);
		last = bytes[n - 1];
		fflush(stdout);
	}
	free(bytes);
	if (!interrupted && n < 0)
		return err_errno(e, errno, "read", r->file ? r->file : "standard input");
	if (last != '\n')
		report_feed(r, "\n", 1); /* the last line of a program that was killed */
	/* The newest of a second in which too many came is read when that second is over. */
	progress_feed(r->reader, "", 0, r->clock_ms + WHOLE_MS);
	return true;
}

static bool report_open(struct report *r, bool whole, struct err *e)
{
	struct stat st;

	r->fd = r->file ? open(r->file, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
	if (r->fd < 0 || fstat(r->fd, &st) != 0)
		return err_errno(e, errno, "read", r->file ? r->file : "standard input");
	r->whole = whole || S_ISREG(st.st_mode);
	return true;
}

static int report_make(struct report *r, bool whole)
{
	struct sigaction action = {.sa_handler = interrupt_seen};
	struct progress_values v;
	struct err e = ERR_INIT;
	bool ok = report_open(r, whole, &e);

	sigaction(SIGINT, &action, NULL); /* without SA_RESTART: a read that waits ends */
	ok = ok && report_read(r, &e);
	if (ok) {
		progress_finish(r->reader, r->clock_ms, &v);
		v.known &= ~(unsigned)PROGRESS_PHASE; /* no row has one when its job is over */
		if (r->json)
			end_print_json(r, &v);
		else
			end_print(r, &v);
	}
	if (r->file && r->fd >= 0)
		close(r->fd);
	if (!ok)
		return cli_fail(&e);
	return interrupted ? EXIT_INTERRUPTED : EXIT_DONE;
}

/* ---- What was asked for ---- */

int cli_progress(struct cli *c)
{
	const char *form = cli_has(c, "json") ? "json" : cli_value(c, "output");
	struct report r = {.read_only = cli_has(c, "read")};
	struct progress_rules *rules;
	struct err e = ERR_INIT;
	bool any;
	int code;

	if (form && strcmp(form, "table") != 0 && strcmp(form, "json") != 0)
		return cli_usage(c, "-o %s: give table or json", form);
	r.json = form && strcmp(form, "json") == 0;
	if (c->arg_count && strcmp(c->args[0], "-") != 0)
		r.file = c->args[0];
	else if (c->arg_count == 0 && isatty(STDIN_FILENO))
		return cli_usage(c, "FILE is missing; - is standard input");
	rules = cli_progress_rules(c, &any, &e);
	if (rules == NULL)
		return cli_usage(c, "%s", e.text);
	r.reader = mem_alloc(progress_size());
	/* As a platform has none for a job that gives none: then most lines need no look. */
	progress_init(r.reader, any ? rules : NULL);
	progress_watch(r.reader, line_read, &r);
	code = report_make(&r, cli_has(c, "whole"));
	free(r.reader);
	progress_rules_free(rules);
	return code;
}
