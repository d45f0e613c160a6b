/* Durations and moments. */
#include "core/schema/ftype.h"

#include "base/num.h"
#include "base/timefmt.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* ---- duration: seconds on the wire ---- */

/* Longest duration that stays exact as a double of seconds with milliseconds: 285,000 years. */
static const double DURATION_MAX_S = 9e12;

static json_t *duration_encode(const struct field *f, const void *member)
{
	int64_t ms = *(const int64_t *)member;

	(void)f;
	return ms % 1000 ? json_real((double)ms / 1000) : json_integer(ms / 1000);
}

/* "2h", "1h30m", "90s", "250ms": the largest units first, whole. */
void show_duration(int64_t ms, struct buf *out)
{
	static const struct {
		const char *name;
		int64_t ms;
	} parts[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
	size_t start = out->len;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (ms / parts[i].ms)
			buf_addf(out, "%" PRId64 "%s", ms / parts[i].ms, parts[i].name);
		ms %= parts[i].ms;
	}
	if (out->len == start)
		buf_adds(out, "0s");
}

static bool duration_read(const json_t *in, int64_t *ms)
{
	double seconds;

	if (json_is_string(in))
		return num_duration(json_string_value(in), ms);
	seconds = json_number_value(in);
	if (!json_is_number(in) || !(seconds >= 0 && seconds <= DURATION_MAX_S))
		return false;
	*ms = llround(seconds * 1000);
	return true;
}

static bool duration_decode(const struct field *f, void *member, struct arena *a, const json_t *in,
	enum strictness how, struct err *e)
{
	int64_t value;

	(void)a;
	if (!duration_read(in, &value))
		return field_wrong(f, in, e,
			"give a number of seconds, or a time such as \"90s\", \"2h\" or \"1h30m\"");
	if (!field_in_range(f, value, in, how, show_duration, e))
		return false;
	*(int64_t *)member = value;
	return true;
}

static void duration_cell(const struct field *f, const void *member, int64_t now, struct buf *out)
{
	char text[TIMEFMT_SIZE];

	(void)f, (void)now;
	timefmt_duration(text, *(const int64_t *)member);
	buf_adds(out, text);
}

static bool duration_operand(const struct field *f, const char *text, struct operand *out,
	struct err *e)
{
	int64_t value;

	if (!num_duration(text, &value))
		return field_wrong_text(f, text, e, "compare with a time, such as 90s, 2h or 3d");
	out->number = (double)value;
	return true;
}

const struct ftype ft_duration = {
	.name = "duration",
	.wire = "number of seconds, or a string such as \"2h\"",
	.storage = ST_MS,
	.right = true,
	.ordered = true,
	.encode = duration_encode,
	.decode = duration_decode,
	.from_text = from_text_trimmed,
	.compare = compare_i64,
	.cell = duration_cell,
	.operand = duration_operand,
	.number = number_i64,
};

/* ---- when and age: RFC 3339 on the wire ---- */

static json_t *when_encode(const struct field *f, const void *member)
{
	char text[TIMEFMT_SIZE];

	(void)f;
	timefmt_rfc3339(text, *(const int64_t *)member);
	return json_string_nocheck(text);
}

/* A moment, or a day (its first moment, UTC). */
static bool when_read(const char *text, int64_t *out)
{
	char day[TIMEFMT_SIZE];

	if (timefmt_parse_rfc3339(text, out))
		return true;
	if (strlen(text) != strlen("2026-01-02"))
		return false;
	snprintf(day, sizeof day, "%sT00:00:00Z", text);
	return timefmt_parse_rfc3339(day, out);
}

static bool when_decode(const struct field *f, void *member, struct arena *a, const json_t *in,
	enum strictness how, struct err *e)
{
	const char *text = json_string_value(in);
	int64_t value;

	(void)a, (void)how;
	if (text == NULL || !when_read(text, &value))
		return field_wrong(f, in, e, "give a time such as \"2026-01-02T15:04:05Z\"");
	*(int64_t *)member = value;
	return true;
}

/* To the second: what fits 20 cells. */
static void when_cell(const struct field *f, const void *member, int64_t now, struct buf *out)
{
	char text[TIMEFMT_SIZE];
	int64_t ms = *(const int64_t *)member, part = ms % 1000;

	(void)f, (void)now;
	timefmt_rfc3339(text, ms - (part < 0 ? part + 1000 : part));
	buf_adds(out, text);
}

static bool when_operand(const struct field *f, const char *text, struct operand *out,
	struct err *e)
{
	int64_t value;

	if (!when_read(text, &value))
		return field_wrong_text(f, text, e,
			"compare with a time, such as 2026-01-02 or 2026-01-02T15:04:05Z");
	out->number = (double)value;
	return true;
}

const struct ftype ft_when = {
	.name = "time",
	.wire = "string, RFC 3339 UTC",
	.storage = ST_WHEN,
	.ordered = true,
	.encode = when_encode,
	.decode = when_decode,
	.from_text = from_text_trimmed,
	.compare = compare_i64,
	.cell = when_cell,
	.operand = when_operand,
	.number = number_i64,
};

/* The youngest comes first, as small ages do. */
static int age_compare(const struct field *f, const void *a, const void *b)
{
	return compare_i64(f, b, a);
}

static double age_number(const void *member, int64_t now)
{
	return (double)now - (double)*(const int64_t *)member;
}

static void age_cell(const struct field *f, const void *member, int64_t now, struct buf *out)
{
	char text[TIMEFMT_SIZE];
	int64_t since;

	(void)f;
	if (__builtin_sub_overflow(now, *(const int64_t *)member, &since) || since < 0)
		since = 0;
	timefmt_age(text, since);
	buf_adds(out, text);
}

const struct ftype ft_age = {
	.name = "age",
	.wire = "string, RFC 3339 UTC",
	.storage = ST_WHEN,
	.right = true,
	.ordered = true,
	.encode = when_encode,
	.decode = when_decode,
	.from_text = from_text_trimmed,
	.compare = age_compare,
	.cell = age_cell,
	.operand = duration_operand,
	.number = age_number,
};
