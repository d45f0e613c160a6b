#include "core/progress/rules.h"
#include "core/progress/track.h"

#include <math.h>

/*
 * The line by which a program says outright where it is. Names that are no field are metrics: the
 * one asked for, else the first that is not a loss.
 */

static bool word_end(const char *s)
{
	return *s == '\0' || is_blank(*s);
}

static bool take_whole(const char *s, unsigned bit, int64_t min, int64_t *out,
	struct progress_values *v)
{
	int64_t value;
	const char *end = is_digit(*s) ? take_count(s, &value) : NULL;

	if (end == NULL || !word_end(end) || value < min)
		return false;
	*out = value;
	v->known |= bit;
	return true;
}

static bool take_number(const char *s, double *out)
{
	const char *end = take_real(s, out);

	return end && (word_end(end) || (*end == '%' && word_end(end + 1)));
}

static void take_metric(struct span name, double value, const char *wanted,
	struct progress_values *v)
{
	struct metric m = {.name = name, .value = value, .before = {name.at, 0}};

	if (name.len == 0 || name.len >= PROGRESS_NAME_MAX)
		return;
	if (wanted ? !metric_name_is(&m, wanted) : (v->known & PROGRESS_METRIC) != 0)
		return;
	memset(v->metric_name, 0, sizeof v->metric_name);
	memcpy(v->metric_name, name.at, name.len);
	v->metric = value;
	v->known |= PROGRESS_METRIC;
}

static void take_phase(const char *s, struct progress_values *v)
{
	size_t n = 0;

	while (!word_end(s + n) && n < sizeof v->phase - 1)
		n++;
	if (n == 0)
		return;
	memset(v->phase, 0, sizeof v->phase);
	memcpy(v->phase, s, n);
	v->known |= PROGRESS_PHASE;
}

static void take_field(struct span name, const char *s, const char *wanted,
	struct progress_values *v)
{
	double value;
	int64_t ms;

	if (span_is(name, "step")) {
		take_whole(s, PROGRESS_STEP, 0, &v->step, v);
	} else if (span_is(name, "total")) {
		take_whole(s, PROGRESS_TOTAL, 1, &v->total, v);
	} else if (span_is(name, "epoch")) {
		take_whole(s, PROGRESS_EPOCH, 0, &v->epoch, v);
	} else if (span_is(name, "epochs")) {
		take_whole(s, PROGRESS_EPOCHS, 1, &v->epochs, v);
	} else if (span_is(name, "phase")) {
		take_phase(s, v);
	} else if (span_is(name, "eta")) {
		if (take_duration(s, &ms) ||
			(take_number(s, &value) && value >= 0 && value < 1e11)) {
			if (take_duration(s, &ms) == NULL)
				ms = (int64_t)(value * 1000);
			v->eta_ms = ms;
			v->known |= PROGRESS_ETA;
		}
	} else if (!take_number(s, &value)) {
		return;
	} else if (span_is(name, "percent")) {
		if (value >= 0 && value <= 100) {
			v->percent = value;
			v->known |= PROGRESS_PERCENT;
		}
	} else if (span_is(name, "rate")) {
		if (value > 0 && isfinite(value)) {
			v->rate = value;
			v->known |= PROGRESS_RATE;
		}
	} else if (span_is(name, "loss")) {
		v->loss = value;
		v->known |= PROGRESS_LOSS;
	} else {
		take_metric(name, value, wanted, v);
	}
}

bool outright_read(const struct line *l, const char *metric, struct progress_values *v)
{
	const char *s = strchr(l->text, 'm'); /* quicker than strstr, for most lines */

	s = s ? strstr(s, "mltop: progress ") : NULL;
	/* At the line's beginning, or behind what logging or a launcher puts there. */
	if (s == NULL || (s > l->text && !is_blank(s[-1]) && s[-1] != ':' && s[-1] != ']'))
		return false;
	memset(v, 0, sizeof *v);
	for (s = skip_blanks(s + 16); *s; s = skip_blanks(s)) {
		struct span name = {s, 0};

		while (!word_end(s) && *s != '=')
			s++;
		name.len = (size_t)(s - name.at);
		if (*s == '=')
			take_field(name, s + 1, metric, v);
		while (!word_end(s))
			s++;
	}
	return v->known != 0;
}
