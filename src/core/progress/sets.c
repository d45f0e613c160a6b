#include "core/progress/line.h"

/*
 * Whose values a part of a line has, where a word says so for all that follow:
 *	1epoch results: [train] acc=0.500, loss=101.1, [valid] acc=0.612, loss=90.1
 *	Epoch 1, validation: loss=0.9012, simple_loss=1.802
 *	2021-05-01 10:05:00 | INFO | valid | epoch 001 | loss 10.123 | ppl 516.2
 */

static enum name_set set_of_word(struct span w)
{
	static const char *const validation[] = {"valid", "validation", "val", "dev", "eval",
		"test", "evaluation"};

	if (span_is(w, "train") || span_is(w, "training"))
		return SET_TRAIN;
	for (size_t i = 0; i < sizeof validation / sizeof *validation; i++)
		if (span_is(w, validation[i]))
			return SET_VALIDATION;
	return SET_NONE;
}

/* The word that ends before `end`; *front gets what stands before it. */
static struct span word_before(const char *text, const char *end, char *front)
{
	const char *at = end;

	while (at > text && is_letter(at[-1]))
		at--;
	*front = at > text ? at[-1] : ' ';
	return (struct span){at, (size_t)(end - at)};
}

/* Is the sign at `s` that of a set? "[valid]", "validation: loss", "| valid |". */
static enum name_set set_before(const char *text, const char *s)
{
	const char *end = s;
	struct span word;
	char front;

	if (*s == '|')
		while (end > text && is_blank(end[-1]))
			end--;
	word = word_before(text, end, &front);
	if (word.len < 3)
		return SET_NONE;
	if (*s == ']' && front != '[')
		return SET_NONE;
	if (*s == ':' && (strchr(" \t,;|", front) == NULL || !is_letter(*skip_blanks(s + 1))))
		return SET_NONE;
	if (*s == '|') {
		const char *at = word.at;

		while (at > text && is_blank(at[-1]))
			at--;
		if (at == text || at[-1] != '|')
			return SET_NONE;
	}
	return set_of_word(word);
}

void line_sets(struct line *l)
{
	const char *on = strstr(l->text, " valid on '");

	l->set_count = 0;
	if (on) /* fairseq's subsets */
		l->sets[l->set_count++] = (struct set_mark){on, SET_VALIDATION};
	for (const char *s = strpbrk(l->text, "]:|"); s && l->set_count < SETS_MAX;
		s = strpbrk(s + 1, "]:|")) {
		enum name_set set = set_before(l->text, s);

		if (set != SET_NONE)
			l->sets[l->set_count++] = (struct set_mark){s, set};
	}
}

enum name_set line_set_at(const struct line *l, const char *at)
{
	enum name_set set = SET_NONE;

	for (size_t i = 0; i < l->set_count && l->sets[i].at < at; i++)
		set = l->sets[i].set;
	return set;
}

/* The validation's line: nothing is measured in front of its mark, and no other set is named. */
bool line_validates(const struct line *l)
{
	for (size_t i = 0; i < l->set_count; i++)
		if (l->sets[i].set != SET_VALIDATION)
			return false;
	for (size_t i = 0; i < l->count && l->set_count > 0; i++)
		if (l->numbers[i].at < l->sets[0].at &&
			(l->numbers[i].meaning.kind == NAME_LOSS ||
				l->numbers[i].meaning.kind == NAME_METRIC))
			return false;
	return l->set_count > 0;
}
