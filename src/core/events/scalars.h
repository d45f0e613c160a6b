/*
 * Scalars of a job: for each run (folder of event files) its tags, for each tag its points.
 *
 * As in TensorBoard's default reader, whatever restarts a run had: a point removes those of its own
 * tag whose step is not below its own, so that a training that went back to a checkpoint is seen once.
 *
 * Bounded, however long a training is: of a tag with more than SCALAR_POINTS_MAX points every second
 * is kept, then every fourth, and so on, evenly and always with the first and the newest. Where there
 * are many tags it is fewer, so that it is SCALAR_POINTS_ALL together.
 */
#ifndef MLTOP_CORE_EVENTS_SCALARS_H
#define MLTOP_CORE_EVENTS_SCALARS_H

#include "base/map.h"
#include "base/vec.h"
#include "core/events/events.h"

enum {
	SCALAR_POINTS_MAX = 10000,
	SCALAR_POINTS_ALL = 400 * 1000, /* 24 bytes each */
	SCALAR_TAGS_MAX = 4000,         /* of all runs */
};

struct scalar_point {
	int64_t step, wall; /* ms since 1970 */
	double value;       /* may be nan or infinite */
};

struct scalar_tag {
	char *name;
	enum event_class class;
	VEC(struct scalar_point) kept; /* every `stride`th of those seen */
	struct scalar_point newest;    /* of those seen */
	bool any;                      /* there is a newest */
	uint64_t seen, stride;
};

struct scalar_run {
	char *name; /* path of its folder; "." for that of the job */
	struct map by_name;
	VEC(struct scalar_tag *) tags; /* in the order in which they came */
	struct scalars *of;
};

/* Zeroed: there is nothing yet. */
struct scalars {
	VEC(struct scalar_run *) runs;
	size_t tags, points;
	bool full; /* tags were left out */
};

void scalars_release(struct scalars *s);
size_t scalars_bytes(const struct scalars *s); /* of memory, about */
/* The run of that name, made if there is none; good until it is dropped. */
struct scalar_run *scalars_run(struct scalars *s, const char *name);
/* NULL: there is none. */
struct scalar_run *scalars_find(const struct scalars *s, const char *name);
void scalars_drop(struct scalars *s, struct scalar_run *run);
/* An event_value_fn whose ctx is the run: values in the order of its files. */
void scalar_run_take(void *run, const struct event_value *value);

/* How many points there are to be shown, and the i-th of them. */
size_t scalar_tag_count(const struct scalar_tag *t);
const struct scalar_point *scalar_tag_point(const struct scalar_tag *t, size_t i);
/* Are all that were written there? */
bool scalar_tag_whole(const struct scalar_tag *t);

#endif
