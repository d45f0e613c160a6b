#include "core/schema/schema.h"

#include "core/schema/ftype.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

const struct field *kind_lookup(const struct kind *k, const char *name, size_t *hint)
{
	size_t at = *hint < k->field_count ? *hint : 0;

	for (size_t n = 0; n < k->field_count; n++) {
		const struct field *f = &k->fields[at];

		at = at + 1 < k->field_count ? at + 1 : 0;
		if (f->name[0] == name[0] && strcmp(f->name, name) == 0) {
			*hint = at;
			return f;
		}
	}
	return NULL;
}

const struct field *kind_field(const struct kind *k, const char *name)
{
	size_t hint = 0;

	return kind_lookup(k, name, &hint);
}

/* "READ ONLY", "read_only" and "Read Only" are one title. */
static bool same_title(const char *title, const char *text)
{
	for (; *title && *text; title++, text++) {
		char a = *title == '_' ? ' ' : *title, b = *text == '_' ? ' ' : *text;

		if (tolower((unsigned char)a) != tolower((unsigned char)b))
			return false;
	}
	return *title == *text;
}

/* The field over whose column `name` stands as it is written: another's name may be the same in small letters. */
static const struct field *field_titled(const struct kind *k, const char *name)
{
	for (size_t i = 0; i < k->field_count; i++)
		if (k->fields[i].title && strcmp(k->fields[i].title, name) == 0)
			return &k->fields[i];
	return NULL;
}

const struct field *kind_field_or_title(const struct kind *k, const char *name)
{
	const struct field *f = kind_field(k, name);

	if (f == NULL)
		f = field_titled(k, name);
	for (size_t i = 0; f == NULL && i < k->field_count; i++) {
		const struct field *other = &k->fields[i];

		if (same_title(other->title ? other->title : other->name, name))
			f = other;
	}
	return f;
}

const struct field *kind_field_to_edit(const struct kind *k, const char *name)
{
	const struct field *f = kind_field_or_title(k, name), *most = NULL;
	struct buf limit = BUF_INIT;

	if (f && f->title && !(kind_owner(k, f)->flags & F_EDIT) &&
		strcmp(name, kind_owner(k, f)->name) != 0) {
		buf_addf(&limit, "%s MAX", f->title);
		most = kind_field_or_title(k, limit.data);
		buf_release(&limit);
	}
	return most && (kind_owner(k, most)->flags & F_EDIT) ? most : f;
}

static const struct field *kind_flagged(const struct kind *k, unsigned flag)
{
	for (size_t i = 0; i < k->field_count; i++)
		if (k->fields[i].flags & flag)
			return &k->fields[i];
	return NULL;
}

const struct field *kind_key(const struct kind *k)
{
	return kind_flagged(k, F_KEY);
}

const struct field *kind_uid(const struct kind *k)
{
	const struct field *uid = kind_flagged(k, F_UID);

	return uid ? uid : kind_key(k);
}

const struct field *kind_owner(const struct kind *k, const struct field *f)
{
	if (!(f->flags & F_ALIAS))
		return f;
	for (size_t i = 0; i < k->field_count; i++)
		if (k->fields[i].offset == f->offset && !(k->fields[i].flags & F_ALIAS))
			return &k->fields[i];
	return f; /* kinds_check refuses such an alias */
}

size_t kind_index(const struct kind *k, const struct field *f)
{
	return (size_t)(kind_owner(k, f) - k->fields);
}

/*
 * May the row be told of to who spelt another one wrong? `give`: rows that a person may give, by
 * flag; 0: any that has a value now and then.
 */
static bool may_suggest(const struct kind *k, const struct field *f, unsigned give)
{
	const unsigned never = F_STATUS | F_NULL | F_HIDDEN;
	unsigned flags = kind_owner(k, f)->flags;

	if ((f->flags | flags) & F_SECRET)
		return false;
	return give ? (flags & give) != 0 : (flags & never) != never;
}

