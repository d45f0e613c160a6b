#include "core/schema/words.h"

#include "base/vec.h"

#include <string.h>

struct splitter {
	const char *text;
	size_t at;
	struct buf word;
	struct err *e;
};

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool quote_single(struct splitter *s)
{
	size_t open = s->at++;
	const char *end = strchr(s->text + s->at, '\'');

	if (end == NULL)
		return err_set(s->e, ERR_INVALID, "column %zu: the quote ' is not closed",
			open + 1);
	buf_add(&s->word, s->text + s->at, (size_t)(end - s->text) - s->at);
	s->at = (size_t)(end - s->text) + 1;
	return true;
}

/* Inside double quotes a backslash quotes only what would be special there. */
static bool quote_double(struct splitter *s)
{
	size_t open = s->at++;

	for (;; s->at++) {
		char c = s->text[s->at];

		if (c == '\0')
			return err_set(s->e, ERR_INVALID, "column %zu: the quote \" is not closed",
				open + 1);
		if (c == '"')
			break;
		char next = c == '\\' ? s->text[s->at + 1] : '\0';

		if (next == '\n') {
			s->at++;
			continue;
		}
		if (next != '\0' && strchr("$`\"\\", next))
			c = s->text[++s->at];
		buf_addc(&s->word, c);
	}
	s->at++;
	return true;
}

static bool backslash(struct splitter *s)
{
	char next = s->text[s->at + 1];

	if (next == '\0')
		return err_set(s->e, ERR_INVALID, "column %zu: a backslash with nothing behind it",
			s->at + 1);
	if (next != '\n')
		buf_addc(&s->word, next);
	s->at += 2;
	return true;
}

static bool word_next(struct splitter *s)
{
	while (s->text[s->at] && !blank(s->text[s->at])) {
		char c = s->text[s->at];
		bool good = true;

		if (c == '\'') {
			good = quote_single(s);
		} else if (c == '"') {
			good = quote_double(s);
		} else if (c == '\\') {
			good = backslash(s);
		} else {
			buf_addc(&s->word, c);
			s->at++;
		}
		if (!good)
			return false;
	}
	return true;
}

/* A backslash and a newline join lines: between words they are as good as a blank. */
static void skip_blanks(struct splitter *s)
{
	for (;;) {
		if (blank(s->text[s->at]))
			s->at++;
		else if (s->text[s->at] == '\\' && s->text[s->at + 1] == '\n')
			s->at += 2;
		else
			return;
	}
}

bool words_split(struct strings *out, struct arena *a, const char *text, struct err *e)
{
	struct splitter s = {.text = text ? text : "", .word = BUF_INIT, .e = e};
	VEC(const char *) words = {0};
	bool good = true;

	for (skip_blanks(&s); good && s.text[s.at]; skip_blanks(&s)) {
		buf_reset(&s.word);
		good = word_next(&s);
		if (good && words.len == WORDS_MAX)
			good = err_set(e, ERR_INVALID, "more than %d words", WORDS_MAX);
		if (good)
			vec_push(&words, arena_strndup(a, s.word.data, s.word.len));
	}
	if (good) {
		const char **items = arena_alloc(a, (words.len + 1) * sizeof *items);

		if (words.len)
			memcpy(items, words.items, words.len * sizeof *items);
		*out = (struct strings){.items = items, .len = words.len};
	}
	vec_release(&words);
	buf_release(&s.word);
	return good;
}
