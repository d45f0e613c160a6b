/*
 * A growing array of any element type: declare `struct { T *items; size_t len, cap; } v`.
 * Owner: whoever holds the struct. The macros evaluate `v` more than once.
 */
#ifndef MLTOP_BASE_VEC_H
#define MLTOP_BASE_VEC_H

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define VEC(T)              \
	struct {            \
		T *items;   \
		size_t len; \
		size_t cap; \
	}

#define vec_reserve(v, n)                                                                    \
	do {                                                                                 \
		if ((n) > (v)->cap) {                                                        \
			(v)->cap = (n) > (v)->cap * 2 ? (n) : (v)->cap * 2;                  \
			(v)->items = mem_realloc((v)->items, (v)->cap * sizeof *(v)->items); \
		}                                                                            \
	} while (0)

#define vec_push(v, item)                        \
	do {                                     \
		vec_reserve((v), (v)->len + 1);  \
		(v)->items[(v)->len++] = (item); \
	} while (0)

#define vec_remove(v, at)                                               \
	do {                                                            \
		size_t vec_at_ = (at);                                  \
		memmove(&(v)->items[vec_at_], &(v)->items[vec_at_ + 1], \
			((v)->len - vec_at_ - 1) * sizeof *(v)->items); \
		(v)->len--;                                             \
	} while (0)

#define vec_release(v)             \
	do {                       \
		free((v)->items);  \
		(v)->items = NULL; \
		(v)->len = 0;      \
		(v)->cap = 0;      \
	} while (0)

#endif
