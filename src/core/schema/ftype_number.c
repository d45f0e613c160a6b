/* Whole numbers, ids and modes, percents and decimals. */
#include "core/schema/ftype.h"

#include "base/num.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

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

/* ---- mode: permission bits, a number on the wire and octal to people ---- */

enum { MODE_DIGITS = 4 };

/* "022", "22" and "0o22", as chmod(1), umask(1) and YAML 1.2 have them. */
static bool mode_read(const char *text, int64_t *out)
{
	const char *digits = strncmp(text, "0o", 2) == 0 ? text + 2 : text;
	size_t len = strlen(digits);
	int64_t value = 0;

	if (len == 0 || len > MODE_DIGITS || strspn(digits, "01234567") != len)
		return false;
	for (; *digits; digits++)
		value = value * 8 + (*digits - '0');
	*out = value;
	return true;
}

void show_mode(int64_t value, struct buf *out)
{
	buf_addf(out, "%0*" PRIo64, MODE_DIGITS, value);
}

static void mode_cell(const struct field *f, const void *member, int64_t now, struct buf *out)
{
	(void)f, (void)now;
	show_mode(*(const int64_t *)member, out);
}

static bool mode_decode(const struct field *f, void *member, struct arena *a, const json_t *in,
	enum strictness how, struct err *e)
{
	int64_t value;
	bool read = json_is_string(in) ? mode_read(json_string_value(in), &value)
				       : json_to_i64(in, &value);

	(void)a;
	if (!read)
		return field_wrong(f, in, e, "give octal digits, such as 022");
	if (!field_in_range(f, value, in, how, show_mode, e))
		return false;
	*(int64_t *)member = value;
	return true;
}

static bool mode_operand(const struct field *f, const char *text, struct operand *out,
	struct err *e)
{
	int64_t value;

	if (!mode_read(text, &value))
		return field_wrong_text(f, text, e, "compare with octal digits, such as 022");
	out->number = (double)value;
	return true;
}

const struct ftype ft_mode = {
	.name = "mode",
	.wire = "number, or a string of octal digits",
	.storage = ST_INT,
	.right = true,
	.ordered = true,
	.encode = int_encode,
	.decode = mode_decode,
	.from_text = from_text_trimmed,
	.compare = compare_i64,
	.cell = mode_cell,
	.operand = mode_operand,
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

/* "9.7e-4", without the zeros that printf puts in: a narrow column cuts the end, and the power is there. */
static void show_power(double value, struct buf *out)
{
	char text[32], *power, *digits;

	snprintf(text, sizeof text, "%.1e", value);
	power = strchr(text, 'e');
	digits = power + 2;
	buf_add(out, text, (size_t)(power - text) - (power[-1] == '0' ? 2 : 0));
	buf_add(out, power, 2);
	buf_adds(out, digits + (*digits == '0'));
}

/* Four significant digits; large ones with a unit, small ones in powers of ten. */
static void real_cell(const struct field *f, const void *member, int64_t now, struct buf *out)
{
	double value = *(const double *)member, size = fabs(value);

	(void)f, (void)now;
	if (!isfinite(value))
		buf_addc(out, '-');
	else if (size >= 1e21 || (size < 1e-3 && size > 0))
		show_power(value, out);
	else if (size >= 99999.5)
		show_thousands(value, out);
	else if (size >= 999.95)
		buf_addf(out, "%.0f", value);
	else
		buf_addf(out, "%.4g", value);
}

/* ---- measure: what a training says, which may be no number any more ---- */

static const char *nonfinite_word(double value)
{
	return isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

static bool nonfinite_read(const char *text, double *out)
{
	static const char *const words[] = {"nan", "inf", "-inf", NULL};
	static const double values[] = {NAN, INFINITY, -INFINITY};
	int at = words_find(words, text, true);

	if (at < 0)
		return false;
	*out = values[at];
	return true;
}

static json_t *measure_encode(const struct field *f, const void *member)
{
	double value = *(const double *)member;

	return isfinite(value) ? real_encode(f, member) : json_string(nonfinite_word(value));
}

static bool measure_decode(const struct field *f, void *member, struct arena *a, const json_t *in,
	enum strictness how, struct err *e)
{
	double value;

	if (!json_is_string(in) || !nonfinite_read(json_string_value(in), &value))
		return real_decode(f, member, a, in, how, e);
	*(double *)member = value;
	return true;
}

static void measure_cell(const struct field *f, const void *member, int64_t now, struct buf *out)
{
	double value = *(const double *)member;

	if (isfinite(value))
		real_cell(f, member, now, out);
	else
		buf_adds(out, nonfinite_word(value));
}

static bool measure_operand(const struct field *f, const char *text, struct operand *out,
	struct err *e)
{
	if (!nonfinite_read(text, &out->number) && !num_double(text, &out->number))
		return field_wrong_text(f, text, e,
			"compare with a number, such as 0.5, or with nan, inf or -inf");
	return true;
}

bool field_is_nonfinite(const struct field *f, const void *member)
{
	return f->type == &ft_measure && !isfinite(*(const double *)member);
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
const struct ftype ft_measure = {
	.name = "measure",
	.wire = "number, or \"nan\", \"inf\" or \"-inf\"",
	.storage = ST_REAL,
	.right = true,
	.ordered = true,
	.encode = measure_encode,
	.decode = measure_decode,
	.from_text = from_text_trimmed,
	.compare = compare_double,
	.cell = measure_cell,
	.operand = measure_operand,
	.number = number_double,
};
