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
	NODE_PART,   /* a, which is part `part` */
};

struct regex_node {
	enum regex_node_type type;
	uint32_t character;
	const struct regex_set *set;
	const struct regex_node *a, *b;
	int min, max;
	unsigned part;
};

struct regex_names {
	char names[REGEX_PARTS_MAX][REGEX_PART_NAME_MAX];
	unsigned count;
};

/* All in the arena. NULL and `e` where it does not parse. */
const struct regex_node *regex_parse(const char *text, struct arena *a, struct regex_names *names,
	struct err *e);

/*
 * A row of steps as Ken Thompson's "Regular Expression Search Algorithm" (1968) has it: all ways
 * through them are walked at once, a character of the text at a time, so that no way is walked twice.
 */
enum step_type {
	STEP_CHARACTER,
	STEP_ANY,
	STEP_SET,
	STEP_START,
	STEP_END,
	STEP_EDGE,
	STEP_FORK, /* on at `to` and, less gladly, at `other` */
	STEP_OPEN, /* part `other` begins here */
	STEP_CLOSE,
	STEP_FOUND,
};

struct step {
	enum step_type type;
	uint16_t to, other;
	uint32_t character; /* in lower case where case does not count */
	const struct regex_set *set;
};

struct regex {
	struct arena arena; /* the sets */
	struct step steps[REGEX_STEPS_MAX];
	size_t count;
	bool fold; /* case does not count */
	struct regex_names names;
};

enum { NO_CHARACTER = 0x110000 };

/* Does a step that takes a character take this one? */
bool regex_takes(const struct regex *r, const struct step *s, uint32_t c);
/* Is a step that takes none passed between these two? NO_CHARACTER at the ends. */
bool regex_passes(enum step_type type, uint32_t before, uint32_t next);

#endif
