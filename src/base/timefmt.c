#include "base/timefmt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/*
 * Calendar arithmetic of our own (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"):
 * libc's reads the time zone behind our back and takes a lock.
 */

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

/* 0000-01-01T00:00:00Z and 9999-12-31T23:59:59.999Z: what four digits of year can say. */
static const int64_t TIME_MIN = -62167219200000, TIME_MAX = 253402300799999;

struct civil {
	int year, month, day, hour, minute, second, ms;
};

static int64_t clock_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t time_now_ms(void)
{
	return clock_ms(CLOCK_REALTIME);
}

int64_t time_mono_ms(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}

/* Days since 1970-01-01. The year begins in March, so that the leap day is its last. */
static int64_t days_from_date(int year, int month, int day)
{
	int64_t y = year - (month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void date_from_days(int64_t days, struct civil *c)
{
	int64_t shifted = days + 719468;
	int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
	int64_t of_era = shifted - era * 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153;

	c->day = (int)(of_year - (153 * month + 2) / 5 + 1);
	c->month = (int)(month < 10 ? month + 3 : month - 9);
	c->year = (int)(year + era * 400 + (c->month <= 2));
}

static struct civil civil_from_ms(int64_t ms)
{
	struct civil c;
	int64_t days, rest;

	ms = ms < TIME_MIN ? TIME_MIN : ms > TIME_MAX ? TIME_MAX : ms;
	days = ms / DAY - (ms % DAY < 0);
	rest = ms - days * DAY;
	date_from_days(days, &c);
	c.hour = (int)(rest / HOUR);
	c.minute = (int)(rest / MINUTE % 60);
	c.second = (int)(rest / SECOND % 60);
	c.ms = (int)(rest % SECOND);
	return c;
}

static int64_t ms_from_civil(const struct civil *c)
{
	int64_t seconds = ((c->hour * 60) + c->minute) * 60 + c->second;

	return days_from_date(c->year, c->month, c->day) * DAY + seconds * SECOND + c->ms;
}

static int days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* Second 60 is a leap second and counts as the first of the next minute. */
static bool civil_valid(const struct civil *c)
{
	return c->month >= 1 && c->month <= 12 && c->day >= 1 &&
		c->day <= days_in_month(c->year, c->month) && c->hour <= 23 && c->minute <= 59 &&
		c->second <= 60;
}

/* `value` in so many digits, then `mark`. Lists hold tens of thousands of times: no printf. */
static char *put_digits(char *at, int value, int count, char mark)
{
	for (int i = count; i-- > 0; value /= 10)
		at[i] = (char)('0' + value % 10);
	at[count] = mark;
	return at + count + 1;
}

void timefmt_rfc3339(char out[TIMEFMT_SIZE], int64_t ms)
{
	struct civil c = civil_from_ms(ms);
	char *at = out;

	at = put_digits(at, c.year, 4, '-');
	at = put_digits(at, c.month, 2, '-');
	at = put_digits(at, c.day, 2, 'T');
	at = put_digits(at, c.hour, 2, ':');
	at = put_digits(at, c.minute, 2, ':');
	at = put_digits(at, c.second, 2, c.ms ? '.' : 'Z');
	if (c.ms)
		at = put_digits(at, c.ms, 3, 'Z');
	*at = '\0';
}

void timefmt_local(char out[TIMEFMT_SIZE], int64_t ms)
{
	int64_t whole = ms / SECOND - (ms % SECOND < 0);
	time_t at = (time_t)whole;
	struct tm tm;
	size_t len;

	if (ms < TIME_MIN || ms > TIME_MAX || localtime_r(&at, &tm) == NULL || tm.tm_gmtoff == 0) {
		timefmt_rfc3339(out, whole * SECOND);
		return;
	}
	len = strftime(out, TIMEFMT_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + len, TIMEFMT_SIZE - len, "%c%02ld:%02ld", tm.tm_gmtoff < 0 ? '-' : '+',
		labs(tm.tm_gmtoff) / 3600 % 24, labs(tm.tm_gmtoff) / 60 % 60);
}

void timefmt_sigv4(char out[TIMEFMT_SIZE], int64_t ms)
{
	struct civil c = civil_from_ms(ms);

	snprintf(out, TIMEFMT_SIZE, "%04d%02d%02dT%02d%02d%02dZ", c.year, c.month, c.day, c.hour,
		c.minute, c.second);
}

/*
 * Reads by a pattern: Y M D h m s take a digit each for that part, anything else stands for
 * itself. Returns where it stopped, or NULL.
 */
static const char *read_pattern(const char *text, const char *pattern, struct civil *c)
{
	for (; *pattern; pattern++, text++) {
		const char *parts = "YMDhms";
		int *values[] = {&c->year, &c->month, &c->day, &c->hour, &c->minute, &c->second};
		const char *part = strchr(parts, *pattern);

		if (part == NULL && *text == *pattern)
			continue;
		if (part == NULL || *text < '0' || *text > '9')
			return NULL;
		*values[part - parts] = *values[part - parts] * 10 + (*text - '0');
	}
	return text;
}

/* ".25" -> 250 ms; digits past the third are dropped. */
static const char *read_fraction(const char *text, int *ms)
{
	int unit = 100;
	const char *at = text;

	if (*at != '.')
		return text;
	for (at++; *at >= '0' && *at <= '9'; at++, unit /= 10)
		*ms += (*at - '0') * unit;
	return at == text + 1 ? NULL : at;
}

/* "Z" or "+hh:mm" to the very end. */
static bool read_offset(const char *text, int64_t *offset_ms)
{
	struct civil c = {0};
	const char *end;

	if ((*text == 'Z' || *text == 'z') && text[1] == '\0') {
		*offset_ms = 0;
		return true;
	}
	if (*text != '+' && *text != '-')
		return false;
	end = read_pattern(text + 1, "hh:mm", &c);
	if (end == NULL || *end != '\0' || c.hour > 23 || c.minute > 59)
		return false;
	*offset_ms = (c.hour * 60 + c.minute) * (int64_t)MINUTE * (*text == '-' ? -1 : 1);
	return true;
}

bool timefmt_parse_rfc3339(const char *text, int64_t *ms)
{
	struct civil c = {0};
	int64_t offset;
	const char *at = text ? read_pattern(text, "YYYY-MM-DD", &c) : NULL;

	if (at == NULL || *at == '\0' || strchr("Tt ", *at) == NULL)
		return false;
	at = read_pattern(at + 1, "hh:mm:ss", &c);
	if (at == NULL)
		return false;
	at = read_fraction(at, &c.ms);
	if (at == NULL || !read_offset(at, &offset) || !civil_valid(&c))
		return false;
	*ms = ms_from_civil(&c) - offset;
	return true;
}

bool timefmt_parse_sigv4(const char *text, int64_t *ms)
{
	struct civil c = {0};
	const char *end = text ? read_pattern(text, "YYYYMMDDThhmmssZ", &c) : NULL;

	if (end == NULL || *end != '\0' || !civil_valid(&c))
		return false;
	*ms = ms_from_civil(&c);
	return true;
}

bool timefmt_parse_http(const char *text, int64_t *ms)
{
	static const char form[] = "Xxx, 00 Xxx 0000 00:00:00 GMT";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	const char *month;
	char name[4], same[TIMEFMT_SIZE];

	if (strlen(text) != sizeof form - 1)
		return false;
	for (size_t i = 0; form[i] != '\0'; i++) {
		bool digit = form[i] == '0', letter = form[i] == 'X' || form[i] == 'x';

		if (digit ? text[i] < '0' || text[i] > '9' : !letter && text[i] != form[i])
			return false;
	}
	snprintf(name, sizeof name, "%.3s", text + 8);
	month = strstr(months, name);
	if (month == NULL || (month - months) % 3 != 0)
		return false;
	snprintf(same, sizeof same, "%.4s-%02d-%.2sT%.8sZ", text + 12,
		(int)(month - months) / 3 + 1, text + 5, text + 17);
	return timefmt_parse_rfc3339(same, ms);
}

/* The unit timefmt_age shows a duration in. */
static int64_t age_unit(int64_t ms)
{
	if (ms < MINUTE)
		return SECOND;
	if (ms < HOUR)
		return MINUTE;
	return ms < (int64_t)48 * HOUR ? HOUR : DAY;
}

void timefmt_age(char out[TIMEFMT_SIZE], int64_t duration_ms)
{
	int64_t ms = duration_ms < 0 ? 0 : duration_ms;
	int64_t unit = age_unit(ms);
	char letter = unit == SECOND ? 's' : unit == MINUTE ? 'm' : unit == HOUR ? 'h' : 'd';

	snprintf(out, TIMEFMT_SIZE, "%lld%c", (long long)(ms / unit), letter);
}

void timefmt_coarse_age(char out[TIMEFMT_SIZE], int64_t duration_ms)
{
	if (duration_ms < MINUTE)
		snprintf(out, TIMEFMT_SIZE, "<1m");
	else
		timefmt_age(out, duration_ms);
}

int64_t timefmt_coarse_age_next(int64_t duration_ms)
{
	int64_t unit;

	if (duration_ms < MINUTE)
		return MINUTE - duration_ms;
	/* Each unit gives way to the next at a whole number of itself, so a whole unit is the
	 * change. */
	unit = age_unit(duration_ms);
	return unit - duration_ms % unit;
}

void timefmt_duration(char out[TIMEFMT_SIZE], int64_t duration_ms)
{
	long long s = duration_ms < 0 ? 0 : duration_ms / SECOND;

	if (s < 60)
		snprintf(out, TIMEFMT_SIZE, "%llds", s);
	else if (s < 3600)
		snprintf(out, TIMEFMT_SIZE, "%lldm%02lld", s / 60, s % 60);
	else if (s < 86400)
		snprintf(out, TIMEFMT_SIZE, "%lldh%02lld", s / 3600, s / 60 % 60);
	else
		snprintf(out, TIMEFMT_SIZE, "%lldd%02lldh", s / 86400, s / 3600 % 24);
}
