#include "core/usage/spent.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>

enum { MILLION = 1000 * 1000, HOUR_MS = 60 * 60 * 1000, SUM_DIGITS = 40 };

/* ---- Sums ---- */

void spent_add(struct spent *to, const struct spent *more)
{
	to->gpu_ms += more->gpu_ms;
	to->mcpu_ms += more->mcpu_ms;
	to->byte_ms += more->byte_ms;
	to->attempts += more->attempts;
}

static int64_t bounded(spent_sum n)
{
	return n > INT64_MAX ? INT64_MAX : (int64_t)n;
}

int64_t spent_gpu_seconds(const struct spent *s)
{
	return bounded(s->gpu_ms * 1000);
}

int64_t spent_cpu_seconds(const struct spent *s)
{
	return bounded(s->mcpu_ms);
}

int64_t spent_gib_seconds(const struct spent *s)
{
	return bounded(s->byte_ms * 1000 >> 30);
}

static spent_sum rounded(spent_sum n, spent_sum by)
{
	return (n + by / 2) / by;
}

/* Bytes are counted by 1024: with the dearest price it would not fit otherwise. */
int64_t spent_cost(const struct spent *s, const struct prices *p)
{
	spent_sum gpu = rounded(s->gpu_ms * (spent_sum)p->gpu_hour, HOUR_MS);
	spent_sum cpu = rounded(s->mcpu_ms * (spent_sum)p->cpu_hour, (spent_sum)HOUR_MS * 1000);
	spent_sum gib = rounded((s->byte_ms >> 10) * (spent_sum)p->gib_hour,
		(spent_sum)HOUR_MS * 1024 * 1024);

	return bounded(gpu + cpu + gib);
}

/* ---- Days ---- */

int64_t day_of(int64_t ms)
{
	return ms >= 0 ? ms / DAY_MS : -((-(ms + 1)) / DAY_MS) - 1;
}

/* Days to a date and back in the Gregorian calendar: Howard Hinnant, "chrono-Compatible Low-Level Date
 * Algorithms", days_from_civil and civil_from_days. */
enum { ERA_DAYS = 146097, ERA_YEARS = 400, SHIFT_DAYS = 719468 };
enum { DAY_FIRST = -719162, DAY_LAST = 2932896 }; /* 0001-01-01 and 9999-12-31 */

void day_text(int64_t day, char out[DAY_TEXT])
{
	int64_t z = (day < DAY_FIRST ? DAY_FIRST : day > DAY_LAST ? DAY_LAST : day) + SHIFT_DAYS;
	int64_t era = z / ERA_DAYS, of_era = z % ERA_DAYS;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t shifted = (5 * of_year + 2) / 153; /* from March on */
	int month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
	int day_of_month = (int)(of_year - (153 * shifted + 2) / 5 + 1);

	year += era * ERA_YEARS + (month <= 2);
	snprintf(out, DAY_TEXT, "%04d-%02d-%02d", (int)year % 10000, month % 100,
		day_of_month % 100);
}

static int64_t day_from(int64_t year, int64_t month, int64_t day)
{
	int64_t y = year - (month <= 2), era = y / ERA_YEARS, of_era = y % ERA_YEARS;
	int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + of_year - SHIFT_DAYS;
}

bool day_read(const char *text, int64_t *day)
{
	static const char form[] = "0000-00-00";
	int64_t part[3] = {0}, found;
	char back[DAY_TEXT];
	size_t n = 0;

	for (size_t i = 0; i < sizeof form - 1; i++) {
		bool digit = text[i] >= '0' && text[i] <= '9';

		if (form[i] == '0' ? !digit : text[i] != form[i])
			return false;
		if (digit)
			part[n] = part[n] * 10 + (text[i] - '0');
		else
			n++;
	}
	found = day_from(part[0], part[1], part[2]);
	/* 2026-02-30 is March's, and so no day. */
	day_text(found, back);
	if (strcmp(back, text) != 0)
		return false;
	*day = found;
	return true;
}

void span_days(const struct span *s, int64_t *first, int64_t *last)
{
	*first = day_of(s->from);
	*last = s->to > s->from ? day_of(s->to - 1) : *first;
}

bool spent_on(struct spent *to, const struct span *s, const struct holding *h, int64_t day)
{
	int64_t first, last, from, until;
	spent_sum ms;

	span_days(s, &first, &last);
	if (day < first || day > last)
		return false;
	from = day == first ? s->from : day * DAY_MS;
	until = day == last ? s->to : (day + 1) * DAY_MS;
	ms = until > from ? (spent_sum)(until - from) : 0;
	to->gpu_ms += ms * (spent_sum)(h->gpus > 0 ? h->gpus : 0);
	to->mcpu_ms += ms * (spent_sum)(h->mcpu > 0 ? h->mcpu : 0);
	to->byte_ms += ms * (spent_sum)(h->memory > 0 ? h->memory : 0);
	to->attempts++;
	return true;
}

