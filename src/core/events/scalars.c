#include "core/events/scalars.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* Of many tags each has so many at least; SCALAR_TAGS_MAX of them are SCALAR_POINTS_ALL. */
enum { POINTS_LEAST = SCALAR_POINTS_ALL / SCALAR_TAGS_MAX };

/* ---- Runs ---- */

static void run_free(struct scalar_run *run)
{
	for (size_t i = 0; i < run->tags.len; i++) {
		struct scalar_tag *t = run->tags.items[i];

		run->of->points -= t->kept.len;
		run->of->tags--;
		vec_release(&t->kept);
		free(t->name);
		free(t);
	}
	vec_release(&run->tags);
	map_release(&run->by_name);
	free(run->name);
	free(run);
}

void scalars_release(struct scalars *s)
{
	for (size_t i = 0; i < s->runs.len; i++)
		run_free(s->runs.items[i]);
	vec_release(&s->runs);
	*s = (struct scalars){0};
}

size_t scalars_bytes(const struct scalars *s)
{
	enum { TAG = sizeof(struct scalar_tag) + 128, RUN = sizeof(struct scalar_run) + 256 };

	return sizeof *s + s->runs.len * RUN + s->tags * TAG +
		2 * s->points * sizeof(struct scalar_point);
}

struct scalar_run *scalars_find(const struct scalars *s, const char *name)
{
	for (size_t i = 0; i < s->runs.len; i++)
		if (strcmp(s->runs.items[i]->name, name) == 0)
			return s->runs.items[i];
	return NULL;
}

struct scalar_run *scalars_run(struct scalars *s, const char *name)
{
	struct scalar_run *run = scalars_find(s, name);

	if (run)
		return run;
	run = mem_alloc(sizeof *run);
	run->name = mem_strdup(name);
	run->of = s;
	vec_push(&s->runs, run);
	return run;
}

void scalars_drop(struct scalars *s, struct scalar_run *run)
{
	for (size_t i = 0; i < s->runs.len; i++) {
		if (s->runs.items[i] != run)
			continue;
		vec_remove(&s->runs, i);
		run_free(run);
		return;
	}
}

/* ---- What is kept ---- */

static size_t points_most(const struct scalars *s)
{
	size_t each = s->tags ? SCALAR_POINTS_ALL / s->tags : SCALAR_POINTS_MAX;

	return each > SCALAR_POINTS_MAX ? SCALAR_POINTS_MAX
		: each < POINTS_LEAST   ? POINTS_LEAST
					: each;
}

/* Every second of them. */
static void thin(struct scalars *s, struct scalar_tag *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->kept.len; i += 2)
		t->kept.items[n++] = t->kept.items[i];
	s->points -= t->kept.len - n;
	t->kept.len = n;
	t->stride *= 2;
}

/* There are more tags than when some were filled. */
static void thin_all(struct scalars *s)
{
	for (size_t i = 0; i < s->runs.len; i++)
		for (size_t n = 0; n < s->runs.items[i]->tags.len; n++)
			while (s->runs.items[i]->tags.items[n]->kept.len > points_most(s))
				thin(s, s->runs.items[i]->tags.items[n]);
}

/*
 * Those of its step and beyond go. How many of them were not kept is not known; that is as if those
 * behind the last one kept had never been.
 */
static void go_back(struct scalars *s, struct scalar_tag *t, int64_t step)
{
	if (!t->any || t->newest.step < step)
		return;
	while (t->kept.len && t->kept.items[t->kept.len - 1].step >= step) {
		t->kept.len--;
		s->points--;
	}
	t->any = t->kept.len > 0;
	t->seen = 0;
	if (!t->any) {
		t->stride = 1;
		return;
	}
	t->seen = (t->kept.len - 1) * t->stride + 1;
	t->newest = t->kept.items[t->kept.len - 1];
}

/* What stands in the place of a number and is none makes the others go all the same. */
static void point_add(struct scalars *s, struct scalar_tag *t, const struct event_value *v)
{
	go_back(s, t, v->step);
	if (!v->known)
		return;
	t->newest = (struct scalar_point){v->step, v->wall, v->number};
	t->any = true;
	if (t->seen++ % t->stride != 0)
		return;
	vec_push(&t->kept, t->newest);
	s->points++;
	if (t->kept.len > points_most(s))
		thin(s, t);
	if (s->points > SCALAR_POINTS_ALL)
		thin_all(s);
}

static struct scalar_tag *tag_new(struct scalar_run *run, const struct event_value *v)
{
	struct scalar_tag *t;

	if (run->of->tags == SCALAR_TAGS_MAX) {
		run->of->full = true;
		return NULL;
	}
	t = mem_alloc(sizeof *t);
	t->name = mem_strdup(v->tag);
	t->class = v->class;
	t->stride = 1;
	vec_push(&run->tags, t);
	map_set(&run->by_name, t->name, t);
	run->of->tags++;
	return t;
}

void scalar_run_take(void *ctx, const struct event_value *value)
{
	struct scalar_run *run = ctx;
	struct scalar_tag *t = map_get(&run->by_name, value->tag);

	if (t == NULL)
		t = tag_new(run, value);
	if (t && t->class == EVENT_SCALAR)
		point_add(run->of, t, value);
}

/* ---- What is shown ---- */

static bool newest_apart(const struct scalar_tag *t)
{
	return t->any &&
		(t->kept.len == 0 || t->kept.items[t->kept.len - 1].step != t->newest.step);
}

size_t scalar_tag_count(const struct scalar_tag *t)
{
	return t->kept.len + newest_apart(t);
}

const struct scalar_point *scalar_tag_point(const struct scalar_tag *t, size_t i)
{
	return i < t->kept.len ? &t->kept.items[i] : &t->newest;
}

bool scalar_tag_whole(const struct scalar_tag *t)
{
	return t->stride == 1;
}
