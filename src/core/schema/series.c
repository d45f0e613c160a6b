#include "core/schema/series.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void series_init(struct series *s, const struct kind *k)
{
	memset(s, 0, sizeof *s);
	s->kind = k;
	s->step = SERIES_STEP_MS;
	for (size_t i = 0; i < k->field_count && s->field_count < SERIES_FIELDS_MAX; i++)
		if (k->fields[i].flags & F_SERIES)
			s->fields[s->field_count++] = &k->fields[i];
}

void series_release(struct series *s)
{
	free(s->values);
	s->values = NULL;
	s->rows = s->room = 0;
}

bool kind_has_series(const struct kind *k)
{
	for (size_t i = 0; i < k->field_count; i++)
		if (k->fields[i].flags & F_SERIES)
			return true;
	return false;
}

static float *cell_of(const struct series *s, size_t row, size_t field)
{
	return &s->values[row * s->field_count + field];
}

float series_at(const struct series *s, size_t row, size_t field)
{
	return *cell_of(s, row, field);
}

size_t series_field(const struct series *s, const char *name)
{
	for (size_t i = 0; i < s->field_count; i++)
		if (strcmp(s->fields[i]->name, name) == 0)
			return i;
	return SERIES_FIELDS_MAX;
}

bool series_newest(const struct series *s, size_t field, float *out)
{
	for (size_t row = s->rows; row-- > 0;) {
		*out = series_at(s, row, field);
		if (*out != SERIES_UNKNOWN)
			return true;
	}
	return false;
}

void series_cell(const struct field *f, float v, struct buf *out)
{
	union {
		int64_t whole;
		double real;
	} member;

	if (f->type->storage == ST_PERCENT || f->type->storage == ST_REAL)
		member.real = v;
	else
		member.whole = (int64_t)v;
	f->type->cell(f, &member, 0, out);
}

/* ---- Adding ---- */

static bool newest_counts(const struct field *f)
{
	return f->type == &ft_measure;
}

static float joined(const struct field *f, float a, float b)
{
	if (a == SERIES_UNKNOWN || b == SERIES_UNKNOWN)
		return a == SERIES_UNKNOWN ? b : a;
	return newest_counts(f) ? b : (a + b) / 2;
}

/* Rows two by two; the last may stand alone, and goes on as half a row. */
static void join_rows(struct series *s)
{
	size_t rows = (s->rows + 1) / 2;

	for (size_t row = 0; row < rows; row++)
		for (size_t i = 0; i < s->field_count; i++) {
			float a = series_at(s, 2 * row, i);
			bool alone = 2 * row + 1 == s->rows;

			*cell_of(s, row, i) = alone
				? a
				: joined(s->fields[i], a, series_at(s, 2 * row + 1, i));
		}
	s->rows = rows;
	s->step *= 2;
}

static void row_append(struct series *s)
{
	if (s->rows == s->room) {
		s->room = s->room ? s->room * 2 : 15;
		s->values = mem_realloc(s->values, s->room * s->field_count * sizeof *s->values);
	}
	for (size_t i = 0; i < s->field_count; i++)
		*cell_of(s, s->rows, i) = SERIES_UNKNOWN;
	memset(s->met, 0, sizeof s->met);
	s->rows++;
}

/* The row of that time is the last one afterwards. */
static void row_reach(struct series *s, int64_t now)
{
	if (s->rows == 0)
		s->from = now;
	/* Rounds, not steps, for whoever set the clock far ahead. */
	while (now > s->from && (now - s->from) / s->step >= SERIES_ROWS) {
		if (s->step > INT64_MAX / 4)
			return;
		join_rows(s);
	}
	size_t at = now > s->from ? (size_t)((now - s->from) / s->step) : 0;

	while (s->rows <= at)
		row_append(s);
}

static void value_add(struct series *s, size_t i, float v)
{
	float *last = cell_of(s, s->rows - 1, i);
	uint32_t n = s->met[i];

	/* Of a row that was joined or read, nobody knows any more how many it is the mean of. */
	if (n == 0 && *last != SERIES_UNKNOWN)
		n = 1;
	*last = n == 0 || newest_counts(s->fields[i]) ? v : *last + (v - *last) / (float)(n + 1);
	s->met[i] = n + 1;
}