/* ---- Sums by day ---- */

static size_t place_of(const struct spent_days *d, int64_t day)
{
	size_t low = 0, high = d->len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (d->items[middle].day < day)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct spent *spent_days_at(struct spent_days *d, int64_t day)
{
	size_t at = place_of(d, day);

	if (at < d->len && d->items[at].day == day)
		return &d->items[at].spent;
	vec_reserve(d, d->len + 1);
	memmove(&d->items[at + 1], &d->items[at], (d->len - at) * sizeof *d->items);
	d->len++;
	d->items[at] = (struct spent_day){.day = day};
	return &d->items[at].spent;
}

void spent_days_add(struct spent_days *d, const struct span *s, const struct holding *h,
	int64_t first, int64_t last)
{
	int64_t from, to;

	span_days(s, &from, &to);
	from = from > first ? from : first;
	to = to < last ? to : last;
	for (int64_t day = from; day <= to; day++)
		spent_on(spent_days_at(d, day), s, h, day);
}

void spent_days_join(struct spent_days *to, const struct spent_days *more)
{
	for (size_t i = 0; i < more->len; i++)
		spent_add(spent_days_at(to, more->items[i].day), &more->items[i].spent);
}

void spent_days_drop(struct spent_days *d, int64_t before)
{
	size_t at = place_of(d, before);

	if (at == 0)
		return;
	memmove(d->items, d->items + at, (d->len - at) * sizeof *d->items);
	d->len -= at;
}

/* ---- As text ---- */

static void sum_write(spent_sum n, struct buf *out)
{
	char digits[SUM_DIGITS + 1];
	size_t at = SUM_DIGITS;

	digits[at] = '\0';
	do {
		digits[--at] = (char)('0' + (int)(n % 10));
		n /= 10;
	} while (n > 0);
	buf_adds(out, digits + at);
}

void spent_days_write(const struct spent_days *d, struct buf *out)
{
	for (size_t i = 0; i < d->len; i++) {
		const struct spent_day *one = &d->items[i];

		buf_addf(out, "%s%" PRId64 ":", i ? " " : "", one->day);
		sum_write(one->spent.gpu_ms, out);
		buf_addc(out, ':');
		sum_write(one->spent.mcpu_ms, out);
		buf_addc(out, ':');
		sum_write(one->spent.byte_ms, out);
		buf_addf(out, ":%" PRId64, one->spent.attempts);
	}
}

/* Digits at *at, behind which `end` (or the text's end, for ' ') must come. */
static bool sum_read(const char **at, char end, spent_sum *out)
{
	const char *p = *at;
	spent_sum n = 0, most = ~(spent_sum)0 / 10 - 1;

	for (; *p >= '0' && *p <= '9'; p++) {
		if (n > most)
			return false;
		n = n * 10 + (spent_sum)(*p - '0');
	}
	if (p == *at || (*p != end && !(end == ' ' && *p == '\0')))
		return false;
	*at = p + (*p != '\0');
	*out = n;
	return true;
}

static bool day_part_read(const char **at, struct spent_day *out)
{
	bool negative = **at == '-';
	spent_sum day, attempts;

	*at += negative;
	if (!sum_read(at, ':', &day) || day > INT64_MAX / DAY_MS ||
		!sum_read(at, ':', &out->spent.gpu_ms) || !sum_read(at, ':', &out->spent.mcpu_ms) ||
		!sum_read(at, ':', &out->spent.byte_ms) || !sum_read(at, ' ', &attempts) ||
		attempts > INT64_MAX)
		return false;
	out->day = negative ? -(int64_t)day : (int64_t)day;
	out->spent.attempts = (int64_t)attempts;
	return true;
}

bool spent_days_read(struct spent_days *out, const char *text, struct err *e)
{
	struct spent_days read = {0};
	const char *at = text;
	bool good = true;

	while (good && *at) {
		struct spent_day one = {0};

		good = day_part_read(&at, &one) && read.len < SPENT_DAYS_MAX &&
			(read.len == 0 || read.items[read.len - 1].day < one.day);
		if (good)
			vec_push(&read, one);
	}
	if (!good) {
		size_t offset = (size_t)(at - text);

		vec_release(&read);
		return err_set(e, ERR_INTERNAL,
			"what was spent by day cannot be read at byte %zu of '%.40s'", offset,
			text);
	}
	vec_release(out);
	*out = read;
	return true;
}
