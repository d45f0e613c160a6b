#include "core/schema/filter.h"

#include "core/schema/ftype.h"

#include <stdlib.h>
#include <string.h>

const char *const filter_op_words[] = {
	[OP_EQ] = "=",
	[OP_NE] = "!=",
	[OP_LT] = "<",
	[OP_LE] = "<=",
	[OP_GT] = ">",
	[OP_GE] = ">=",
	[OP_REGEX] = "~=",
	NULL,
};

struct filter_parser {
	const char *text;
	size_t at; /* bytes */
	struct filter *f;
	struct err *e;
};

/* ---- Words of the language ---- */

enum filter_op filter_op_at(const char *text, size_t *len, bool *negates)
{
	static const struct {
		const char *word;
		enum filter_op op;
	} words[] = {
		{"!~=", OP_REGEX},
		{"!=", OP_NE},
		{"<=", OP_LE},
		{">=", OP_GE},
		{"~=", OP_REGEX},
		{"==", OP_EQ},
		{"=", OP_EQ},
		{"<", OP_LT},
		{">", OP_GT},
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		*len = strlen(words[i].word);
		if (strncmp(text, words[i].word, *len) == 0) {
			*negates = i == 0;
			return words[i].op;
		}
	}
	*len = 0;
	*negates = false;
	return OP_NONE;
}

size_t filter_name_length(const char *text)
{
	return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
}

