/*
 * Random records of any kind, from a seed, for the property tests of core. Values are those that a
 * record may hold: what round trips must keep.
 */
#ifndef MLTOP_TESTS_UNIT_CORE_RANDOM_H
#define MLTOP_TESTS_UNIT_CORE_RANDOM_H

#include "core/schema/schema.h"

#include <string.h>

struct dice {
	uint64_t state;
};

/* xorshift64*: the same on every machine. */
static inline uint64_t dice_next(struct dice *d)
{
	d->state ^= d->state >> 12;
	d->state ^= d->state << 25;
	d->state ^= d->state >> 27;
	return d->state * 2685821657736338717u;
}

static inline int64_t dice_below(struct dice *d, int64_t n)
{
	return (int64_t)(dice_next(d) >> 1) % n;
}

/* Mostly ASCII, some wide and accented letters, quotes and backslashes. */
static inline const char *dice_text(struct dice *d, struct arena *a, size_t most, bool lines)
{
	static const char *const odd[] = {"é", "嵌", "入", "\"", "\\", "=", ",", "|", " ", "ß"};
	struct buf b = BUF_INIT;
	size_t len = 1 + (size_t)dice_below(d, (int64_t)(most < 40 ? most : 40));
	const char *copy;

	while (b.len + 4 <= len || b.len == 0) {
		int64_t pick = dice_below(d, 12);

		if (pick == 0 && b.len > 0)
			buf_adds(&b, odd[dice_below(d, ARRAY_SIZE(odd))]);
		else if (pick == 1 && lines)
			buf_addc(&b, '\n');
		else
			buf_addc(&b, (char)('a' + dice_below(d, 26)));
	}
	copy = arena_strndup(a, b.data, b.len);
	buf_release(&b);
	return copy;
}

static inline const char *dice_name(struct dice *d, struct arena *a)
{
	char text[24];
	size_t len = 1 + (size_t)dice_below(d, 20);

	for (size_t i = 0; i < len; i++)
		text[i] = i && i + 1 < len && dice_below(d, 6) == 0
			? '-'
			: (char)('a' + dice_below(d, 26));
	return arena_strndup(a, text, len);
}

static inline struct strings dice_strings(struct dice *d, struct arena *a)
{
	size_t len = (size_t)dice_below(d, 4);
	const char **items = arena_alloc(a, (len + 1) * sizeof *items);

	for (size_t i = 0; i < len; i++)
		items[i] = dice_text(d, a, 30, true);
	return (struct strings){items, len};
}

static inline struct labels dice_labels(struct dice *d, struct arena *a)
{
	size_t len = (size_t)dice_below(d, 4);
	struct label *items = arena_alloc(a, (len + 1) * sizeof *items);

	for (size_t i = 0; i < len; i++) {
		char key[32];

		snprintf(key, sizeof key, "%s%zu", dice_name(d, a), i);
		items[i] = (struct label){arena_strdup(a, key), dice_text(d, a, 30, true)};
	}
	return (struct labels){items, len};
}

/* Small, round and odd sizes alike. */
static inline int64_t dice_size(struct dice *d)
{
	int64_t unit = (int64_t)1 << (10 * dice_below(d, 5));

	switch (dice_below(d, 3)) {
	case 0: return dice_below(d, 2000) * unit;
	case 1: return dice_below(d, 2000) * (unit / 100);
	default: return dice_below(d, (int64_t)1 << (10 + dice_below(d, 40)));
	}
}

static inline double dice_double(struct dice *d)
{
	double v = (double)dice_below(d, 1000000000) / 1000;

	switch (dice_below(d, 4)) {
	case 0: return v * 1e-9;
	case 1: return -v;
	case 2: return v * 1e15;
	default: return v;
	}
}

static inline int64_t dice_number(struct dice *d, const struct field *f)
{
	bool quota = f->type == &ft_quota_memory || f->type == &ft_quota_cpu ||
		f->type == &ft_quota_count;

	if (quota && dice_below(d, 4) == 0)
		return -1;
	switch (f->type->storage) {
	case ST_BYTES: return dice_size(d);
	case ST_MS:
		return dice_below(d, 2) ? dice_below(d, 100000) * 1000
					: dice_below(d, 1000000000000);
	case ST_WHEN: return dice_below(d, 4102444800000);
	default: return dice_below(d, 2) ? dice_below(d, 1000) : dice_below(d, 1000000000000);
	}
}

static inline unsigned dice_enum(struct dice *d, const struct field *f)
{
	int64_t n = 0;

	while (f->names[n])
		n++;
	return (unsigned)dice_below(d, n);
}

static inline void dice_record(struct dice *d, const struct kind *k, void *rec, struct arena *a,
	unsigned without);

static inline struct records dice_records(struct dice *d, const struct kind *k, size_t len,
	struct arena *a)
{
	char *items = arena_alloc(a, (len + 1) * k->size);

	for (size_t i = 0; i < len; i++)
		dice_record(d, k, items + i * k->size, a, 0);
	return (struct records){items, len};
}

/* Gives row `f` a random value. */
static inline void dice_member(struct dice *d, const struct kind *k, void *rec,
	const struct field *f, struct arena *a)
{
	void *member = (char *)rec + f->offset;
	size_t most = f->max > 0 ? (size_t)f->max : 60;

	switch (f->type->storage) {
	case ST_TEXT:
		*(const char **)member = f->type == &ft_name
			? dice_name(d, a)
			: dice_text(d, a, most, f->type == &ft_block);
		break;
	case ST_PERCENT:
	case ST_REAL: *(double *)member = dice_double(d); break;
	case ST_BOOL: *(bool *)member = dice_below(d, 2); break;
	case ST_ENUM: *(unsigned *)member = dice_enum(d, f); break;
	case ST_STRINGS: *(struct strings *)member = dice_strings(d, a); break;
	case ST_LABELS: *(struct labels *)member = dice_labels(d, a); break;
	case ST_RECORD:
		((struct nested *)member)->item = dice_records(d, f->embeds, 1, a).items;
		break;
	case ST_RECORDS:
		*(struct records *)member = dice_records(d, f->embeds, (size_t)dice_below(d, 5), a);
		break;
	default: *(int64_t *)member = dice_number(d, f);
	}
	record_know(k, rec, f->offset);
}

/* Each row without one of the flags is known three times out of four. */
static inline void dice_record(struct dice *d, const struct kind *k, void *rec, struct arena *a,
	unsigned without)
{
	memset(rec, 0, k->size);
	for (size_t i = 0; i < k->field_count; i++) {
		const struct field *f = &k->fields[i];

		if (!(f->flags & (F_ALIAS | without)) && dice_below(d, 4) != 0)
			dice_member(d, k, rec, f, a);
	}
	/* What follows from others is as it must be; reading sees to that as well. */
	if (k->settle)
		k->settle(rec);
	record_copy(k, rec, rec, a);
}

#endif
