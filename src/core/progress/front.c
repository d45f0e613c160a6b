#include "core/progress/line.h"

/* What logging puts in front of a message: times, levels, names, places. */

/* "I1129 18:39:49.661797 140539131091840 logging_writer.py:48] ": absl and glog. */
static const char *skip_absl(const char *s)
{
	const char *end;

	if (strchr("IWEF", *s) == NULL || *s == '\0' || !is_digit(s[1]) || !is_digit(s[4]) ||
		s[5] != ' ')
		return s;
	end = strstr(s, "] ");
	return end && end - s < 120 ? end + 2 : s;
}

/* "INFO:root:" "INFO:tensorflow:" */
static const char *skip_root(const char *s)
{
	static const char *const levels[] = {"info:", "warning:", "debug:", "error:"};

	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
		const char *name;

		if (!starts_with(s, levels[i]))
			continue;
		name = s + strlen(levels[i]);
		for (s = name; is_letter(*s) || is_digit(*s) || *s == '.' || *s == '_';)
			s++;
		return *s == ':' ? s + 1 : name;
	}
	return s;
}

/* "[2026-11-29 18:42:22,712] " and "[INFO] ": a bracket with a time or a level in it. */
static const char *skip_bracket(const char *s)
{
	const char *end;
	int colons = 0;

	if (*s != '[' || (end = strchr(s, ']')) == NULL || end - s > 64)
		return s;
	for (const char *c = s; c < end; c++)
		colons += *c == ':' && is_digit(c[1]);
	if (colons < 2 && !starts_with(s, "[info") && !starts_with(s, "[warning") &&
		!(colons == 1 && strstr(s, ".py:") && strstr(s, ".py:") < end))
		return s;
	return skip_blanks(end + 1);
}

/* "(main.py 213): INFO " of Swin and its like, behind a time in a bracket. */
static const char *skip_place(const char *s)
{
	static const char *const levels[] = {"info ", "warning ", "debug ", "error "};
	const char *end = *s == '(' ? strstr(s, "): ") : NULL;

	if (end == NULL || end - s > 64 || memmem(s, (size_t)(end - s), ".py ", 4) == NULL)
		return s;
	s = end + 3;
	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
		if (starts_with(s, levels[i]))
			return skip_blanks(s + strlen(levels[i]));
	return s;
}

/* "2026-11-29 18:00:10,123 ", "11/29/2026 18:29:48 ", "18:00:10 ". */
static const char *skip_time(const char *s)
{
	const char *at = s;
	int colons = 0;

	while (is_digit(*at) || *at == '-' || *at == '/' || *at == ':' || *at == '.' ||
		*at == ',' || *at == 'T' || *at == 'Z' ||
		(*at == ' ' && is_digit(at[1]) && at > s && at[-1] != ' ' && colons == 0 &&
			at - s >= 5)) {
		colons += *at == ':' && is_digit(at[1]);
		at++;
	}
	return colons >= 2 && is_blank(*at) && at - s >= 8 ? skip_blanks(at) : s;
}

/* " - INFO - __main__ - ", ": INFO : ", "| INFO | train_inner | ". */
static const char *skip_level(const char *s)
{
	const char *at = s;

	if (*at != '-' && *at != ':' && *at != '|')
		return s;
	for (int parts = 0; parts < 4; parts++) {
		const char *end = skip_blanks(at + 1);

		while (is_letter(*end) || is_digit(*end) || *end == '_' || *end == '.')
			end++;
		end = skip_blanks(end);
		if (*end != *at)
			break;
		at = end;
	}
	return skip_blanks(at + 1);
}

const char *message_begin(const char *text)
{
	const char *s = skip_blanks(text);

	for (int i = 0; i < 4; i++) {
		const char *before = s;

		s = skip_absl(s);
		s = skip_root(s);
		s = skip_bracket(s);
		s = skip_place(s);
		if (skip_time(s) != s)
			s = skip_level(skip_time(s));
		if (s == before)
			break;
	}
	return skip_blanks(s);
}
