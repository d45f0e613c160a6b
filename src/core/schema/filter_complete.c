#include "core/schema/filter.h"

#include "core/schema/ftype.h"

#include <string.h>

/* Where the term at the cursor begins: after the last blank that is not inside quotes. */
static size_t term_start(const char *text, size_t cursor)
{
	size_t start = 0;
	bool quoted = false;

	for (size_t i = 0; i < cursor; i++) {
		if (text[i] == '\\' && quoted)
			i++;
		else if (text[i] == '"')
			quoted = !quoted;
		else if (text[i] == ' ' && !quoted)
			start = i + 1;
	}
	return start < cursor ? start : cursor;
}

static void add_candidate(struct buf *out, const char *head, size_t len, const char *tail)
{
	buf_add(out, head, len);
	buf_adds(out, tail);
	buf_addc(out, '\0');
}

/* Words that go on from what stands after the last |. */
static void complete_word(const char *term, const char *values, const char *const *words,
	struct buf *out)
{
	const char *bar = strrchr(values, '|');
	const char *typed = bar ? bar + 1 : values;

	for (; *words; words++)
		if (**words && strncasecmp(*words, typed, strlen(typed)) == 0)
			add_candidate(out, term, (size_t)(typed - term), *words);
}

static void complete_value(const struct kind *k, const char *term, const char *name,
	size_t name_len, struct buf *out)
{
	static const char *const flags[] = {"yes", "no", NULL};
	char text[64];
	const struct field *f;
	size_t op_len;
	bool negates;

	snprintf(text, sizeof text, "%.*s", (int)name_len, name);
	f = kind_field(k, text);
	if (f == NULL)
		return;
	filter_op_at(name + name_len, &op_len, &negates);
	if (f->split)
		complete_word(term, name + name_len + op_len,
			(const char *const[]){f->split->word, NULL}, out);
	if (f->names)
		complete_word(term, name + name_len + op_len, f->names, out);
	else if (f->type->storage == ST_BOOL)
		complete_word(term, name + name_len + op_len, flags, out);
}

static void complete_operator(const struct field *f, const char *term, size_t len, struct buf *out)
{
	for (int op = OP_EQ; op <= OP_REGEX; op++)
		if (filter_op_fits(f, (enum filter_op)op))
			add_candidate(out, term, len, filter_op_words[op]);
}

/* Whether the list "a,b,c" has the word. */
static bool list_has(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = list; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (strncmp(at, word, len) == 0 && (at[len] == ',' || at[len] == '\0'))
			return true;
	}
	return false;
}

enum { LIKELY_SHOWN, LIKELY_SAME, LIKELY_REST, LIKELY_END };

/* A column by its very name, a row that a column is short for, and all others. */
static int likely(const struct kind *k, const struct field *f)
{
	struct fieldset shown;

	if (list_has(k->list_fields, f->name))
		return LIKELY_SHOWN;
	return fieldset_parse(&shown, k, k->list_fields, NULL) &&
			fieldset_has(&shown, kind_index(k, f)) && !(f->flags & F_ALIAS)
		? LIKELY_SAME
		: LIKELY_REST;
}

/* Names that begin as typed; hidden rows only for who has typed something. */
static void complete_rank(const struct kind *k, const char *term, const char *name, int rank,
	struct buf *out)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < k->field_count; i++) {
		const struct field *f = &k->fields[i];

		if (likely(k, f) != rank)
			continue;
		if (field_nests(f) || (f->flags & (F_SECRET | F_LARGE)) ||
			((f->flags & F_HIDDEN) && len == 0))
			continue;
		if (strcmp(f->name, name) == 0)
			complete_operator(f, term, strlen(term), out);
		else if (strncmp(f->name, name, len) == 0)
			add_candidate(out, term, (size_t)(name - term), f->name);
	}
}

static void complete_name(const struct kind *k, const char *term, const char *name, struct buf *out)
{
	for (int rank = LIKELY_SHOWN; rank < LIKELY_END; rank++)
		complete_rank(k, term, name, rank, out);
}

void filter_complete(const struct kind *k, const char *text, size_t cursor, struct buf *out)
{
	size_t len = strlen(text), start, name_len, op_len;
	char term[256];
	const char *name;
	bool negates;

	cursor = cursor < len ? cursor : len;
	start = term_start(text, cursor);
	if (cursor - start >= sizeof term)
		return;
	memcpy(term, text + start, cursor - start);
	term[cursor - start] = '\0';
	name = term + (term[0] == '!');
	name_len = filter_name_length(name);
	if (filter_op_at(name + name_len, &op_len, &negates) != OP_NONE)
		complete_value(k, term, name, name_len, out);
	else if (name[name_len] == '\0')
		complete_name(k, term, name, out);
}
