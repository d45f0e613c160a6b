#include "core/schema/ftype.h"

#include "base/sanitize.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Bytes of a value that an error repeats. */
enum { QUOTE_MAX = 40 };

void quote_text(const char *text, struct buf *out)
{
	size_t len = strlen(text), keep = len;
	struct buf safe = BUF_INIT;

	if (len > QUOTE_MAX)
		for (keep = QUOTE_MAX; keep > 0 && ((unsigned char)text[keep] & 0xC0) == 0x80;)
			keep--;
	sanitize_text(&safe, text, keep);
	buf_addf(out, "\"%s%s\"", safe.data, keep < len ? "..." : "");
	buf_release(&safe);
}

static void quote_value(const json_t *in, struct buf *out)
{
	char *number;

	switch (json_typeof(in)) {
	case JSON_STRING: quote_text(json_string_value(in), out); return;
	case JSON_ARRAY: buf_adds(out, "an array"); return;
	case JSON_OBJECT: buf_adds(out, "an object"); return;
	default:
		number = json_dumps(in, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
		buf_adds(out, number ? number : "a value");
		free(number);
	}
}

static bool wrong(const struct field *f, struct buf *value, struct err *e, const char *want,
	va_list ap)
{
	struct buf text = BUF_INIT;

	buf_vaddf(&text, want, ap);
	if (f->flags & (F_SECRET | F_MASKED))
		err_field(e, ERR_INVALID, f->name, "%s is not what it must be: %s", f->name,
			text.data);
	else
		err_field(e, ERR_INVALID, f->name, "%s is %s: %s", f->name, value->data, text.data);
	buf_release(&text);
	buf_release(value);
	return false;
}

bool field_wrong(const struct field *f, const json_t *in, struct err *e, const char *want, ...)
{
	struct buf value = BUF_INIT;
	va_list ap;

	/* What a server sends is forgotten, not refused: nobody will read the sentence. */
	if (e == NULL)
		return false;
	quote_value(in, &value);
	va_start(ap, want);
	wrong(f, &value, e, want, ap);
	va_end(ap);
	return false;
}

bool field_wrong_text(const struct field *f, const char *text, struct err *e, const char *want, ...)
{
	struct buf value = BUF_INIT;
	va_list ap;

	if (e == NULL)
		return false;
	quote_text(text, &value);
	va_start(ap, want);
	wrong(f, &value, e, want, ap);
	va_end(ap);
	return false;
}

bool field_in_range(const struct field *f, int64_t value, const json_t *in, enum strictness how,
	void (*show)(int64_t value, struct buf *out), struct err *e)
{
	struct buf limits = BUF_INIT;

	if (how == DECODE_SERVER || (f->min == 0 && f->max == 0))
		return true;
	if (value >= f->min && value <= f->max)
		return true;
	show(f->min, &limits);
	buf_adds(&limits, " to ");
	show(f->max, &limits);
	field_wrong(f, in, e, "it may be %s", limits.data);
	buf_release(&limits);
	return false;
}

/* ---- Words that were meant ---- */

enum { WORD_MAX = 64 };

size_t word_distance(const char *a, const char *b, size_t limit)
{
	size_t la = strlen(a), lb = strlen(b);
	unsigned char row[WORD_MAX + 1], last[WORD_MAX + 1];

	if (la > WORD_MAX || lb > WORD_MAX)
		return limit + 1;
	for (size_t j = 0; j <= lb; j++)
		row[j] = (unsigned char)j;
	for (size_t i = 1; i <= la; i++) {
		memcpy(last, row, lb + 1);
		row[0] = (unsigned char)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned best = last[j - 1] + (a[i - 1] != b[j - 1]);

			best = last[j] + 1u < best ? last[j] + 1u : best;
			best = row[j - 1] + 1u < best ? row[j - 1] + 1u : best;
			row[j] = (unsigned char)best;
		}
	}
	return row[lb] > limit ? limit + 1 : row[lb];
}

const char *words_nearest(const char *const *words, const char *text)
{
	size_t limit = strlen(text) > 5 ? 2 : 1, best = limit + 1;
	const char *nearest = NULL;

	for (; *words; words++) {
		size_t d = **words ? word_distance(text, *words, limit) : limit + 1;

		if (d < best) {
			best = d;
			nearest = *words;
		}
	}
	return nearest;
}

int words_find(const char *const *words, const char *text, bool any_case)
{
	for (int i = 0; words[i]; i++)
		if ((any_case ? strcasecmp(words[i], text) : strcmp(words[i], text)) == 0)
			return i;
	return -1;
}

void words_list(const char *const *words, struct buf *out)
{
	bool first = true;

	for (; *words; words++) {
		if (**words == '\0')
			continue;
		if (!first)
			buf_adds(out, words[1] ? ", " : " or ");
		buf_adds(out, *words);
		first = false;
	}
}
