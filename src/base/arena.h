/*
 * Many small allocations that are freed together.
 *
 * Owner: whoever holds the struct. Pointers into it stay valid until arena_release.
 * `used` counts the bytes handed out, so that an owner whose rows change can tell when copying
 * the live ones into a fresh arena is worth it.
 */
#ifndef MLTOP_BASE_ARENA_H
#define MLTOP_BASE_ARENA_H

#include <stddef.h>

struct arena {
	struct arena_block *last;
	size_t used;
};

#define ARENA_INIT \
	{          \
		0  \
	}

void arena_release(struct arena *a);
void arena_wipe(struct arena *a); /* the same of what is nobody's to find there later */
void *arena_alloc(struct arena *a, size_t size); /* zeroed, aligned to 16 */
char *arena_strdup(struct arena *a, const char *text);
char *arena_strndup(struct arena *a, const char *text, size_t len);

#endif
