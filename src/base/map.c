#include "base/map.h"

#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct map_slot {
	char *key; /* NULL: free; TOMB: removed */
	void *value;
};

static char tomb_mark[1];
#define TOMB tomb_mark

/* Keys come from outside (job names): a seed of our own keeps collisions from being planned. */
static uint64_t map_hash(const char *key)
{
	static uint64_t seed;
	uint64_t h;

	while (seed == 0)
		if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != (ssize_t)sizeof seed)
			seed = 0x9e3779b97f4a7c15u;
	h = seed;
	for (; *key; key++)
		h = (h ^ (unsigned char)*key) * 0x100000001b3u;
	return h ^ (h >> 29);
}

void map_release(struct map *m)
{
	for (size_t i = 0; i < m->cap; i++)
		if (m->slots[i].key != TOMB)
			free(m->slots[i].key);
	free(m->slots);
	*m = (struct map)MAP_INIT;
}

/* The slot that holds `key`, else the one to put it in. */
static struct map_slot *map_find(const struct map *m, const char *key)
{
	struct map_slot *put = NULL;

	for (size_t i = map_hash(key) & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
		struct map_slot *slot = &m->slots[i];

		if (slot->key == NULL)
			return put ? put : slot;
		if (slot->key == TOMB)
			put = put ? put : slot;
		else if (strcmp(slot->key, key) == 0)
			return slot;
	}
}

static bool slot_used(const struct map_slot *slot)
{
	return slot->key != NULL && slot->key != TOMB;
}

static void map_rehash(struct map *m)
{
	struct map old = *m;

	m->cap = old.len * 4 < 16 ? 16 : old.cap;
	while (m->cap < old.len * 3)
		m->cap *= 2;
	m->tombs = 0;
	m->slots = mem_alloc(m->cap * sizeof *m->slots);
	for (size_t i = 0; i < old.cap; i++)
		if (slot_used(&old.slots[i]))
			*map_find(m, old.slots[i].key) = old.slots[i];
	free(old.slots);
}

void *map_get(const struct map *m, const char *key)
{
	struct map_slot *slot;

	if (m->cap == 0)
		return NULL;
	slot = map_find(m, key);
	return slot_used(slot) ? slot->value : NULL;
}

void *map_set(struct map *m, const char *key, void *value)
{
	struct map_slot *slot;
	void *old = NULL;

	if ((m->len + m->tombs + 1) * 3 > m->cap * 2)
		map_rehash(m);
	slot = map_find(m, key);
	if (slot_used(slot)) {
		old = slot->value;
	} else {
		if (slot->key == TOMB)
			m->tombs--;
		slot->key = mem_strdup(key);
		m->len++;
	}
	slot->value = value;
	return old;
}

void *map_remove(struct map *m, const char *key)
{
	struct map_slot *slot;

	if (m->cap == 0)
		return NULL;
	slot = map_find(m, key);
	if (!slot_used(slot))
		return NULL;
	free(slot->key);
	slot->key = TOMB;
	m->len--;
	m->tombs++;
	return slot->value;
}

bool map_next(const struct map *m, size_t *at, const char **key, void **value)
{
	while (*at < m->cap) {
		struct map_slot *slot = &m->slots[(*at)++];

		if (!slot_used(slot))
			continue;
		if (key)
			*key = slot->key;
		if (value)
			*value = slot->value;
		return true;
	}
	return false;
}
