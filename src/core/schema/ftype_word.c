/* Flags and words of a list. */
#include "core/schema/ftype.h"

#include <string.h>

/* ---- flag ---- */

static json_t *flag_encode(const struct field *f, const void *member)
{
	(void)f;
	return json_boolean(*(const bool *)member);
}

static bool flag_read(const char *text, bool *out)
{
	static const char *const yes[] = {"yes", "true", "1", "on", NULL};
	static const char *const no[] = {"no", "false", "0", "off", NULL};

	if (words_find(yes, text, true) < 0 && words_find(no, text, true) < 0)
		return false;
	*out = words_find(yes, text, true) >= 0;
	return true;
}

static bool flag_decode(const struct field *f, void *member, struct arena *a, const json_t *in,
	enum strictness how, struct err *e)
{
	bool value = json_is_true(in);

	(void)a, (void)how;
	if (json_is_integer(in) && (json_integer_value(in) == 0 || json_integer_value(in) == 1))
		value = json_integer_value(in) == 1;
	else if (!json_is_boolean(in) &&
		!(json_is_string(in) && flag_read(json_string_value(in), &value)))
		return field_wrong(f, in, e, "give true or false");
	*(bool *)member = value;
	return true;
}

static int flag_compare(const struct field *f, const void *a, const void *b)
{
	(void)f;
	return *(const bool *)a - *(const bool *)b;
}

static void flag_cell(const struct field *f, const void *member, int64_t now, struct buf *out)
{
	(void)f, (void)now;
	buf_adds(out, *(const bool *)member ? "yes" : "no");
}

static bool flag_operand(const struct field *f, const char *text, struct operand *out,
	struct err *e)
{
	bool value;

	if (!flag_read(text, &value))
		return field_wrong_text(f, text, e, "compare with yes or no");
	out->number = value;
	return true;
}

static double flag_number(const void *member, int64_t now)
{
	(void)now;
	return *(const bool *)member;
}

const struct ftype ft_flag = {
	.name = "flag",
	.wire = "true or false",
	.storage = ST_BOOL,
	.encode = flag_encode,
	.decode = flag_decode,
	.from_text = from_text_trimmed,
	.compare = flag_compare,
	.cell = flag_cell,
	.operand = flag_operand,
	.number = flag_number,
};

/* ---- enum ---- */

/* A record of a newer program may hold a value that has no word here. */
const char *enum_word(const struct field *f, const void *member)
{
	unsigned value = *(const unsigned *)member;

	for (unsigned i = 0; f->names[i]; i++)
		if (i == value)
			return f->names[i];
	return NULL;
}

static json_t *enum_encode(const struct field *f, const void *member)
{
	const char *word = enum_word(f, member);

	return word ? json_string_nocheck(word) : json_null();
}

/* "it may be a, b or c", with the nearest one first where there is one. */
static bool enum_wrong(const struct field *f, const json_t *in, const char *text, struct err *e)
{
	const char *near = text ? words_nearest(f->names, text) : NULL;
	struct buf list = BUF_INIT;

	words_list(f->names, &list);
	if (near)
		buf_addf(&list, "; did you mean %s?", near);
	if (in)
		field_wrong(f, in, e, "it may be %s", list.data);
	else
		field_wrong_text(f, text, e, "it may be %s", list.data);
	buf_release(&list);
	return false;
}

static bool enum_decode(const struct field *f, void *member, struct arena *a, const json_t *in,
	enum strictness how, struct err *e)
{
	const char *text = json_string_value(in);
	int value = text ? words_find(f->names, text, false) : -1;

	(void)a;
	if (value < 0)
		return how == DECODE_SERVER ? false : enum_wrong(f, in, text, e);
	*(unsigned *)member = (unsigned)value;
	return true;
}

static int enum_compare(const struct field *f, const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	(void)f;
	return (x > y) - (x < y);
}

static void enum_cell(const struct field *f, const void *member, int64_t now, struct buf *out)
{
	const char *word = enum_word(f, member);

	(void)now;
	buf_adds(out, word ? word : "-");
}

static bool enum_operand(const struct field *f, const char *text, struct operand *out,
	struct err *e)
{
	int value = words_find(f->names, text, true);
	bool split = value < 0 && f->split && strcasecmp(f->split->word, text) == 0;

	if (value < 0 && !split)
		return enum_wrong(f, NULL, text, e);
	out->number = split ? ENUM_SPLIT : value;
	return true;
}

static double enum_number(const void *member, int64_t now)
{
	(void)now;
	return *(const unsigned *)member;
}

const struct ftype ft_enum = {
	.name = "word",
	.wire = "string",
	.storage = ST_ENUM,
	.encode = enum_encode,
	.decode = enum_decode,
	.from_text = from_text_trimmed,
	.compare = enum_compare,
	.cell = enum_cell,
	.operand = enum_operand,
	.number = enum_number,
};