/* "memory" may mean memory_limit, where no name is spelt nearly so. */
static const struct field *kind_containing(const struct kind *k, const char *name, unsigned give)
{
	for (size_t i = 0; i < k->field_count && strlen(name) >= 3; i++)
		if (may_suggest(k, &k->fields[i], give) && strstr(k->fields[i].name, name))
			return &k->fields[i];
	return NULL;
}

const struct field *kind_similar(const struct kind *k, const char *name, unsigned give)
{
	size_t limit = strlen(name) > 5 ? 2 : 1, best = limit + 1;
	const struct field *nearest = NULL;

	for (size_t i = 0; i < k->field_count; i++) {
		const struct field *f = &k->fields[i];
		size_t d = may_suggest(k, f, give) ? word_distance(name, f->name, limit) : best;

		if (d < best) {
			best = d;
			nearest = f;
		}
	}
	return nearest;
}

/* The row whose name a person may have meant (aliases give the row they stand for); NULL: none. */
static const struct field *kind_nearest(const struct kind *k, const char *name, unsigned give)
{
	const struct field *nearest = kind_similar(k, name, give);

	if (nearest == NULL)
		nearest = kind_containing(k, name, give);
	return nearest ? kind_owner(k, nearest) : NULL;
}

/* ---- What can be done, and what a state says ---- */

/* Names that begin with u begin as "you" does. */
const char *kind_article(const struct kind *k)
{
	return strchr("aeio", k->name[0]) ? "an" : "a";
}

const struct kind_action *kind_action_find(const struct kind *k, const char *name)
{
	for (size_t i = 0; i < k->action_count; i++)
		if (strcmp(k->actions[i].name, name) == 0)
			return &k->actions[i];
	return NULL;
}

const struct field *kind_state(const struct kind *k)
{
	return kind_field(k, "state");
}

static bool flag_is(const struct kind *k, const char *name, const void *rec)
{
	const struct field *f = kind_field(k, name);

	return record_knows(k, rec, f) && *(const bool *)record_member(rec, f);
}

/* A state that is not known may be any. */
bool kind_action_may(const struct kind *k, const struct kind_action *a, const void *rec)
{
	const struct field *f = kind_state(k);

	if (a->flag && flag_is(k, a->flag, rec) != a->flag_set)
		return false;
	if (a->from == 0 || f == NULL || !record_knows(k, rec, f))
		return true;
	return a->from >> (*(const unsigned *)record_member(rec, f) & 63) & 1;
}

enum life kind_life(const struct kind *k, const void *rec)
{
	return (enum life)record_look(k, rec, kind_state(k)).life;
}

enum tone kind_tone(const struct kind *k, const void *rec)
{
	return (enum tone)record_look(k, rec, kind_state(k)).tone;
}

/* ---- Sets of rows ---- */

void fieldset_ask(struct fieldset *s, const struct kind *k)
{
	for (size_t i = 0; i < k->field_count; i++) {
		const struct field *f = &k->fields[i];
		struct fieldset from;

		if (f->follows == NULL || !fieldset_has(s, i) ||
			!fieldset_parse(&from, k, f->follows, NULL))
			continue;
		s->bits[i / 64] &= ~((uint64_t)1 << (i % 64));
		for (size_t w = 0; w < KNOWN_WORDS; w++)
			s->bits[w] |= from.bits[w];
	}
}

void fieldset_add_splits(struct fieldset *s, const struct kind *k)
{
	for (size_t i = 0; i < k->field_count; i++)
		if (k->fields[i].split && fieldset_has(s, i))
			fieldset_add(s, kind_index(k, kind_field(k, k->fields[i].split->word)));
}

void fieldset_join(struct fieldset *s, const struct fieldset *more)
{
	for (size_t i = 0; i < ARRAY_SIZE(s->bits); i++)
		s->bits[i] |= more->bits[i];
}

