/*
 * Texts that must not be shown are looked for in others and covered, byte for byte, by MASK_BYTE: what
 * stands where stays. All are looked for in the bytes as they were, so that one that holds another is
 * covered whole.
 */
#ifndef MLTOP_BASE_MASK_H
#define MLTOP_BASE_MASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MASK_BYTE = '*',
	MASK_LEAST = 8, /* bytes of a text that is looked for: shorter ones are in everything */
	MASK_WORK = 64 << 20, /* bytes looked at in all; then the whole is covered */
};

struct mask {
	char *bytes; /* the caller's; `len` of them */
	size_t len;
	unsigned char *marks; /* of each byte; NULL: none is marked */
	int64_t work;         /* that is left; below 0: too much */
};

void mask_begin(struct mask *m, char *bytes, size_t len);
/*
 * Marks each place of a text, and of each of its lines; at the ends of the bytes also a part of it, which
 * may have been cut there.
 */
void mask_text(struct mask *m, const char *text, size_t size);
/* Covers what is marked, and frees. */
void mask_end(struct mask *m);
/* What was covered is "***", however long it was: so many MASK_BYTEs in a row become three. In place. */
void mask_shorten(char *text);

#endif
