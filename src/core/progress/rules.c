#include "core/progress/rules.h"

#include "base/mem.h"
#include "core/text/regex.h"

#include <math.h>
#include <stdlib.h>

struct progress_rules {
	struct regex *patterns[PROGRESS_PATTERNS_MAX];
	size_t count;
	char *metric;
};

/* The names that parts may have; `metric` is a value, its name is the one asked for or "metric". */
static const struct {
	const char *name;
	unsigned bit;
} parts[] = {
	{"step", PROGRESS_STEP},
	{"total", PROGRESS_TOTAL},
	{"epoch", PROGRESS_EPOCH},
	{"epochs", PROGRESS_EPOCHS},
	{"loss", PROGRESS_LOSS},
	{"metric", PROGRESS_METRIC},
	{"percent", PROGRESS_PERCENT},
};

static unsigned part_bit(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (strcmp(parts[i].name, name) == 0)
			return parts[i].bit;
	return 0;
}

static bool pattern_check(const struct regex *r, const char *text, struct err *e)
{
	size_t count = 0;

	for (size_t i = 0; i < REGEX_PARTS_MAX; i++) {
		const char *name = regex_part(r, i);

		if (name == NULL)
			break;
		if (part_bit(name) == 0)
			return err_set(e, ERR_INVALID,
				"the progress pattern %s has a part <%s>: parts are named step, total, "
				"epoch, epochs, loss, metric or percent",
				text, name);
		count++;
	}
	if (count == 0)
		return err_set(e, ERR_INVALID,
			"the progress pattern %s names no part: write one as (?<step>[0-9]+)",
			text);
	return true;
}

struct progress_rules *progress_rules_new(const char *const *patterns, size_t count,
	const char *metric, struct err *e)
{
	struct progress_rules *r;

	if (count > PROGRESS_PATTERNS_MAX) {
		err_set(e, ERR_INVALID, "%zu progress patterns are given: there may be %d", count,
			PROGRESS_PATTERNS_MAX);
		return NULL;
	}
	r = mem_alloc(sizeof *r);
	r->metric = metric && *metric ? mem_strdup(metric) : NULL;
	for (; r->count < count; r->count++) {
		r->patterns[r->count] = regex_new(patterns[r->count], e);
		if (r->patterns[r->count] == NULL)
			break;
		if (!pattern_check(r->patterns[r->count], patterns[r->count], e)) {
			r->count++;
			break;
		}
	}
	if (r->count == count &&
		(count == 0 || pattern_check(r->patterns[count - 1], patterns[count - 1], e)))
		return r;
	progress_rules_free(r);
	return NULL;
}

void progress_rules_free(struct progress_rules *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->count; i++)
		regex_free(r->patterns[i]);
	free(r->metric);
	free(r);
}

const char *rules_metric(const struct progress_rules *r)
{
	return r ? r->metric : NULL;
}

bool rules_have_patterns(const struct progress_rules *r)
{
	return r && r->count > 0;
}

/* ---- Reading ---- */

static void take_whole(const char *s, size_t len, unsigned bit, int64_t min, int64_t *out,
	struct progress_values *v)
{
	int64_t value;

	if (len > 0 && is_digit(*s) && take_count(s, &value) == s + len && value >= min) {
		*out = value;
		v->known |= bit;
	}
}

static bool take_value(const char *s, size_t len, double *out)
{
	return len > 0 && take_real(s, out) == s + len;
}

static void take_part(const struct progress_rules *r, const char *name, const char *s, size_t len,
	struct progress_values *v)
{
	double value;

	if (v->known & part_bit(name))
		return;
	if (strcmp(name, "step") == 0)
		take_whole(s, len, PROGRESS_STEP, 0, &v->step, v);
	else if (strcmp(name, "total") == 0)
		take_whole(s, len, PROGRESS_TOTAL, 1, &v->total, v);
	else if (strcmp(name, "epoch") == 0)
		take_whole(s, len, PROGRESS_EPOCH, 0, &v->epoch, v);
	else if (strcmp(name, "epochs") == 0)
		take_whole(s, len, PROGRESS_EPOCHS, 1, &v->epochs, v);
	else if (!take_value(s, len, &value))
		return;
	else if (strcmp(name, "loss") == 0) {
		v->loss = value;
		v->known |= PROGRESS_LOSS;
	} else if (strcmp(name, "percent") == 0 && value >= 0 && value <= 100) {
		v->percent = value;
		v->known |= PROGRESS_PERCENT;
	} else if (strcmp(name, "metric") == 0) {
		const char *called = r->metric ? r->metric : "metric";
		size_t n = strnlen(called, PROGRESS_NAME_MAX - 1);

		v->metric = value;
		memcpy(v->metric_name, called, n);
		v->known |= PROGRESS_METRIC;
	}
}

/* Each pattern may say fields that those before it have not said. */
bool rules_read(const struct progress_rules *r, const struct line *l, struct progress_values *v,
	int64_t *steps)
{
	memset(v, 0, sizeof *v);
	for (size_t i = 0; r && i < r->count && *steps >= 0; i++) {
		struct regex_span found[REGEX_PARTS_MAX];

		if (!regex_find_within(r->patterns[i], l->text, l->len, found, steps))
			continue;
		for (size_t p = 0; p < REGEX_PARTS_MAX && regex_part(r->patterns[i], p); p++)
			if (found[p].at != REGEX_NOWHERE)
				take_part(r, regex_part(r->patterns[i], p), l->text + found[p].at,
					found[p].len, v);
	}
	return v->known != 0;
}
