#include "core/schema/filter.h"

#include "core/schema/ftype.h"
#include "core/schema/record.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

/* What is counted for a term, and for a label whose two halves are put together. */
enum { STEPS_TERM = 2, STEPS_PAIR = 16 };

/* ---- Numbers ---- */

/* The same as far as the person who typed `want` can see. */
static bool number_same(const struct field *f, double v, double want)
{
	switch (f->type->storage) {
	case ST_WHEN: /* shown to the second */ return floor(v / 1000) == floor(want / 1000);
	case ST_PERCENT:
	case ST_REAL: /* what was computed may be off a little */
		return fabs(v - want) <= 1e-9 * fabs(want);
	default: return v == want;
	}
}

static bool number_fits(const struct term *t, double v, double want)
{
	switch (t->op) {
	case OP_LT: return v < want;
	case OP_LE: return v <= want;
	case OP_GT: return v > want;
	case OP_GE: return v >= want;
	default: return number_same(t->field, v, want);
	}
}

static double number_of(const struct field *f, const void *rec, int64_t now)
{
	return record_is_split(f, rec) ? ENUM_SPLIT : f->type->number(record_member(rec, f), now);
}

/* Where one of the two is nan or infinite: people look for it by name, and it has no order. */
static bool nonfinite_fits(const struct term *t, double v, double want)
{
	return (t->op == OP_EQ || t->op == OP_NE) && (isnan(v) ? isnan(want) : v == want);
}

static bool measure_fits(const struct term *t, double v, double want)
{
	return isfinite(v) && isfinite(want) ? number_fits(t, v, want) : nonfinite_fits(t, v, want);
}

static bool match_number(const struct term *t, double v, int64_t *steps)
{
	bool any = false, measure = t->field->type == &ft_measure;

	*steps -= (int64_t)t->count;
	if (isnan(v) && !measure)
		return false;
	for (size_t i = 0; i < t->count && !any; i++)
		any = measure ? measure_fits(t, v, t->values[i].number)
			      : number_fits(t, v, t->values[i].number);
	return t->op == OP_NE ? !any : any;
}

/* ---- Texts ---- */

/* Equal to one of the values, or fits the expression. */
static bool text_fits(const struct term *t, const char *text, int64_t *steps)
{
	*steps -= (int64_t)t->count;
	if (t->op == OP_REGEX)
		return strnlen(text, FILTER_TEXT_MAX + 1) <= FILTER_TEXT_MAX &&
			regex_fits_within(t->regex, text, steps);
	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->values[i].text, text) == 0)
			return true;
	return false;
}

/* `labels=team` is the key, `labels=team=vision` the pair; of masked ones only keys can be asked.
 */
static bool label_fits(const struct term *t, const struct label *l, bool masked, int64_t *steps)
{
	struct buf pair = BUF_INIT;
	bool fits;

	if (masked)
		return text_fits(t, l->key, steps);
	if (t->op != OP_REGEX && text_fits(t, l->key, steps))
		return true;
	buf_addf(&pair, "%s=%s", l->key, l->value);
	*steps -= STEPS_PAIR;
	fits = text_fits(t, pair.data, steps);
	buf_release(&pair);
	return fits;
}

static bool any_text_fits(const struct term *t, const void *rec, int64_t *steps)
{
	const void *member = record_member(rec, t->field);
	const struct strings *s = member;
	const struct labels *l = member;
	const char *text;

	switch (t->field->type->storage) {
	case ST_TEXT:
		text = *(const char *const *)member;
		return (t->field->flags & F_MASKED) == 0 && text_fits(t, text ? text : "", steps);
	case ST_STRINGS:
		for (size_t i = 0; i < s->len; i++)
			if (text_fits(t, s->items[i], steps))
				return true;
		return false;
	case ST_LABELS:
		for (size_t i = 0; i < l->len; i++)
			if (label_fits(t, &l->items[i], t->field->flags & F_MASKED, steps))
				return true;
		return false;
	default: /* an enum, by an expression */
		text = record_is_split(t->field, rec) ? t->field->split->word
						      : enum_word(t->field, member);
		return text && text_fits(t, text, steps);
	}
}

/* ---- Terms ---- */

