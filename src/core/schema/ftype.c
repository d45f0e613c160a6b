/* What the types share: numbers from and to JSON, comparing, showing. */
#include "core/schema/ftype.h"

#include "base/num.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* ---- From and to JSON ---- */

/* Doubles from here on do not fit an int64_t. */
static const double I64_LIMIT = 9223372036854775808.0;

bool json_to_i64(const json_t *in, int64_t *out)
{
	if (json_is_integer(in)) {
		*out = json_integer_value(in);
		return true;
	}
	if (json_is_real(in)) {
		double v = json_real_value(in);

		if (v != trunc(v) || !(fabs(v) < I64_LIMIT))
			return false;
		*out = (int64_t)v;
		return true;
	}
	return json_is_string(in) && num_i64(json_string_value(in), INT64_MIN, INT64_MAX, out);
}

bool json_to_double(const json_t *in, double *out)
{
	if (json_is_number(in)) {
		*out = json_number_value(in);
		return true;
	}
	return json_is_string(in) && num_double(json_string_value(in), out);
}

json_t *json_from_double(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

json_t *from_text_trimmed(const struct field *f, const char *text, struct err *e)
{
	size_t len;
	json_t *out;

	text += strspn(text, " \t");
	len = strlen(text);
	while (len && strchr(" \t", text[len - 1]))
		len--;
	out = json_stringn(text, len);
	if (out == NULL)
		field_wrong_text(f, text, e, "it is not UTF-8");
	return out;
}

/* ---- Comparing and showing ---- */

int compare_i64(const struct field *f, const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	(void)f;
	return (x > y) - (x < y);
}

/* NaN is after everything and equal to itself, so that the order is total. */
int compare_double(const struct field *f, const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	(void)f;
	if (isnan(x) || isnan(y))
		return isnan(x) - isnan(y);
	return (x > y) - (x < y);
}

double number_i64(const void *member, int64_t now)
{
	(void)now;
	return (double)*(const int64_t *)member;
}

double number_double(const void *member, int64_t now)
{
	(void)now;
	return *(const double *)member;
}

void show_i64(int64_t value, struct buf *out)
{
	buf_addi(out, value);
}

/* Three significant digits without zeros at the end: 1.25, 12.4, 124. */
static void three_digits(double value, struct buf *out)
{
	int places = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
	size_t start = out->len;

	buf_addf(out, "%.*f", places, value);
	if (strchr(out->data + start, '.') == NULL)
		return;
	while (out->data[out->len - 1] == '0')
		buf_cut(out, out->len - 1);
	if (out->data[out->len - 1] == '.')
		buf_cut(out, out->len - 1);
}

void show_thousands(double value, struct buf *out)
{
	static const char units[] = "kMGTPE";
	size_t unit = 0;

	value /= 1000;
	while (fabs(value) >= 999.5 && unit + 1 < sizeof units - 1) {
		value /= 1000;
		unit++;
	}
	if (value < 0)
		buf_addc(out, '-');
	three_digits(fabs(value), out);
	buf_addc(out, units[unit]);
}

void count_cell(int64_t value, struct buf *out)
{
	if (value > -100000 && value < 100000)
		show_i64(value, out);
	else
		show_thousands((double)value, out);
}

void count_short(int64_t value, struct buf *out)
{
	static const char units[] = "kMGTPE";
	double part = (double)value;
	int unit = -1;

	if (value > -10000 && value < 10000) {
		show_i64(value, out);
		return;
	}
	for (; fabs(part) >= 999.5; unit++)
		part /= 1000;
	int64_t tenths = llround(part * 10);

	buf_addf(out, "%.*f%c", llabs(tenths) >= 1000 || tenths % 10 == 0 ? 0 : 1, part,
		units[unit]);
}

void size_cell(int64_t bytes, struct buf *out)
{
	static const char units[] = "BKMGTPE";
	double value = (double)bytes;
	size_t unit = 0;

	if (bytes == 0) {
		buf_addc(out, '0');
		return;
	}
	while (fabs(value) >= 1023.5 && unit + 1 < sizeof units - 1) {
		value /= 1024;
		unit++;
	}
	if (value < 0)
		buf_addc(out, '-');
	three_digits(fabs(value), out);
	buf_addc(out, units[unit]);
}

void decimal_text(int64_t scaled, int places, struct buf *out)
{
	uint64_t size = scaled < 0 ? 0 - (uint64_t)scaled : (uint64_t)scaled, unit = 1, part;

	for (int i = 0; i < places; i++)
		unit *= 10;
	buf_addf(out, "%s%" PRIu64, scaled < 0 ? "-" : "", size / unit);
	part = size % unit;
	if (part == 0)
		return;
	for (; part % 10 == 0; places--)
		part /= 10;
	buf_addf(out, ".%0*" PRIu64, places, part);
}
