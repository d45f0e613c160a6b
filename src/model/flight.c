/* Who is first at an object: changes of it wait for each other. */
#include "model/change.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry *entry_find(struct change *c, const char *kind, const char *uid)
{
	for (size_t i = 0; i < c->entries.len; i++)
		if (strcmp(c->entries.items[i].set->name, kind) == 0 &&
			strcmp(c->entries.items[i].uid, uid) == 0)
			return &c->entries.items[i];
	return NULL;
}

/* Changes of one object, the first of them on its way. */
struct flight {
	VEC(struct change *) queue;
};

enum { FLIGHT_KEY = 256 };

static const char *flight_key(char out[FLIGHT_KEY], const char *kind, const char *uid)
{
	snprintf(out, FLIGHT_KEY, "%s/%s", kind, uid);
	return out;
}

static struct flight *flight_at(const struct model *m, const char *kind, const char *uid)
{
	char key[FLIGHT_KEY];

	return m->flights.len > 0 ? map_get(&m->flights, flight_key(key, kind, uid)) : NULL;
}

bool change_in_flight(const struct model *m, const struct kind *k, const char *uid)
{
	return flight_at(m, k->name, uid) != NULL;
}

static struct flight *flight_of(const struct model *m, const struct entry *en)
{
	return flight_at(m, en->set->name, en->uid);
}

void flight_touches(const struct model *m, const struct kind *k, const char *uid,
	struct fieldset *out)
{
	const struct flight *f = flight_at(m, k->name, uid);

	memset(out, 0, sizeof *out);
	for (size_t i = 0; f && i < f->queue.len; i++) {
		const struct entry *en = entry_find(f->queue.items[i], k->name, uid);

		if (en && !en->stored)
			fieldset_join(out, &en->touched);
	}
}

void flight_stored(const struct model *m, const struct kind *k, const char *uid)
{
	const struct flight *f = flight_at(m, k->name, uid);
	struct entry *en = f ? entry_find(f->queue.items[0], k->name, uid) : NULL;

	if (en)
		en->stored = true;
}

void flights_join(struct change *c)
{
	for (size_t i = 0; i < c->entries.len; i++) {
		const struct entry *en = &c->entries.items[i];
		struct flight *f;
		char key[FLIGHT_KEY];

		if (en->any)
			continue;
		f = flight_of(c->m, en);
		if (f == NULL) {
			f = mem_alloc(sizeof *f);
			map_set(&c->m->flights, flight_key(key, en->set->name, en->uid), f);
		}
		vec_push(&f->queue, c);
	}
}

bool flights_first(struct change *c)
{
	for (size_t i = 0; i < c->entries.len; i++)
		if (!c->entries.items[i].any &&
			flight_of(c->m, &c->entries.items[i])->queue.items[0] != c)
			return false;
	return true;
}

static void next_add(struct model *m, struct change *c)
{
	for (size_t i = 0; i < m->next.len; i++)
		if (m->next.items[i] == c)
			return;
	vec_push(&m->next, c);
}

static void flight_leave(struct change *c, const struct entry *en)
{
	struct flight *f = en->any ? NULL : flight_of(c->m, en);
	char key[FLIGHT_KEY];
	size_t at = 0;

	while (f && at < f->queue.len && f->queue.items[at] != c)
		at++;
	if (f == NULL || at == f->queue.len)
		return;
	vec_remove(&f->queue, at);
	if (f->queue.len > 0) {
		next_add(c->m, f->queue.items[0]);
		return;
	}
	vec_release(&f->queue);
	free(map_remove(&c->m->flights, flight_key(key, en->set->name, en->uid)));
}

void flights_leave(struct change *c)
{
	for (size_t i = 0; i < c->entries.len; i++)
		flight_leave(c, &c->entries.items[i]);
}

struct change *flights_next(struct model *m)
{
	while (m->next.len > 0) {
		struct change *c = m->next.items[0];

		vec_remove(&m->next, 0);
		if (!c->running && flights_first(c))
			return c;
	}
	return NULL;
}
