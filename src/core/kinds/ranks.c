#include "core/kinds/ranks.h"

static const char *const sections[] = {"Ranks", NULL};

static const struct field fields[] = {
	ROW(ranks, seen, int, .flags = F_STATUS, .width = 5,
		.doc = "How many ranks have said a step."),
	ROW(ranks, expected, int, .flags = F_STATUS, .width = 5,
		.doc = "How many there are, where the log states it."),
	ROW(ranks, behind, int, .flags = F_STATUS, .width = 5,
		.doc = "The rank that is furthest behind the others."),
	ROW(ranks, behind_step, int, .flags = F_STATUS, .width = 8,
		.doc = "The step that it has reached."),
	ROW(ranks, first_failed, int, .flags = F_STATUS, .width = 5,
		.doc = "The rank that failed first."),
};
KIND_FITS(fields);

const struct kind ranks_kind = {
	.name = "ranks",
	.plural = "ranks",
	.doc = "What the ranks of a training say.",
	.fields = fields,
	.field_count = ARRAY_SIZE(fields),
	.size = sizeof(struct ranks),
	.sections = sections,
};
