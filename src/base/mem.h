/*
 * Memory that is there or the program ends.
 *
 * mltop and mltopd may abort when memory runs out: jobs live in shims, and every outside
 * input has a written maximum. The shim must not link these (it allocates nothing after start).
 */
#ifndef MLTOP_BASE_MEM_H
#define MLTOP_BASE_MEM_H

#include <stddef.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* The struct that holds `member` at address `ptr`. */
#define CONTAINER_OF(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

/* All four return memory that the caller frees with free(); they never return NULL. */
void *mem_alloc(size_t size);              /* zeroed */
void *mem_realloc(void *old, size_t size); /* the grown part is not zeroed */
char *mem_strdup(const char *text);        /* NULL in, NULL out */
void *mem_dup(const void *data, size_t size);

#endif
