/* Scalars as the API tells them. */
#ifndef MLTOP_CORE_EVENTS_ANSWER_H
#define MLTOP_CORE_EVENTS_ANSWER_H

#include "base/buf.h"
#include "core/events/scalars.h"

enum {
	SCALAR_ANSWER_POINTS = 50 * 1000, /* in one answer, of all its tags together */
	SCALAR_ANSWER_EACH = 1000,        /* of a tag, where nothing else is asked for */
	/* No curve is begun beyond it, so that clients, which take 4 MiB, get the whole of an answer. */
	SCALAR_ANSWER_BYTES = 3 * 1024 * 1024,
};

struct scalar_query {
	const char *tags, *run; /* names with commas between them; NULL: all */
	const char *tag;        /* one name, whatever is in it; NULL: all */
	int64_t from_step;      /* points of lower steps are left out */
	int64_t points; /* at most of each tag, from 1; spread evenly, with first and last */
};
#define SCALAR_QUERY_INIT                                            \
	{                                                            \
		.from_step = INT64_MIN, .points = SCALAR_ANSWER_EACH \
	}

/*
 * Appends [{"tag", "run", "points": [[step, wall_ms, value], ...]}, ...], by run and tag; a value that
 * is no number is "nan", "inf" or "-inf". True: that is not all there is.
 */
bool scalars_write(const struct scalars *s, const struct scalar_query *q, struct buf *out);
/* Is that name among those of the query's list? Of NULL every name is. */
bool scalar_named(const char *list, const char *name);
/* One value as it stands in that. */
void scalar_value_write(double value, struct buf *out);

#endif
