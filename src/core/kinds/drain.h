/*
 * What somebody wants of a node: that nothing new starts there. Stored under the node's name, and so
 * whether the node is there or not; its rows that may be given are what the actions of a node take.
 */
#ifndef MLTOP_CORE_DRAIN_H
#define MLTOP_CORE_DRAIN_H

#include "core/schema/schema.h"

struct drain {
	struct record record;
	const char *node;
	bool drained; /* false: it was once */
	bool evict;   /* what runs there is stopped as well */
	const char *by, *note;
	struct when since;
};
extern const struct kind drain_kind;

#endif
