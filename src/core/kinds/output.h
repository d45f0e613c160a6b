/* A list that clients show and no platform knows as a kind: files that a job has left (.../outputs). */
#ifndef MLTOP_CORE_OUTPUT_H
#define MLTOP_CORE_OUTPUT_H

#include "core/schema/schema.h"

struct output {
	struct record record;
	const char *path, *link;
	struct bytes size;
	struct when mtime;
};
extern const struct kind output_kind;

#endif
