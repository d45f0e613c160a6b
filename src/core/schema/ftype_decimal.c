/* Decimals that are exact: sums of what was spent, money. Millionths inside, a string on the wire. */
#include "core/schema/ftype.h"

#include "base/num.h"

#include <math.h>
#include <string.h>

enum { PLACES = 6 };

static void show_decimal(int64_t value, struct buf *out)
{
	decimal_text(value, PLACES, out);
}

static json_t *decimal_encode(const struct field *f, const void *member)
{
	struct buf out = BUF_INIT;
	json_t *text;

	(void)f;
	show_decimal(*(const int64_t *)member, &out);
	text = json_stringn_nocheck(out.data, out.len);
	buf_release(&out);
	return text;
}

static bool decimal_read(const json_t *in, int64_t *out)
{
	double value;

	if (json_is_string(in))
		return num_decimal(json_string_value(in), PLACES, out);
	value = json_number_value(in) * 1e6;
	if (!json_is_number(in) || !(fabs(value) < 9e15) || fabs(value - round(value)) > 1e-3)
		return false;
	*out = (int64_t)round(value);
	return true;
}

static bool decimal_decode(const struct field *f, void *member, struct arena *a, const json_t *in,
	enum strictness how, struct err *e)
{
	int64_t value;

	(void)a;
	if (!decimal_read(in, &value))
		return field_wrong(f, in, e,
			"give a number with at most %d decimals, such as \"%s\"", PLACES,
			f->hint ? f->hint : "2.5");
	if (!field_in_range(f, value, in, how, show_decimal, e))
		return false;
	*(int64_t *)member = value;
	return true;
}

/* To be compared at a glance; all places are on the wire. */
static void decimal_cell(const struct field *f, const void *member, int64_t now, struct buf *out)
{
	double value = (double)*(const int64_t *)member / 1e6;

	ft_real.cell(f, &value, now, out);
}

static bool decimal_operand(const struct field *f, const char *text, struct operand *out,
	struct err *e)
{
	double value;

	if (!num_double(text, &value))
		return field_wrong_text(f, text, e, "compare with a number, such as 2.5");
	out->number = value * 1e6;
	return true;
}

const struct ftype ft_decimal = {
	.name = "decimal",
	.wire = "string such as \"2.5\", exact, at most six places",
	.storage = ST_MICRO,
	.right = true,
	.ordered = true,
	.encode = decimal_encode,
	.decode = decimal_decode,
	.from_text = from_text_trimmed,
	.compare = compare_i64,
	.cell = decimal_cell,
	.operand = decimal_operand,
	.number = number_i64,
};
