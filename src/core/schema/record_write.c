#include "core/schema/record_write.h"

#include "base/num.h"
#include "base/timefmt.h"
#include "base/utf8.h"
#include "core/schema/ftype.h"
#include "core/schema/record.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void write_dumped(json_t *value, struct buf *out)
{
	char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

	buf_adds(out, text ? text : "null");
	free(text);
	json_decref(value);
}

void json_write_text(const char *text, struct buf *out)
{
	size_t plain = 0;

	for (const unsigned char *c = (const unsigned char *)text;
		*c >= 0x20 && *c < 0x7f && *c != '"' && *c != '\\'; c++)
		plain++;
	if (text[plain] != '\0') {
		write_dumped(json_from_text(text), out);
		return;
	}
	buf_addc(out, '"');
	buf_add(out, text, plain);
	buf_addc(out, '"');
}

/* As few digits as read back the same, where 15 do: most are short decimals, made by people. */
static void write_real(double value, struct buf *out)
{
	char text[32];
	double back;

	snprintf(text, sizeof text, "%.15g", value);
	if (!num_double(text, &back) || back != value)
		snprintf(text, sizeof text, "%.17g", value);
	buf_adds(out, text);
	/* A number without a point would be an integer to the reader. */
	if (text[strcspn(text, ".e")] == '\0')
		buf_adds(out, ".0");
}

static void write_when(int64_t ms, struct buf *out)
{
	char text[TIMEFMT_SIZE];

	timefmt_rfc3339(text, ms);
	buf_addc(out, '"');
	buf_adds(out, text);
	buf_addc(out, '"');
}

/* The types that lists are full of; all others go the long way. */
static void write_member(const void *rec, const struct field *f, struct buf *out)
{
	const void *member = record_member(rec, f);
	const struct ftype *t = f->type;

	if (f->flags & F_MASKED) {
		write_dumped(field_masked_json(f, member), out);
	} else if (t == &ft_text || t == &ft_block || t == &ft_name) {
		const char *text = *(const char *const *)member;

		json_write_text(text ? text : "", out);
	} else if (t == &ft_int || t == &ft_bytes) {
		buf_addi(out, *(const int64_t *)member);
	} else if ((t == &ft_when || t == &ft_age)) {
		write_when(*(const int64_t *)member, out);
	} else if ((t == &ft_real || t == &ft_percent || t == &ft_measure) &&
		isfinite(*(const double *)member)) {
		write_real(*(const double *)member, out);
	} else if (t == &ft_enum && enum_word(f, member)) {
		json_write_text(enum_word(f, member), out);
	} else {
		write_dumped(t->encode(f, member), out);
	}
}

static void write_key(const struct field *f, bool *first, struct buf *out)
{
	buf_addc(out, *first ? '{' : ',');
	buf_addc(out, '"');
	buf_adds(out, f->name);
	buf_add(out, "\":", 2);
	*first = false;
}

/* Only the whole object has records inside and long texts. */
static void write_fields(const struct kind *k, const void *rec, const struct fieldset *only,
	bool whole, struct buf *out)
{
	bool first = true;

	for (size_t i = 0; i < k->field_count; i++) {
		const struct field *f = &k->fields[i];

		if ((f->flags & (F_ALIAS | F_SECRET)) || (only && !fieldset_has(only, i)))
			continue;
		if (only == NULL && !whole && (field_nests(f) || (f->flags & F_LARGE)))
			continue;
		if (known_has(rec, i)) {
			write_key(f, &first, out);
			write_member(rec, f, out);
		} else if (only == NULL && (f->flags & (F_PAD | F_NULL))) {
			write_key(f, &first, out);
			buf_adds(out, f->flags & F_PAD ? "\"\"" : "null");
		}
	}
	buf_adds(out, first ? "{}" : "}");
}

void record_write_json(const struct kind *k, const void *rec, const struct fieldset *only,
	struct buf *out)
{
	write_fields(k, rec, only, false, out);
}

void record_write_whole(const struct kind *k, const void *rec, struct buf *out)
{
	write_fields(k, rec, NULL, true, out);
}
