#include "work/scalars.h"

#include "base/mem.h"
#include "work/work.h"

#include <stdlib.h>
#include <string.h>

/* Outlives `w` while the pool works for it. */
struct scalars_store {
	struct work *w; /* NULL: it is closed */
	const struct engine_outputs *outputs;
	struct turns *turns;
	struct map by_uid; /* -> struct scalars_of */
	uint64_t clock;    /* of looks */
	size_t busy;
};

/* What was read of one object. At most one look at a time has it. */
struct scalars_of {
	struct scalars_store *store;
	char uid[ULID_SIZE];
	char *place;
	struct event_folder folder;
	size_t bytes;
	uint64_t looked;
	bool gone; /* not in the map any more */
	struct scalars_look *now;
	VEC(struct scalars_look *) waiting;
};

static void of_free(struct scalars_of *of)
{
	event_folder_release(&of->folder);
	vec_release(&of->waiting);
	free(of->place);
	free(of);
}

static void store_free(struct scalars_store *s)
{
	size_t at = 0;
	const char *uid;
	void *of;

	if (s->busy || s->w)
		return;
	while (map_next(&s->by_uid, &at, &uid, &of))
		of_free(of);
	map_release(&s->by_uid);
	free(s);
}

/* ---- What is kept ---- */

static struct scalars_of *of_new(struct scalars_store *s, const char *uid)
{
	struct scalars_of *of = mem_alloc(sizeof *of);

	of->store = s;
	memcpy(of->uid, uid, strnlen(uid, sizeof of->uid - 1));
	of->place = s->outputs ? s->outputs->place(s->w->engine, uid) : NULL;
	map_set(&s->by_uid, uid, of);
	return of;
}

static void of_drop(struct scalars_of *of)
{
	if (!of->gone)
		map_remove(&of->store->by_uid, of->uid);
	of->gone = true;
	if (of->now == NULL)
		of_free(of);
}

/* The one that was not asked for longest, of those that may go; *bytes: of all. */
static struct scalars_of *oldest(const struct scalars_store *s, size_t *bytes)
{
	struct scalars_of *least = NULL;
	size_t at = 0;
	const char *uid;
	void *value;

	*bytes = 0;
	while (map_next(&s->by_uid, &at, &uid, &value)) {
		struct scalars_of *of = value;

		*bytes += of->bytes;
		if (of->now == NULL && (least == NULL || of->looked < least->looked))
			least = of;
	}
	return least;
}

static void make_room(struct scalars_store *s)
{
	size_t bytes;
	struct scalars_of *of;

	while ((of = oldest(s, &bytes)) != NULL && bytes > SCALARS_BYTES)
		of_drop(of);
}

/* ---- Looks ---- */

static void look_begin(struct scalars_of *of, struct scalars_look *look);

static void folder_run(struct turn *turn)
{
	struct scalars_look *look = turn->ctx;
	struct scalars_of *of = look->of;

	if (of->store->outputs)
		event_folder_look(&of->folder, of->store->outputs, of->place,
			turns_stopped(of->store->turns));
	look->read(look, &of->folder);
}

static void look_told(struct scalars_look *look, bool ran)
{
	free(look->key);
	look->key = NULL;
	look->over(look, ran);
}

/* Who wanted the same meanwhile is next. */
static void folder_looked(struct turn *turn, bool ran)
{
	struct scalars_look *look = turn->ctx, *next = NULL;
	struct scalars_of *of = look->of;
	struct scalars_store *s = of->store;

	look->w = s->w;
	of->now = NULL;
	of->bytes = event_folder_bytes(&of->folder);
	if (of->waiting.len) {
		next = of->waiting.items[0];
		vec_remove(&of->waiting, 0);
		look_begin(of, next);
	} else if (of->gone) {
		of_free(of);
	} else {
		make_room(s);
	}
	look_told(look, ran);
	s->busy--;
	store_free(s);
}

static void look_begin(struct scalars_of *of, struct scalars_look *look)
{
	of->now = look;
	of->looked = ++of->store->clock;
	of->store->busy++;
	look->turn = (struct turn){.ctx = look,
		.patient = look->patient,
		.run = folder_run,
		.over = folder_looked};
	turns_queue(of->store->turns, &look->turn, look->key);
}

void scalars_look(struct work *w, const char *uid, const char *key, struct scalars_look *look)
{
	struct scalars_store *s = w->scalars;
	struct scalars_of *of;

	look->key = NULL;
	look->w = w;
	if (s == NULL || w->closing) {
		look->over(look, false);
		return;
	}
	of = map_get(&s->by_uid, uid);
	if (of == NULL)
		of = of_new(s, uid);
	look->of = of;
	look->key = mem_strdup(key);
	if (of->now)
		vec_push(&of->waiting, look);
	else
		look_begin(of, look);
}

void scalars_forget(struct work *w, const char *uid)
{
	struct scalars_of *of = w->scalars ? map_get(&w->scalars->by_uid, uid) : NULL;

	if (of)
		of_drop(of);
}

/* ---- Start and end ---- */

void scalars_start(struct work *w)
{
	struct scalars_store *s = mem_alloc(sizeof *s);

	s->w = w;
	s->outputs = w->engine->ops->outputs;
	s->turns = w->turns;
	w->scalars = s;
}

void scalars_stop(struct work *w)
{
	struct scalars_store *s = w->scalars;

	if (s == NULL)
		return;
	w->scalars = NULL;
	s->w = NULL;
	store_free(s);
}
