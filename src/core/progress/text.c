#include "core/progress/line.h"

#include <math.h>
#include <stdlib.h>

const char *skip_blanks(const char *s)
{
	while (is_blank(*s))
		s++;
	return s;
}

bool starts_with(const char *s, const char *text)
{
	for (; *text; s++, text++)
		if (to_lower(*s) != *text)
			return false;
	return true;
}

bool span_is(struct span s, const char *text)
{
	for (size_t i = 0; i < s.len; i++)
		if (text[i] == '\0' || to_lower(s.at[i]) != text[i])
			return false;
	return text[s.len] == '\0';
}

int span_compare_rest(struct span s, const char *text)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char a = (unsigned char)to_lower(s.at[i]), b = (unsigned char)text[i];

		if (a != b)
			return a < b ? -1 : 1;
	}
	return text[s.len] ? -1 : 0;
}

const char *find_word(const char *s, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = s; *at; at++)
		if (to_lower(*at) == *word && starts_with(at, word) && !is_letter(at[len]) &&
			(at == s || !is_letter(at[-1])))
			return at;
	return NULL;
}

/* Is ",ddd" here, and no fourth digit? */
static bool thousand_follows(const char *s)
{
	return s[0] == ',' && is_digit(s[1]) && is_digit(s[2]) && is_digit(s[3]) && !is_digit(s[4]);
}

const char *take_count(const char *s, int64_t *out)
{
	const char *begin = s;
	int64_t value = 0;
	int digits = 0;

	for (;; s++) {
		if (digits > 0 && thousand_follows(s) &&
			(s - begin <= 3 || begin[1] == ',' || begin[2] == ',' || begin[3] == ','))
			s++;
		if (!is_digit(*s))
			break;
		if (++digits > 15)
			return NULL;
		value = value * 10 + (*s - '0');
	}
	if (digits == 0)
		return NULL;
	*out = value;
	return s;
}

static double scale_of(char c)
{
	switch (c) {
	case 'k':
	case 'K': return 1e3;
	case 'M': return 1e6;
	case 'G': return 1e9;
	case 'T': return 1e12;
	default: return 0;
	}
}

/* The letter behind a number that scales it. */
static const char *take_scale(const char *s, double *out, bool *scaled)
{
	double scale = scale_of(*s);

	*scaled = scale != 0;
	if (!*scaled)
		return s;
	*out *= scale;
	return s + 1;
}

const char *take_scaled(const char *s, double *out, bool *scaled)
{
	*scaled = false;
	if (!is_digit(*s) || (s = take_real(s, out)) == NULL)
		return NULL;
	return take_scale(s, out, scaled);
}

/* nan, inf and what some programs print behind it ("nan.0"). */
static const char *take_named_real(const char *s, double sign, double *out)
{
	double value;

	if (starts_with(s, "nan")) {
		value = NAN;
		s += 3;
	} else if (starts_with(s, "inf")) {
		value = sign * INFINITY;
		s += starts_with(s, "infinity") ? 8 : 3;
	} else {
		return NULL;
	}
	if (s[0] == '.' && s[1] == '0')
		s += 2;
	if (is_letter(*s) || is_digit(*s) || *s == '_')
		return NULL;
	*out = value;
	return s;
}

/* What has no short exact way: many digits, or an exponent. Commas are left out. */
static bool real_slowly(const char *s, const char *end, double *out)
{
	char number[48];
	size_t n = 0;

	for (; s < end; s++) {
		if (*s == ',')
			continue;
		if (n == sizeof number - 1)
			return false;
		number[n++] = *s;
	}
	number[n] = '\0';
	/* The programs never call setlocale(LC_NUMERIC), so the point is a point. */
	*out = strtod(number, NULL);
	return isfinite(*out);
}

static const char *skip_exponent(const char *s)
{
	const char *c = s + 1;

	if (*s != 'e' && *s != 'E')
		return s;
	c += *c == '-' || *c == '+';
	if (!is_digit(*c))
		return s;
	while (is_digit(*c))
		c++;
	return c;
}

const char *take_real(const char *s, double *out)
{
	static const double tens[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
		1e12, 1e13, 1e14, 1e15};
	const char *begin = s, *end;
	double sign = 1;
	int64_t digits = 0;
	int count = 0, places = 0;

	if (*s == '-' || *s == '+')
		sign = *s++ == '-' ? -1 : 1;
	if (!is_digit(*s) && !(*s == '.' && is_digit(s[1])))
		return take_named_real(s, sign, out);
	for (; is_digit(*s) || thousand_follows(s); s++)
		if (*s != ',' && ++count <= 15)
			digits = digits * 10 + (*s - '0');
	if (*s == '.' && (is_digit(s[1]) || (count > 0 && s[1] != '\0' && !is_blank(s[1]))))
		for (s++; is_digit(*s); s++, places++)
			if (++count <= 15)
				digits = digits * 10 + (*s - '0');
	end = skip_exponent(s);
	if (end == s && count <= 15)
		*out = sign * (double)digits / tens[places];
	else if (!real_slowly(begin, end, out))
		return NULL;
	return end;
}

/* ---- Times ---- */

/* "00:20", "1:02:03", "0:00:00.260478": at least two parts. */
static const char *take_clock(const char *s, int64_t *ms)
{
	int64_t total = 0, part;
	const char *end;
	double fraction;
	int parts = 0;

	for (;;) {
		if (!is_digit(*s) || (s = take_count(s, &part)) == NULL || part > 100000000)
			return NULL;
		total = total * 60 + part;
		parts++;
		if (parts == 3 || *s != ':' || !is_digit(s[1]))
			break;
		s++;
	}
	if (parts < 2 || is_letter(*s))
		return NULL;
	*ms = total * 1000;
	if (*s != '.')
		return s;
	if (!is_digit(s[1]))
		return s + 1;
	end = take_real(s, &fraction);
	if (end)
		*ms += (int64_t)(fraction * 1000);
	return end;
}

