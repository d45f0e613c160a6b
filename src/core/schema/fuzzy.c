#include "core/schema/schema.h"

#include <ctype.h>
#include <string.h>

/*
 * A word that stands in the text as it is beats one whose letters only follow each other, and
 * the beginning of a part ("chat" in llama-chat) beats the middle of one.
 */
enum {
	SCORE_PART = 1000,
	SCORE_WHOLE = 1000,
	SCORE_START = 500,
	SCORE_BOUNDARY = 250,
	SCORE_LETTER = 2,
	SCORE_NEXT = 6,
	SCORE_HEAD = 4,
	SCORE_SCATTERED_MAX = 900
};

static bool starts_part(const char *text, const char *at)
{
	return at == text || !isalnum((unsigned char)at[-1]);
}

static int score_part(const char *word, const char *text, const char *at)
{
	size_t before = (size_t)(at - text);
	int score = SCORE_PART - (int)(before < 200 ? before : 200);

	if (at == text)
		score += SCORE_START + (text[strlen(word)] == '\0' ? SCORE_WHOLE : 0);
	else if (starts_part(text, at))
		score += SCORE_BOUNDARY;
	return score;
}

/* All letters in order, anywhere. */
static int score_scattered(const char *word, const char *text)
{
	const char *last = NULL;
	int score = 1;

	for (const char *at = text; *word; at++) {
		if (*at == '\0')
			return 0;
		if (tolower((unsigned char)*at) != tolower((unsigned char)*word))
			continue;
		score += last && at == last + 1 ? SCORE_NEXT
			: starts_part(text, at) ? SCORE_HEAD
						: SCORE_LETTER;
		last = at;
		word++;
	}
	return score < SCORE_SCATTERED_MAX ? score : SCORE_SCATTERED_MAX;
}

int fuzzy_score(const char *word, const char *text)
{
	const char *at;

	if (*word == '\0')
		return 1;
	/* Of the places it stands at, one at the start of a part is what was meant. */
	at = strcasestr(text, word);
	for (const char *next = at; next; next = strcasestr(next + 1, word))
		if (starts_part(text, next))
			return score_part(word, text, next);
	return at ? score_part(word, text, at) : score_scattered(word, text);
}