bool filter_op_fits(const struct field *f, enum filter_op op)
{
	enum storage s = f->type->storage;

	if (field_nests(f))
		return false;
	if (op == OP_REGEX)
		return s == ST_TEXT || s == ST_ENUM || s == ST_STRINGS || s == ST_LABELS;
	if (op == OP_EQ || op == OP_NE)
		return f->type != &ft_age;
	return f->type->ordered;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* ---- Errors ---- */

/* Columns count characters from 1, as a person does. */
static size_t column(const struct filter_parser *p, size_t at)
{
	size_t n = 1;

	for (size_t i = 0; i < at; i++)
		n += ((unsigned char)p->text[i] & 0xC0) != 0x80;
	return n;
}

/* Puts the column before what `e` says already. */
static bool fails_at(const struct filter_parser *p, size_t at)
{
	err_prefix(p->e, "column %zu", column(p, at));
	return false;
}

static bool refuse(const struct filter_parser *p, size_t at, const char *why)
{
	err_set(p->e, ERR_INVALID, "%s", why);
	return fails_at(p, at);
}

/* ---- Values ---- */

/* "...", where \" and \\ stand for themselves. */
static bool parse_quoted(struct filter_parser *p, const char **out)
{
	size_t start = p->at++;
	struct buf b = BUF_INIT;
	bool closed = false;

	for (; p->text[p->at] && !closed; p->at++) {
		char c = p->text[p->at], next = p->text[p->at + 1];

		if (c == '"')
			closed = true;
		else if (c == '\\' && (next == '"' || next == '\\'))
			buf_addc(&b, p->text[++p->at]);
		else
			buf_addc(&b, c);
	}
	*out = arena_strndup(&p->f->text, b.data, b.len);
	buf_release(&b);
	if (!closed)
		return refuse(p, start, "the quote is not closed");
	return true;
}

/* A value up to a blank, or to | where that divides values. */
static bool parse_value(struct filter_parser *p, bool divided, const char **out, bool *bare)
{
	size_t start = p->at;

	*bare = p->text[p->at] != '"';
	if (!*bare) {
		if (!parse_quoted(p, out))
			return false;
		if (p->text[p->at] && !is_blank(p->text[p->at]) &&
			!(divided && p->text[p->at] == '|'))
			return refuse(p, p->at, "a blank is missing after the quote");
		return true;
	}
	while (p->text[p->at] && !is_blank(p->text[p->at]) && !(divided && p->text[p->at] == '|'))
		p->at++;
	if (p->at == start)
		return refuse(p, start, "a value is missing here; \"\" is the empty text");
	*out = arena_strndup(&p->f->text, p->text + start, p->at - start);
	return true;
}

static bool parse_values(struct filter_parser *p, struct term *t)
{
	for (;;) {
		size_t start = p->at;
		struct operand *value = &t->values[t->count];
		const char *text;
		bool bare;

		if (t->count == FILTER_VALUES_MAX)
			return refuse(p, start,
				"there are too many values: 64 may stand between |");
		if (!parse_value(p, true, &text, &bare))
			return false;
		*value = (struct operand){.text = text, .bare = bare};
		if (t->op != OP_KEY && !t->field->type->operand(t->field, text, value, p->e))
			return fails_at(p, start);
		t->count++;
		if (p->text[p->at] != '|')
			return true;
		p->at++;
	}
}

/* | is the expression's own "or", so the value reaches to the blank. */
static bool parse_regex(struct filter_parser *p, struct term *t)
{
	size_t start = p->at;
	const char *text;
	bool bare;

	if (!parse_value(p, false, &text, &bare))
		return false;
	t->regex = regex_new(text, p->e);
	if (t->regex == NULL)
		return fails_at(p, start);
	t->count = 1;
	return true;
}

/* ---- Terms ---- */

static bool op_misfit(const struct filter_parser *p, size_t at, const struct field *f,
	enum filter_op op)
{
	if (field_nests(f))
		f->type->operand(f, "", NULL, p->e);
	else if (op == OP_REGEX)
		err_set(p->e, ERR_INVALID, "~= looks into texts and %s is none: use = < or >",
			f->name);
	else if (f->type == &ft_age)
		err_set(p->e, ERR_INVALID, "%s is never exactly one time: use < or >", f->name);
	else
		err_set(p->e, ERR_INVALID, "%s has no order: use =, != or ~=", f->name);
	return fails_at(p, at);
}

/* Where a name that is no field's may be that of a label: it resembles none, and is compared as texts are. */
static const struct field *label_row(const struct kind *k, const char *name, enum filter_op op)
{
	if ((op != OP_EQ && op != OP_NE && op != OP_REGEX) || kind_similar(k, name, 0))
		return NULL;
	for (size_t i = 0; i < k->field_count; i++)
		if (k->fields[i].type->storage == ST_LABELS &&
			!(k->fields[i].flags & (F_MASKED | F_SECRET | F_ALIAS)))
			return &k->fields[i];
	return NULL;
}

static bool parse_comparison(struct filter_parser *p, struct term *t, size_t name_len)
{
	size_t start = p->at, op_len;
	const char *name = arena_strndup(&p->f->text, p->text + start, name_len);
	bool negates;

	t->field = kind_field_or_title(p->f->kind, name);
	t->op = filter_op_at(p->text + start + name_len, &op_len, &negates);
	if (t->field == NULL && (t->field = label_row(p->f->kind, name, t->op)) != NULL)
		t->label = name;
	if (t->field == NULL || (t->field->flags & F_SECRET)) {
		field_unknown(p->f->kind, name, 0, p->e);
		return fails_at(p, start);
	}
	if (!field_orders(p->f->kind, t->field, p->e))
		return fails_at(p, start);
	t->index = kind_index(p->f->kind, t->field);
	t->negate ^= negates;
	if (!filter_op_fits(t->field, t->op))
		return op_misfit(p, start, t->field, t->op);
	p->at += name_len + op_len;
	return t->op == OP_REGEX ? parse_regex(p, t) : parse_values(p, t);
}

/*
 * A bare word with an operator in it was meant as a comparison: `job-name=x`; and no name of
 * anything begins with a bracket.
 */
static bool check_word(const struct filter_parser *p)
{
	size_t len = strcspn(p->text + p->at, " \t\n\"=<>~");
	const char *after = p->text + p->at + len;
	const char *name;

	if (p->text[p->at] == '(' || p->text[p->at] == ')')
		return refuse(p, p->at,
			"terms are not grouped by brackets: a blank means and, | "
			"divides values; put a text with brackets in quotes");
	if (*after == '\0' || is_blank(*after) || *after == '"' ||
		(*after == '~' && after[1] != '='))
		return true;
	if (len == 0)
		return refuse(p, p->at, "a field is missing before the operator");
	len -= after[-1] == '!';
	name = arena_strndup(&p->f->text, p->text + p->at, len);
	field_unknown(p->f->kind, name, 0, p->e);
	return fails_at(p, p->at);
}

static bool parse_term(struct filter_parser *p, struct term *t)
{
	size_t name_len, op_len;
	bool negates;

	if (p->text[p->at] == '!') {
		t->negate = true;
		p->at++;
	}
	if (p->text[p->at] == '\0' || is_blank(p->text[p->at]))
		return refuse(p, p->at, "! must stand before a term, without a blank");
	name_len = filter_name_length(p->text + p->at);
	if (name_len && filter_op_at(p->text + p->at + name_len, &op_len, &negates) != OP_NONE)
		return parse_comparison(p, t, name_len);
	if (!check_word(p))
		return false;
	t->op = OP_KEY;
	t->field = kind_key(p->f->kind);
	t->index = kind_index(p->f->kind, t->field);
	return parse_values(p, t);
}

/* A term that does not parse has no regex, which comes last: the memory of the term is all it holds. */
static bool parse_terms(struct filter_parser *p)
{
	for (;;) {
		struct term *t;

		while (is_blank(p->text[p->at]))
			p->at++;
		if (p->text[p->at] == '\0')
			return true;
		if (p->f->len == FILTER_TERMS_MAX)
			return refuse(p, p->at, "there are too many terms: a filter may have 64");
		t = mem_alloc(sizeof *t);
		if (!parse_term(p, t)) {
			free(t);
			return false;
		}
		p->f->terms[p->f->len++] = t;
	}
}

struct filter *filter_parse(const struct kind *k, const char *text, struct err *e)
{
	struct err unwanted = ERR_INIT;
	struct filter_parser p = {.text = text, .e = e ? e : &unwanted};

	if (strlen(text) > FILTER_MAX) {
		err_set(e, ERR_INVALID, "the filter has %zu bytes: it may have %d", strlen(text),
			FILTER_MAX);
		return NULL;
	}
	p.f = mem_alloc(sizeof *p.f);
	p.f->kind = k;
	filter_find_columns(p.f);
	if (parse_terms(&p))
		return p.f;
	filter_free(p.f);
	return NULL;
}

const char *filter_label(const struct filter *f)
{
	for (size_t i = 0; i < f->len; i++)
		if (f->terms[i]->label)
			return f->terms[i]->label;
	return NULL;
}

void filter_free(struct filter *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < f->len; i++) {
		regex_free(f->terms[i]->regex);
		free(f->terms[i]);
	}
	arena_release(&f->text);
	free(f);
}
