/* What a part of a program may ask of its settings, by name, without knowing whose they are. */
#ifndef MLTOP_BASE_SETTINGS_H
#define MLTOP_BASE_SETTINGS_H

#include "base/num.h"

#include <stddef.h>
#include <stdint.h>

struct settings {
	/* The text of a setting, valid until the next call; NULL: there is none of that name. */
	const char *(*text)(void *ctx, const char *name);
	void *ctx;
};

/* A number; `standard` where it is not set, or nobody can be asked. */
static inline int64_t settings_int(const struct settings *s, const char *name, int64_t standard)
{
	const char *text = s->text ? s->text(s->ctx, name) : NULL;
	int64_t n;

	return text && num_i64(text, INT64_MIN, INT64_MAX, &n) ? n : standard;
}

#endif
