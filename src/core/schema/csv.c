#include "core/schema/csv.h"

#include "core/schema/ftype.h"

#include <stdlib.h>
#include <string.h>

void csv_write_cell(const char *text, bool guarded, bool last, struct buf *out)
{
	bool formula = guarded && *text && strchr("=+-@\t\r", *text);
	bool quoted = strpbrk(text, ",\"\r\n") != NULL;

	if (quoted)
		buf_addc(out, '"');
	if (formula)
		buf_addc(out, '\'');
	for (const char *p = text; *p; p++) {
		if (*p == '"')
			buf_addc(out, '"');
		buf_addc(out, *p);
	}
	if (quoted)
		buf_addc(out, '"');
	buf_addc(out, last ? '\n' : ',');
}

/* A text without its quotes, all else as JSON has it. */
static void value_text(const struct field *f, const void *member, struct buf *out)
{
	json_t *value = f->type->encode(f, member);
	char *text = NULL;

	if (json_is_string(value))
		buf_adds(out, json_string_value(value));
	else if (value && (text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT)))
		buf_adds(out, text);
	free(text);
	json_decref(value);
}

void record_write_csv(const struct kind *k, const void *rec, const struct field *const *fields,
	size_t count, struct buf *out)
{
	struct buf cell = BUF_INIT;

	for (size_t i = 0; i < count; i++) {
		const struct field *f = fields[i];

		buf_reset(&cell);
		if (record_knows(k, rec, f) && !(f->flags & (F_MASKED | F_SECRET)))
			value_text(f, record_member(rec, f), &cell);
		csv_write_cell(cell.len ? cell.data : "", k->sheet && f->type->storage == ST_TEXT,
			i + 1 == count, out);
	}
	buf_release(&cell);
}
