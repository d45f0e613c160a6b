/*
 * Records of NUL-separated `key=value` items: what the shim, which must not need JSON, exchanges
 * with the daemon in files and on its socket. The first item is always `version=N`; keys may
 * repeat where the record says so. A value holds any byte but NUL.
 *
 * A record is described once by rows (key, kind, place in a struct); encoder and decoder follow
 * them. Nothing here allocates.
 */
#ifndef MLTOP_BASE_ITEMS_H
#define MLTOP_BASE_ITEMS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct items_writer {
	char *out; /* the caller's */
	size_t size, len;
	bool full; /* something did not fit; the record is worthless */
};

void items_put(struct items_writer *w, const char *key, const char *value);
void items_put_i64(struct items_writer *w, const char *key, int64_t value);

enum items_kind {
	ITEMS_INT,   /* int */
	ITEMS_I64,   /* int64_t */
	ITEMS_U64,   /* uint64_t */
	ITEMS_TEXT,  /* const char *: points into the bytes decoded */
	ITEMS_CHARS, /* char[max]: copied; longer is an error */
	ITEMS_WORD,  /* int: index into `words` */
};

struct items_row {
	const char *key;
	enum items_kind kind;
	size_t at;        /* offset of the member */
	int64_t min, max; /* numbers: limits; ITEMS_CHARS: max is the size of the array */
	bool needed;
	const char *const *words; /* ITEMS_WORD: NULL-ended */
};

struct items_item {
	const char *key; /* key_len bytes, not NUL-ended */
	size_t key_len;
	const char *value; /* NUL-ended, inside the record */
};

/* Walks the items; `at` starts at the first byte. False at the end. */
bool items_next(const char **at, const char *end, struct items_item *item);
bool items_is(const struct items_item *item, const char *key);

/* Checks the shape: ends with NUL, every item has a key, the first is version=N with N in 1..most. */
bool items_check(const char *data, size_t len, const char *what, int64_t most, struct err *e);

void items_encode(struct items_writer *w, const struct items_row *rows, size_t count,
	const void *from);
/* Keys that no row names are ignored; a row's key that repeats, or is needed and absent, is an error. */
bool items_decode(void *into, const struct items_row *rows, size_t count, const char *data,
	size_t len, const char *what, struct err *e);

#endif
