/* What the parts of core that work on records share beyond schema.h. Only core includes this. */
#ifndef MLTOP_CORE_RECORD_H
#define MLTOP_CORE_RECORD_H

#include "core/schema/schema.h"

/* A copy that is changed in place of a record until all is known to be good. */
struct scratch {
	_Alignas(16) char bytes[KIND_SIZE_MAX];
};

/* The compact form (pack.c, unpack.c). */
enum { PACK_VERSION = 1, PACK_EXTRA = 255 /* as storage: not a field's */ };

/* By index of the row, which must not be an alias's. */
static inline bool known_has(const void *rec, size_t index)
{
	return ((const struct record *)rec)->known[index / 64] >> (index % 64) & 1;
}

static inline void known_mark(void *rec, size_t index)
{
	((struct record *)rec)->known[index / 64] |= (uint64_t)1 << (index % 64);
}

static inline void known_unmark(void *rec, size_t index)
{
	((struct record *)rec)->known[index / 64] &= ~((uint64_t)1 << (index % 64));
}

/* The store has it: not a short name of another, and no secret in the clear. */
static inline bool field_is_stored(const struct field *f)
{
	return !(f->flags & F_ALIAS) && (!(f->flags & F_SECRET) || (f->flags & F_SEALED));
}

/* Whether the enum's value, which must be known, is seen as its split word. */
bool record_is_split(const struct field *f, const void *rec);
/* Bytes that the texts and lists of the known rows take in an arena. */
size_t record_text_size(const struct kind *k, const void *rec);

#endif