void fieldset_remove(struct fieldset *s, const struct fieldset *some)
{
	for (size_t i = 0; i < ARRAY_SIZE(s->bits); i++)
		s->bits[i] &= ~some->bits[i];
}

bool fieldset_has(const struct fieldset *s, size_t index)
{
	return s->bits[index / 64] >> (index % 64) & 1;
}

void fieldset_drop(struct fieldset *s, size_t index)
{
	s->bits[index / 64] &= ~((uint64_t)1 << (index % 64));
}

bool fieldset_empty(const struct fieldset *s)
{
	for (size_t i = 0; i < KNOWN_WORDS; i++)
		if (s->bits[i])
			return false;
	return true;
}

void fieldset_add(struct fieldset *s, size_t index)
{
	s->bits[index / 64] |= (uint64_t)1 << (index % 64);
}

void fieldset_all(struct fieldset *out, const struct kind *k)
{
	*out = (struct fieldset){0};
	for (size_t i = 0; i < k->field_count; i++)
		if (!(k->fields[i].flags & (F_ALIAS | F_SECRET)))
			fieldset_add(out, i);
}

void fieldset_rows(struct fieldset *out, const struct kind *k)
{
	*out = (struct fieldset){0};
	for (size_t i = 0; i < k->field_count; i++)
		if (!(k->fields[i].flags & (F_ALIAS | F_SECRET | F_LARGE)) &&
			!field_nests(&k->fields[i]))
			fieldset_add(out, i);
}

bool field_orders(const struct kind *k, const struct field *f, struct err *e)
{
	struct buf all = BUF_INIT;

	if (!(f->flags & F_LARGE))
		return true;
	for (size_t i = 0; i < k->field_count; i++)
		if (k->fields[i].flags & F_LARGE)
			buf_addf(&all, "%s%s", all.len ? ", " : "", k->fields[i].name);
	err_field(e, ERR_INVALID, f->name,
		"%s is a long text, and %s are neither filtered nor sorted by those (%s): use any "
		"other field, such as %s",
		f->name, k->plural, all.data, k->list_fields);
	buf_release(&all);
	return false;
}

/* The sentence of field_unknown, which old platforms say as well. */
const struct field *field_refused(const struct kind *k, const char *text)
{
	const char *behind = strstr(text, " is not a field of ");
	char name[64];

	if (behind == NULL || (size_t)(behind - text) >= sizeof name)
		return NULL;
	snprintf(name, sizeof name, "%.*s", (int)(behind - text), text);
	return kind_field(k, name);
}

bool field_unknown(const struct kind *k, const char *name, unsigned give, struct err *e)
{
	const struct field *near = kind_nearest(k, name, give);
	struct buf shown = BUF_INIT;

	quote_text(name, &shown);
	/* Field names are plain words: the quotes are for what is none. */
	if (text_is_plain(name, strlen(name)) && *name && strlen(name) <= 40) {
		buf_reset(&shown);
		buf_adds(&shown, name);
	}
	err_field(e, ERR_INVALID, name, "%s is not a field of %s %s%s%s%s", shown.data,
		kind_article(k), k->name, near ? "; did you mean " : "", near ? near->name : "",
		near ? "?" : "");
	buf_release(&shown);
	return false;
}

bool fieldset_parse(struct fieldset *out, const struct kind *k, const char *text, struct err *e)
{
	struct fieldset set = {0};

	if (*text == '\0')
		return err_set(e, ERR_INVALID,
			"the list of fields is empty: name some, divided by commas, such as %s",
			k->list_fields);
	for (;;) {
		size_t len = strcspn(text, ",");
		char name[128];
		const struct field *f;

		snprintf(name, sizeof name, "%.*s", (int)(len < 127 ? len : 127), text);
		f = kind_field_or_title(k, name);
		if (f == NULL || (f->flags & F_SECRET))
			return field_unknown(k, name, 0, e);
		fieldset_add(&set, kind_index(k, f));
		if (text[len] == '\0')
			break;
		text += len + 1;
	}
	*out = set;
	return true;
}
