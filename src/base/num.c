#include "base/num.h"

#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Digits after a point that are looked at; more cannot change a result that fits 63 bits. */
enum { FRACTION_MAX = 15 };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Reads digits from *text into *out; false when there are none or they pass 64 bits. */
static bool read_digits(const char **text, uint64_t *out)
{
	const char *at = *text;
	uint64_t value = 0;

	if (!is_digit(*at))
		return false;
	for (; is_digit(*at); at++)
		if (__builtin_mul_overflow(value, 10u, &value) ||
			__builtin_add_overflow(value, (uint64_t)(*at - '0'), &value))
			return false;
	*text = at;
	*out = value;
	return true;
}

/* ".125" -> 125 and *scale 1000; no point -> 0 and 1. */
static bool read_fraction(const char **text, int places, uint64_t *fraction, uint64_t *scale)
{
	const char *at = *text;
	int read = 0;

	*fraction = 0;
	*scale = 1;
	if (*at != '.')
		return true;
	for (at++; is_digit(*at); at++) {
		if (++read > places)
			return false;
		*fraction = *fraction * 10 + (uint64_t)(*at - '0');
		*scale *= 10;
	}
	*text = at;
	return read > 0;
}

/* whole + fraction/scale, times `unit`, rounded to the nearest; false past 63 bits. */
static bool scale_up(uint64_t whole, uint64_t fraction, uint64_t scale, uint64_t unit, int64_t *out)
{
	unsigned __int128 total = (unsigned __int128)whole * unit;

	total += ((unsigned __int128)fraction * unit + scale / 2) / scale;
	if (total > INT64_MAX)
		return false;
	*out = (int64_t)total;
	return true;
}

bool num_u64(const char *text, uint64_t max, uint64_t *out)
{
	uint64_t value;

	if (text == NULL || !read_digits(&text, &value) || *text != '\0' || value > max)
		return false;
	*out = value;
	return true;
}

bool num_i64(const char *text, int64_t min, int64_t max, int64_t *out)
{
	bool negative = text != NULL && text[0] == '-' && min < 0;
	uint64_t size;
	int64_t value;

	if (text == NULL || !num_u64(text + negative, (uint64_t)INT64_MAX + negative, &size))
		return false;
	value = negative ? (int64_t)(0 - size) : (int64_t)size;
	if (value < min || value > max)
		return false;
	*out = value;
	return true;
}

static const char *skip_digits(const char *text)
{
	while (is_digit(*text))
		text++;
	return text;
}

/* True for -?digits(.digits)?([eE][+-]?digits)? and nothing else: strtod alone takes hex and "nan".
 */
static bool is_plain_double(const char *text)
{
	const char *start = text + (*text == '-');
	const char *at = skip_digits(start);

	if (at == start)
		return false;
	if (*at == '.') {
		start = at + 1;
		at = skip_digits(start);
		if (at == start)
			return false;
	}
	if (*at == 'e' || *at == 'E') {
		start = at + 1 + (at[1] == '-' || at[1] == '+');
		at = skip_digits(start);
		if (at == start)
			return false;
	}
	return *at == '\0';
}

bool num_double(const char *text, double *out)
{
	locale_t plain;
	double value;

	if (text == NULL || !is_plain_double(text))
		return false;
	/* The C locale exists already: glibc hands out its own and allocates nothing. */
	plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (plain == (locale_t)0)
		return false;
	value = strtod_l(text, NULL, plain);
	freelocale(plain);
	if (!isfinite(value))
		return false;
	*out = value;
	return true;
}

/* 1024 to the power the letter stands for; 0 where it is none. */
static uint64_t byte_multiple(char letter)
{
	static const char letters[] = "KMGTP";
	const char *at = letter ? strchr(letters, toupper((unsigned char)letter)) : NULL;

	return at ? (uint64_t)1 << (10 * (at - letters + 1)) : 0;
}

bool num_bytes(const char *text, int64_t *out)
{
	uint64_t whole, fraction, scale, unit;
	int64_t value;

	if (text == NULL || !read_digits(&text, &whole) ||
		!read_fraction(&text, FRACTION_MAX, &fraction, &scale))
		return false;
	unit = byte_multiple(*text);
	if (unit != 0) {
		text++;
		text += *text == 'i';
	} else if (scale > 1) {
		return false; /* there is no part of a byte */
	}
	text += *text == 'B';
	if (*text != '\0' || !scale_up(whole, fraction, scale, unit ? unit : 1, &value))
		return false;
	*out = value;
	return true;
}

/* Reads "h", "m", "s", "d" or "ms" and says how many ms it is; 0 where there is none of them. */
static uint64_t read_time_unit(const char **text)
{
	static const struct {
		const char *name;
		uint64_t ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};

	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		size_t len = strlen(units[i].name);

		if (strncmp(*text, units[i].name, len) == 0) {
			*text += len;
			return units[i].ms;
		}
	}
	return 0;
}

/* One "1.5h"; the units must fall from part to part, so that each stands at most once. */
static bool read_time_part(const char **text, bool first, uint64_t *unit, int64_t *ms)
{
	uint64_t whole, fraction, scale, before = *unit;

	if (!read_digits(text, &whole) || !read_fraction(text, FRACTION_MAX, &fraction, &scale))
		return false;
	*unit = first && **text == '\0' ? 1000 : read_time_unit(text);
	if (*unit == 0 || *unit >= before)
		return false;
	return scale_up(whole, fraction, scale, *unit, ms);
}

bool num_duration(const char *text, int64_t *out_ms)
{
	uint64_t unit = UINT64_MAX;
	int64_t total = 0, part;
	bool first = true;

	if (text == NULL)
		return false;
	do {
		if (!read_time_part(&text, first, &unit, &part) ||
			__builtin_add_overflow(total, part, &total))
			return false;
		first = false;
	} while (*text != '\0');
	*out_ms = total;
	return true;
}

bool num_decimal(const char *text, int places, int64_t *out)
{
	uint64_t whole, fraction, scale, unit = 1;
	bool negative;
	int64_t value;

	if (text == NULL || places < 0 || places > FRACTION_MAX)
		return false;
	negative = *text == '-';
	text += negative;
	if (!read_digits(&text, &whole) || !read_fraction(&text, places, &fraction, &scale))
		return false;
	for (int i = 0; i < places; i++)
		unit *= 10;
	if (*text != '\0' || !scale_up(whole, fraction, scale, unit, &value))
		return false;
	*out = negative ? -value : value;
	return true;
}
