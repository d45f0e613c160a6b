#include "core/filter.h"

#include "core/ftype.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { COUNTS_MAX = 255 };

/* Past a bracket expression: [^]a] and [[:digit:]] hold their ] inside. */
static const char *skip_brackets(const char *at)
{
	at++;
	at += *at == '^';
	at += *at == ']';
	for (; *at && *at != ']'; at++) {
		const char *end = *at == '[' && at[1] && strchr(":.=", at[1]) ? strchr(at + 2, ']')
									      : NULL;

		if (end)
			at = end;
	}
	return *at ? at : at - 1;
}

/* The larger number of "{2,5}"; what does not parse is left to regcomp. */
static unsigned count_of(const char *at)
{
	unsigned most = 1, n = 0;

	for (at++; *at && *at != '}'; at++) {
		if (*at == ',')
			n = 0;
		else if (isdigit((unsigned char)*at) && n <= COUNTS_MAX)
			n = n * 10 + (unsigned)(*at - '0');
		most = n > most ? n : most;
	}
	return most;
}

/* NULL when the expression costs a bounded amount. */
static const char *regex_refusal(const char *text)
{
	unsigned counts = 1;

	for (const char *at = text; *at; at++) {
		if (*at == '[') {
			at = skip_brackets(at);
		} else if (*at == '\\' && at[1]) {
			at++;
			if (isdigit((unsigned char)*at))
				return "back references are not supported";
		} else if (*at == '{') {
			counts *= count_of(at);
			if (counts > COUNTS_MAX)
				return "its counts in {} may multiply to 255 at most";
		}
	}
	return NULL;
}

static bool has_capital(const char *text)
{
	for (; *text; text++)
		if (isupper((unsigned char)*text))
			return true;
	return false;
}

bool filter_regex(regex_t *out, const char *text, struct err *e)
{
	const char *refusal = regex_refusal(text);
	char why[128];
	int code;

	if (strlen(text) > FILTER_REGEX_MAX)
		return err_set(e, ERR_INVALID,
			"the regular expression has %zu bytes: it may have %d", strlen(text),
			FILTER_REGEX_MAX);
	if (refusal)
		return err_set(e, ERR_INVALID, "the regular expression is refused: %s", refusal);
	code = regcomp(out, text, REG_EXTENDED | REG_NOSUB | (has_capital(text) ? 0 : REG_ICASE));
	if (code == 0)
		return true;
	regerror(code, out, why, sizeof why);
	return err_set(e, ERR_INVALID, "the regular expression does not parse: %s", why);
}
