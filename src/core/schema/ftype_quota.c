/*
 * Quotas as the public client reads them (cloud_ml_sdk, util print_quota_info): all strings, and
 * "-1.0K", "-1.0" and "-1" for no limit, which is -1 inside and sorts and filters as infinite.
 */
#include "core/schema/ftype.h"

#include "base/num.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* What people write, and what every cell shows, for no limit. */
static const char *const no_limit[] = {"inf", "INF", "none", "unlimited", "-1", "-1.0", "-1.0K",
	NULL};

static bool is_no_limit(const json_t *in)
{
	if (json_is_number(in))
		return json_number_value(in) == -1;
	return json_is_string(in) && words_find(no_limit, json_string_value(in), false) >= 0;
}

static int quota_compare(const struct field *f, const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	(void)f;
	if (x < 0 || y < 0)
		return (x < 0) - (y < 0);
	return (x > y) - (x < y);
}

static double quota_number(const void *member, int64_t now)
{
	int64_t value = *(const int64_t *)member;

	(void)now;
	return value < 0 ? INFINITY : (double)value;
}

/* With the unit's own reader for what is a number, so that ranges and sentences are the same. */
static bool quota_decode(const struct field *f, const struct ftype *plain, int64_t *member,
	const json_t *in, enum strictness how, struct err *e)
{
	if (is_no_limit(in)) {
		*member = -1;
		return true;
	}
	return plain->decode(f, member, NULL, in, how, e) &&
		(*member >= 0 || field_wrong(f, in, e, "it may be 0 or more, or -1 for no limit"));
}

static bool quota_operand(const struct field *f, const struct ftype *plain, const char *text,
	struct operand *out, struct err *e)
{
	if (words_find(no_limit, text, false) >= 0) {
		out->number = INFINITY;
		return true;
	}
	return plain->operand(f, text, out, e);
}

static void quota_cell(const struct field *f, const struct ftype *plain, const void *member,
	struct buf *out)
{
	if (*(const int64_t *)member < 0)
		buf_adds(out, no_limit[0]);
	else
		plain->cell(f, member, 0, out);
}

/* The number as its own type writes it, with ".0" put in where it has no decimals. */
static json_t *quota_encode(const struct field *f, const struct ftype *plain, const void *member,
	const char *none)
{
	json_t *number;
	const char *text;
	size_t digits;
	json_t *out;

	if (*(const int64_t *)member < 0)
		return json_string_nocheck(none);
	number = plain->encode(f, member);
	text = json_string_value(number);
	digits = strspn(text, "0123456789");
	out = text[digits] == '.' ? json_incref(number)
				  : json_sprintf("%.*s.0%s", (int)digits, text, text + digits);
	json_decref(number);
	return out;
}

/* Each of the three: its five verbs bound to the plain type. */
#define QUOTA_VERBS(token, plain)                                                                 \
	static bool token##_decode(const struct field *f, void *member, struct arena *a,          \
		const json_t *in, enum strictness how, struct err *e)                             \
	{                                                                                         \
		int64_t value = 0;                                                                \
		(void)a;                                                                          \
		if (!quota_decode(f, &plain, &value, in, how, e))                                 \
			return false;                                                             \
		*(int64_t *)member = value;                                                       \
		return true;                                                                      \
	}                                                                                         \
	static bool token##_operand(const struct field *f, const char *text, struct operand *out, \
		struct err *e)                                                                    \
	{                                                                                         \
		return quota_operand(f, &plain, text, out, e);                                    \
	}                                                                                         \
	static void token##_cell(const struct field *f, const void *member, int64_t now,          \
		struct buf *out)                                                                  \
	{                                                                                         \
		(void)now;                                                                        \
		quota_cell(f, &plain, member, out);                                               \
	}

#define QUOTA_TYPE(token, title, form, stored)  \
	const struct ftype ft_##token = {       \
		.name = title,                  \
		.wire = form,                   \
		.storage = stored,              \
		.right = true,                  \
		.ordered = true,                \
		.encode = token##_encode,       \
		.decode = token##_decode,       \
		.from_text = from_text_trimmed, \
		.compare = quota_compare,       \
		.cell = token##_cell,           \
		.operand = token##_operand,     \
		.number = quota_number,         \
	};

static json_t *quota_memory_encode(const struct field *f, const void *member)
{
	return quota_encode(f, &ft_memory, member, "-1.0K");
}

static json_t *quota_cpu_encode(const struct field *f, const void *member)
{
	return quota_encode(f, &ft_cpu, member, "-1.0");
}

static json_t *quota_count_encode(const struct field *f, const void *member)
{
	return *(const int64_t *)member < 0 ? json_string_nocheck("-1") : ft_id.encode(f, member);
}

QUOTA_VERBS(quota_memory, ft_memory)
QUOTA_VERBS(quota_cpu, ft_cpu)
QUOTA_VERBS(quota_count, ft_int)

QUOTA_TYPE(quota_memory, "memory quota", "string such as \"4.0G\"; \"-1.0K\" is no limit", ST_BYTES)
QUOTA_TYPE(quota_cpu, "CPU quota", "string such as \"4.0\"; \"-1.0\" is no limit", ST_MCPU)
QUOTA_TYPE(quota_count, "count quota", "string such as \"4\"; \"-1\" is no limit", ST_INT)
