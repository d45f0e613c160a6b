/*
 * Records of NUL-separated `key=value` items: what the shim, which must not need JSON, exchanges
 * with the daemon in files and on its socket. The first item is always `version=N`; keys may
 * repeat where the record says so. A value holds any byte but NUL.
 *
 * A record is described once by rows (key, kind, place in a struct); encoder and decoder follow
 * them. Nothing here allocates.
 */
#ifndef MLTOP_BASE_RECORD_H
#define MLTOP_BASE_RECORD_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct record_writer {
	char *out; /* the caller's */
	size_t size, len;
	bool full; /* something did not fit; the record is worthless */
};

void record_put(struct record_writer *w, const char *key, const char *value);
void record_put_i64(struct record_writer *w, const char *key, int64_t value);
void record_put_u64(struct record_writer *w, const char *key, uint64_t value);

enum record_kind {
	RECORD_INT,  /* int */
	RECORD_I64,  /* int64_t */
	RECORD_U64,  /* uint64_t */
	RECORD_TEXT, /* const char *: points into the bytes decoded */
	RECORD_CHARS, /* char[max]: copied; longer is an error */
	RECORD_WORD, /* int: index into `words` */
};

struct record_row {
	const char *key;
	enum record_kind kind;
	size_t at;               /* offset of the member */
	int64_t min, max;        /* numbers: limits; RECORD_CHARS: max is the size of the array */
	bool needed;
	const char *const *words; /* RECORD_WORD: NULL-ended */
};

struct record_item {
	const char *key; /* key_len bytes, not NUL-ended */
	size_t key_len;
	const char *value; /* NUL-ended, inside the record */
};

/* Walks the items; `at` starts at the first byte. False at the end. */
bool record_next(const char **at, const char *end, struct record_item *item);
bool record_is(const struct record_item *item, const char *key);

/* Checks the shape: ends with NUL, every item has a key, the first is version=N with N in 1..most. */
bool record_check(const char *data, size_t len, const char *what, int64_t most, struct err *e);

void record_encode(struct record_writer *w, const struct record_row *rows, size_t count,
	const void *from);
/* Keys that no row names are ignored; a row's key that repeats, or is needed and absent, is an error. */
bool record_decode(void *into, const struct record_row *rows, size_t count, const char *data,
	size_t len, const char *what, struct err *e);

#endif
