/* What parser and matcher of regular expressions share; nobody else includes it. */
#ifndef MLTOP_CORE_REGEX_PARTS_H
#define MLTOP_CORE_REGEX_PARTS_H

#include "base/arena.h"
#include "core/text/regex.h"

#include <stddef.h>
#include <stdint.h>

/* [...]: ASCII by bit, the rest by ranges. */
struct regex_set {
	uint64_t low[2];
	struct range {
		uint32_t first, last;
	} * ranges;
	size_t count;
	bool other; /* [^...] */
};

enum regex_node_type {
	NODE_EMPTY,
	NODE_CHARACTER,
	NODE_ANY,
	NODE_SET,
	NODE_START,  /* ^ */
	NODE_END,    /* $ */
	NODE_EDGE,   /* \b */
	NODE_JOIN,   /* a, then b */
	NODE_EITHER, /* a or b */
	NODE_REPEAT, /* a, from min to max times; max -1: any number */
};

struct regex_node {
	enum regex_node_type type;
	uint32_t character;
	const struct regex_set *set;
	const struct regex_node *a, *b;
	int min, max;
};

/* All in the arena. NULL and `e` where it does not parse. */
const struct regex_node *regex_parse(const char *text, struct arena *a, struct err *e);

#endif