void series_add(struct series *s, const void *rec, int64_t now)
{
	row_reach(s, now);
	for (size_t i = 0; i < s->field_count; i++) {
		const struct field *f = s->fields[i];

		if (record_knows(s->kind, rec, f))
			value_add(s, i, (float)f->type->number(record_member(rec, f), 0));
	}
}

/* ---- JSON ---- */

static json_t *value_json(float v)
{
	/* Six digits are what a float has; JSON's are those of a double. */
	double d = v;
	char text[32];

	if (v == SERIES_UNKNOWN)
		return json_null();
	if (isnan(v))
		return json_string("nan");
	if (isinf(v))
		return json_string(v > 0 ? "inf" : "-inf");
	if (snprintf(text, sizeof text, "%.6g", d) > 0)
		d = strtod(text, NULL);
	return d == floor(d) && fabs(d) < 1e15 ? json_integer((json_int_t)d) : json_real(d);
}

static bool value_of(const json_t *in, float *out)
{
	const char *text = json_string_value(in);

	*out = SERIES_UNKNOWN;
	if (json_is_number(in))
		*out = (float)json_number_value(in);
	else if (text && strcmp(text, "nan") == 0)
		*out = NAN;
	else if (text && strcmp(text, "inf") == 0)
		*out = INFINITY;
	else if (text && strcmp(text, "-inf") == 0)
		*out = -INFINITY;
	else
		return json_is_null(in);
	return true;
}

static bool wanted(const struct series *s, const struct fieldset *only, size_t i)
{
	float any;

	return only ? fieldset_has(only, (size_t)(s->fields[i] - s->kind->fields))
		    : series_newest(s, i, &any);
}

json_t *series_encode(const struct series *s, const struct fieldset *only, int64_t since)
{
	json_t *fields = json_array(), *rows = json_array();
	bool want[SERIES_FIELDS_MAX];
	size_t begin = 0;

	for (size_t i = 0; i < s->field_count; i++) {
		want[i] = wanted(s, only, i);
		if (want[i])
			json_array_append_new(fields, json_string(s->fields[i]->name));
	}
	if (since > s->from)
		begin = (size_t)((since - s->from) / s->step);
	begin = begin < s->rows ? begin : s->rows;
	for (size_t row = begin; row < s->rows; row++) {
		json_t *values = json_array();

		for (size_t i = 0; i < s->field_count; i++)
			if (want[i])
				json_array_append_new(values, value_json(series_at(s, row, i)));
		json_array_append_new(rows, values);
	}
	return json_pack("{s:I, s:I, s:o, s:o}", "step_ms", (json_int_t)s->step, "from",
		(json_int_t)(s->from + (int64_t)begin * s->step), "fields", fields, "rows", rows);
}

static bool row_decode(struct series *s, const json_t *values, const size_t *places, size_t count)
{
	size_t i;
	json_t *value;

	if (!json_is_array(values) || json_array_size(values) != count)
		return false;
	row_append(s);
	json_array_foreach(values, i, value) {
		float v;

		if (!value_of(value, &v))
			return false;
		if (places[i] < SERIES_FIELDS_MAX)
			*cell_of(s, s->rows - 1, places[i]) = v;
	}
	return true;
}

static bool rows_decode(struct series *s, const json_t *fields, const json_t *rows)
{
	size_t places[4 * SERIES_FIELDS_MAX], i;
	json_t *one;

	if (json_array_size(fields) > ARRAY_SIZE(places) || json_array_size(rows) > SERIES_ROWS)
		return false;
	json_array_foreach(fields, i, one) {
		if (!json_is_string(one))
			return false;
		places[i] = series_field(s, json_string_value(one));
	}
	json_array_foreach(rows, i, one)
		if (!row_decode(s, one, places, json_array_size(fields)))
			return false;
	return true;
}

bool series_decode(struct series *s, const json_t *in, struct err *e)
{
	const json_t *fields = json_object_get(in, "fields"), *rows = json_object_get(in, "rows");
	int64_t step = json_integer_value(json_object_get(in, "step_ms"));
	int64_t from = json_integer_value(json_object_get(in, "from"));

	if (json_is_array(fields) && json_is_array(rows) && step > 0 && step <= INT64_MAX / 1024 &&
		from >= 0 && rows_decode(s, fields, rows)) {
		s->step = step;
		s->from = from;
		return true;
	}
	series_release(s);
	return err_set(e, ERR_INVALID, "this is no history of samples");
}
