/* Numbers, flags and words. Sizes, CPUs and quotas are in ftype_size.c, times in ftype_time.c. */
#include "core/ftype.h"

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

int compare_i64(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* NaN is after everything and equal to itself, so that the order is total. */
int compare_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

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

static void show_i64(int64_t value, struct buf *out)
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

static void thousands(double value, struct buf *out)
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
		thousands((double)value, out);
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

/* ---- int and id ---- */

static json_t *int_encode(const struct field *f, const void *member)
{
	(void)f;
	return json_integer(*(const int64_t *)member);
}

static json_t *id_encode(const struct field *f, const void *member)
{
	char text[24];

	(void)f;
	snprintf(text, sizeof text, "%" PRId64, *(const int64_t *)member);
	return json_string_nocheck(text);
}

static bool int_decode(const struct field *f, void *member, struct arena *a, const json_t *in,
	enum strictness how, struct err *e)
{
	int64_t value;

	(void)a;
	if (!json_to_i64(in, &value))
		return field_wrong(f, in, e, "give a whole number%s%s", f->hint ? ", such as " : "",
			f->hint ? f->hint : "");
	if (!field_in_range(f, value, in, how, show_i64, e))
		return false;
	*(int64_t *)member = value;
	return true;
}

static void int_cell(const struct field *f, const void *member, int64_t now, struct buf *out)
{
	(void)f, (void)now;
	count_cell(*(const int64_t *)member, out);
}

static void id_cell(const struct field *f, const void *member, int64_t now, struct buf *out)
{
	(void)f, (void)now;
	show_i64(*(const int64_t *)member, out);
}

/* "4", and "12k" as the cell shows it. */
static bool int_operand(const struct field *f, const char *text, struct operand *out, struct err *e)
{
	char number[32];
	size_t len = strlen(text);
	double unit = 1, value;

	if (len > 0 && len < sizeof number) {
		memcpy(number, text, len + 1);
		unit = number[len - 1] == 'k' ? 1e3 : number[len - 1] == 'M' ? 1e6 : 1;
		if (unit > 1)
			number[len - 1] = '\0';
		if (num_double(number, &value)) {
			out->number = value * unit;
			return true;
		}
	}
	return field_wrong_text(f, text, e, "compare with a number, such as 4 or 12k");
}

const struct ftype ft_int = {
	.name = "number",
	.wire = "number",
	.storage = ST_INT,
	.right = true,
	.ordered = true,
	.encode = int_encode,
	.decode = int_decode,
	.from_text = from_text_trimmed,
	.compare = compare_i64,
	.cell = int_cell,
	.operand = int_operand,
	.number = number_i64,
};
const struct ftype ft_id = {
	.name = "id",
	.wire = "string of digits",
	.storage = ST_INT,
	.right = true,
	.ordered = true,
	.encode = id_encode,
	.decode = int_decode,
	.from_text = from_text_trimmed,
	.compare = compare_i64,
	.cell = id_cell,
	.operand = int_operand,
	.number = number_i64,
};

/* ---- percent and real ---- */

static json_t *real_encode(const struct field *f, const void *member)
{
	(void)f;
	return json_from_double(*(const double *)member);
}

static void show_percent(int64_t value, struct buf *out)
{
	buf_addf(out, "%" PRId64 "%%", value);
}

/* Limits of percents and reals are whole numbers; the next whole number towards the outside is
 * tested. */
static int64_t outwards(double value)
{
	double out = value < 0 ? floor(value) : ceil(value);

	return fabs(out) < 1e18 ? (int64_t)out : value < 0 ? INT64_MIN : INT64_MAX;
}

static bool real_decode(const struct field *f, void *member, struct arena *a, const json_t *in,
	enum strictness how, struct err *e)
{
	double value;

	(void)a;
	if (!json_to_double(in, &value) || !isfinite(value))
		return field_wrong(f, in, e, "give a number, such as 0.5");
	if (!field_in_range(f, outwards(value), in, how, show_i64, e))
		return false;
	*(double *)member = value;
	return true;
}

/* "94" or "94%". */
static bool percent_read(const char *text, double *out)
{
	char number[32];
	size_t len = strlen(text);

	if (len == 0 || len >= sizeof number)
		return false;
	memcpy(number, text, len + 1);
	if (number[len - 1] == '%')
		number[len - 1] = '\0';
	return num_double(number, out);
}

static bool percent_decode(const struct field *f, void *member, struct arena *a, const json_t *in,
	enum strictness how, struct err *e)
{
	double value;

	(void)a;
	if (json_is_string(in) ? !percent_read(json_string_value(in), &value)
			       : !json_to_double(in, &value) || !isfinite(value))
		return field_wrong(f, in, e, "give a percentage, such as 50");
	if (!field_in_range(f, outwards(value), in, how, show_percent, e))
		return false;
	*(double *)member = value;
	return true;
}

static void percent_cell(const struct field *f, const void *member, int64_t now, struct buf *out)
{
	double value = *(const double *)member;

	(void)f, (void)now;
	if (!isfinite(value))
		buf_addc(out, '-');
	else if (fabs(value) < 1e6)
		buf_addf(out, "%.0f%%", fabs(value) < 0.5 ? 0 : value);
	else
		buf_addf(out, "%.2g%%", value);
}

/* Four significant digits; large ones with a unit, small ones in powers of ten. */
static void real_cell(const struct field *f, const void *member, int64_t now, struct buf *out)
{
	double value = *(const double *)member, size = fabs(value);

	(void)f, (void)now;
	if (!isfinite(value))
		buf_addc(out, '-');
	else if (size >= 1e21 || (size < 1e-3 && size > 0))
		buf_addf(out, "%.2g", value);
	else if (size >= 99999.5)
		thousands(value, out);
	else if (size >= 999.95)
		buf_addf(out, "%.0f", value);
	else
		buf_addf(out, "%.4g", value);
}

static bool real_operand(const struct field *f, const char *text, struct operand *out,
	struct err *e)
{
	if (!num_double(text, &out->number))
		return field_wrong_text(f, text, e, "compare with a number, such as 0.5");
	return true;
}

static bool percent_operand(const struct field *f, const char *text, struct operand *out,
	struct err *e)
{
	if (!percent_read(text, &out->number))
		return field_wrong_text(f, text, e,
			"compare with a percentage, such as 10 or 10%%");
	return true;
}

const struct ftype ft_percent = {
	.name = "percent",
	.wire = "number, 100 is all",
	.storage = ST_PERCENT,
	.right = true,
	.ordered = true,
	.encode = real_encode,
	.decode = percent_decode,
	.from_text = from_text_trimmed,
	.compare = compare_double,
	.cell = percent_cell,
	.operand = percent_operand,
	.number = number_double,
};
const struct ftype ft_real = {
	.name = "decimal",
	.wire = "number",
	.storage = ST_REAL,
	.right = true,
	.ordered = true,
	.encode = real_encode,
	.decode = real_decode,
	.from_text = from_text_trimmed,
	.compare = compare_double,
	.cell = real_cell,
	.operand = real_operand,
	.number = number_double,
};
