#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *mem_check(void *p, size_t size)
{
	if (p == NULL) {
		fprintf(stderr, "out of memory: %zu bytes could not be had\n", size);
		abort();
	}
	return p;
}

void *mem_alloc(size_t size)
{
	return mem_check(calloc(1, size ? size : 1), size);
}

void *mem_realloc(void *old, size_t size)
{
	return mem_check(realloc(old, size ? size : 1), size);
}

char *mem_strdup(const char *text)
{
	return text ? mem_dup(text, strlen(text) + 1) : NULL;
}

void *mem_dup(const void *data, size_t size)
{
	void *p = mem_check(malloc(size ? size : 1), size);

	if (size)
		memcpy(p, data, size);
	return p;
}
