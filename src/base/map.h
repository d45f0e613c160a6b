/*
 * String keys to pointers. The map copies its keys and never owns the values.
 * Iteration order is not defined; a map must not change while it is walked.
 */
#ifndef MLTOP_BASE_MAP_H
#define MLTOP_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>

struct map_slot;
struct map {
	struct map_slot *slots;
	size_t len, cap, tombs;
};

#define MAP_INIT  \
	{         \
		0 \
	}

void map_release(struct map *m);
void *map_get(const struct map *m, const char *key);        /* NULL when absent */
void *map_set(struct map *m, const char *key, void *value); /* returns the value replaced */
void *map_remove(struct map *m, const char *key);           /* returns the value removed */
/* Walks all pairs: start with *at = 0, ends with false. */
bool map_next(const struct map *m, size_t *at, const char **key, void **value);

#endif