static bool begins(const char *part, const char *text)
{
	while (*part && tolower((unsigned char)*part) == tolower((unsigned char)*text))
		part++, text++;
	return *part == '\0';
}

/*
 * Capitals count where some were typed. Texts and parts are short: strcasestr's preparation costs
 * more than this search.
 */
static bool part_fits(const char *part, const char *text)
{
	char low = (char)tolower((unsigned char)*part), high = (char)toupper((unsigned char)*part);

	for (const char *at = part; *at; at++)
		if (isupper((unsigned char)*at))
			return strstr(text, part) != NULL;
	for (; *text; text++)
		if ((*text == low || *text == high) && begins(part, text))
			return true;
	return *part == '\0';
}

static bool match_key(const struct term *t, const char *key, int64_t *steps)
{
	*steps -= (int64_t)(t->count * (1 + strlen(key)));
	for (size_t i = 0; i < t->count; i++) {
		const struct operand *o = &t->values[i];

		if (o->bare ? fuzzy_score(o->text, key) > 0 : part_fits(o->text, key))
			return true;
	}
	return false;
}

void filter_find_columns(struct filter *f)
{
	const struct kind *k = f->kind;

	f->column_count = 0;
	for (size_t i = 0; i < k->field_count; i++)
		if (!(k->fields[i].flags &
			    (F_SECRET | F_MASKED | F_LARGE | F_HIDDEN | F_ALIAS | F_UID)) &&
			(k->fields[i].type->storage == ST_TEXT ||
				k->fields[i].type->storage == ST_ENUM))
			f->columns[f->column_count++] = (uint8_t)i;
}

static const char *column_text(const struct field *f, const void *rec)
{
	const char *word;

	if (f->type->storage == ST_TEXT)
		return record_text(rec, f);
	word = record_is_split(f, rec) ? f->split->word : enum_word(f, record_member(rec, f));
	return word ? word : "";
}

/* A bare word is also looked for in every other column of words. */
static bool match_columns(const struct filter *f, const struct term *t, const void *rec,
	int64_t *steps)
{
	for (size_t n = 0; n < t->count; n++) {
		const struct operand *o = &t->values[n];

		for (size_t i = 0; o->bare && i < f->column_count && *steps >= 0; i++) {
			size_t at = f->columns[i];
			const char *text = known_has(rec, at)
				? column_text(&f->kind->fields[at], rec)
				: "";

			*steps -= (int64_t)(1 + strlen(text));
			if (*text && part_fits(o->text, text))
				return true;
		}
	}
	return false;
}

/* A row without the label is as one without a field: it fits no comparison. */
static bool match_label(const struct term *t, const struct labels *l, int64_t *steps)
{
	for (size_t i = 0; i < l->len; i++)
		if (strcmp(l->items[i].key, t->label) == 0)
			return text_fits(t, l->items[i].value, steps) == (t->op != OP_NE);
	return false;
}

static bool match_term(const struct filter *f, const struct term *t, const void *rec, int64_t now,
	int64_t *steps)
{
	bool fits;

	*steps -= STEPS_TERM;
	if (t->op == OP_KEY)
		return (known_has(rec, t->index) &&
			       match_key(t, record_text(rec, t->field), steps)) ||
			match_columns(f, t, rec, steps);
	if (!known_has(rec, t->index))
		return false;
	if (t->label)
		return match_label(t, record_member(rec, t->field), steps);
	if (t->op != OP_REGEX && t->field->type->number)
		return match_number(t, number_of(t->field, rec, now), steps);
	fits = any_text_fits(t, rec, steps);
	return t->op == OP_NE ? !fits : fits;
}

bool filter_match_within(const struct filter *f, const void *rec, int64_t now, int64_t *steps)
{
	for (size_t i = 0; i < f->len && *steps >= 0; i++)
		if (match_term(f, f->terms[i], rec, now, steps) == f->terms[i]->negate)
			return false;
	return *steps >= 0;
}

bool filter_match(const struct filter *f, const void *rec, int64_t now)
{
	int64_t steps = INT64_MAX;

	return filter_match_within(f, rec, now, &steps);
}

bool filter_uses_time(const struct filter *f)
{
	for (size_t i = 0; i < f->len; i++)
		if (f->terms[i]->field->type == &ft_age)
			return true;
	return false;
}