/* Milliseconds of a unit at `s`, 0 where none is; *len gets its bytes. */
static double unit_ms(const char *s, size_t *len)
{
	static const struct {
		const char *text;
		double ms;
	} units[] = {
		{"ms", 1},
		{"us", 1e-3},
		{"\xc2\xb5s", 1e-3},
		{"ns", 1e-6},
		{"milliseconds", 1},
		{"seconds", 1e3},
		{"second", 1e3},
		{"secs", 1e3},
		{"sec", 1e3},
		{"s", 1e3},
		{"minutes", 6e4},
		{"minute", 6e4},
		{"mins", 6e4},
		{"min", 6e4},
		{"m", 6e4},
		{"hours", 3.6e6},
		{"hour", 3.6e6},
		{"hrs", 3.6e6},
		{"hr", 3.6e6},
		{"h", 3.6e6},
		{"days", 8.64e7},
		{"day", 8.64e7},
		{"d", 8.64e7},
	};

	if (*s == '\0' || strchr("mnushd\xc2", to_lower(*s)) == NULL)
		return 0;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		size_t n;

		if (to_lower(*s) != *units[i].text || !starts_with(s, units[i].text))
			continue;
		n = strlen(units[i].text);
		if (!is_letter(s[n])) {
			*len = n;
			return units[i].ms;
		}
	}
	return 0;
}

/* "1 day, " in front of a clock, or nothing. */
static const char *take_days(const char *s, int64_t *ms)
{
	int64_t days;
	const char *after = s;

	*ms = 0;
	while (is_digit(*after))
		after++;
	if (*after == ':' || (after = take_count(s, &days)) == NULL || days > 100000)
		return s;
	after = skip_blanks(after);
	if (!starts_with(after, "day"))
		return s;
	after += starts_with(after, "days") ? 4 : 3;
	after = skip_blanks(after + (*after == ','));
	if (!is_digit(*after))
		return s;
	*ms = days * 86400000;
	return after;
}

const char *take_duration(const char *s, int64_t *ms)
{
	const char *after = NULL;
	double total = 0, value, unit;
	int64_t days, clock;
	size_t len;

	s = skip_blanks(s);
	after = take_clock(take_days(s, &days), &clock);
	if (after) {
		*ms = days + clock;
		return after;
	}
	for (int parts = 0; parts < 4 && is_digit(*s); parts++) {
		const char *next = take_real(s, &value);

		if (next == NULL || (unit = unit_ms(skip_blanks(next), &len)) == 0 || value > 1e10)
			break;
		total += value * unit;
		after = skip_blanks(next) + len;
		s = skip_blanks(after);
	}
	if (after == NULL || total > 1e14)
		return NULL;
	*ms = (int64_t)total;
	return after;
}

/* ---- Rates ---- */

/* "it", as nearly all have it. */
static bool is_iteration(struct span unit)
{
	return unit.len == 2 && unit.at[0] == 'i' && unit.at[1] == 't';
}

enum unit unit_of(struct span unit)
{
	static const char *const others[] = {"example", "examples", "file", "files", "shard",
		"shards", "doc", "docs", "row", "rows", "line", "lines", "token", "tokens", "word",
		"words", "split", "splits", "url", "urls", "bytes"};
	static const char *const epochs[] = {"epoch", "epochs", "ep"};

	if (unit.len == 0)
		return UNIT_STEP;
	if (unit.at[unit.len - 1] == 'B' && unit.len <= 3)
		return UNIT_BYTE;
	if (is_iteration(unit))
		return UNIT_STEP;
	for (size_t i = 0; i < sizeof epochs / sizeof *epochs; i++)
		if (span_is(unit, epochs[i]))
			return UNIT_EPOCH;
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (span_is(unit, others[i]))
			return UNIT_OTHER;
	return UNIT_STEP;
}

static struct span word_at(const char *s)
{
	struct span word = {s, 0};

	while (is_letter(s[word.len]))
		word.len++;
	return word;
}

/* Seconds a step: "2.20s/it", "13ms/step"; a rate of 0 where it is too quick to say. */
static const char *take_step_time(const char *s, double value, double *rate, struct span *unit)
{
	size_t len;
	double ms = unit_ms(s, &len);

	if (ms == 0 || s[len] != '/' || !is_letter(s[len + 1]))
		return NULL;
	*unit = word_at(s + len + 1);
	*rate = value > 0 ? 1000 / (value * ms) : 0;
	return unit->at + unit->len;
}

const char *take_rate(const char *s, double *rate, struct span *unit)
{
	const char *after;
	double value;
	bool scaled;

	s = skip_blanks(s);
	if (!is_digit(*s) || (after = take_real(s, &value)) == NULL)
		return NULL;
	s = take_step_time(skip_blanks(after), value, rate, unit);
	if (s)
		return s;
	after = take_scale(after, &value, &scaled);
	/* "101MB/s": the M belongs to the bytes. */
	*unit = word_at(skip_blanks(after));
	after = unit->at + unit->len;
	if (after[0] != '/' || after[1] != 's' || (unit->len == 0 && scaled))
		return NULL;
	after += starts_with(after, "/second") ? 7 : starts_with(after, "/sec") ? 4 : 2;
	if (is_letter(*after))
		return NULL;
	*rate = value;
	return after;
}
