#include "base/arena.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* One block serves some 30 rows of a list; larger requests get a block of their own. */
enum { BLOCK_SIZE = 32 * 1024, ALIGN = 16 };

struct arena_block {
	struct arena_block *before;
	size_t used, size;
	_Alignas(ALIGN) char data[];
};

void arena_release(struct arena *a)
{
	struct arena_block *block = a->last;

	while (block) {
		struct arena_block *before = block->before;

		free(block);
		block = before;
	}
	*a = (struct arena)ARENA_INIT;
}

void arena_wipe(struct arena *a)
{
	for (struct arena_block *block = a->last; block; block = block->before)
		explicit_bzero(block->data, block->used);
	arena_release(a);
}

static struct arena_block *arena_grow(struct arena *a, size_t size)
{
	size_t room = size > BLOCK_SIZE / 4 ? size : BLOCK_SIZE;
	/* Not zeroed: a block is often made for a few bytes. */
	struct arena_block *block = mem_realloc(NULL, sizeof *block + room);

	block->used = 0;
	block->size = room;
	if (a->last && room != BLOCK_SIZE) {
		/* A large one goes behind the current block, whose free room stays in use. */
		block->before = a->last->before;
		a->last->before = block;
	} else {
		block->before = a->last;
		a->last = block;
	}
	return block;
}

static void *arena_take(struct arena *a, size_t size, size_t align)
{
	struct arena_block *block = a->last;
	size_t start = block ? (block->used + align - 1) & ~(align - 1) : 0;

	if (block == NULL || start + size > block->size) {
		block = arena_grow(a, size);
		start = 0;
	}
	block->used = start + size;
	a->used += size;
	return block->data + start;
}

void *arena_alloc(struct arena *a, size_t size)
{
	return memset(arena_take(a, size, ALIGN), 0, size);
}

char *arena_strndup(struct arena *a, const char *text, size_t len)
{
	char *copy = arena_take(a, len + 1, 1);

	if (len)
		memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

char *arena_strdup(struct arena *a, const char *text)
{
	return arena_strndup(a, text, strlen(text));
}
