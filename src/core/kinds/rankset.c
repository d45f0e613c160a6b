#include "core/kinds/rankset.h"

#include "core/progress/progress.h"

static const char *const sections[] = {"Ranks", NULL};

static const struct field fields[] = {
	ROW(rankset, seen, int, .flags = F_STATUS, .width = 5,
		.doc = "How many ranks have said a step."),
	ROW(rankset, expected, int, .flags = F_STATUS, .width = 5,
		.doc = "How many there are, where the log states it."),
	ROW(rankset, behind, int, .flags = F_STATUS, .width = 5,
		.doc = "The rank that is furthest behind the others."),
	ROW(rankset, behind_step, int, .flags = F_STATUS, .width = 8,
		.doc = "The step that it has reached."),
	ROW(rankset, first_failed, int, .flags = F_STATUS, .width = 5,
		.doc = "The rank that failed first, where who started the ranks names it."),
};
KIND_FITS(fields);

const struct kind rankset_kind = {
	.name = "rankset",
	.plural = "ranksets",
	.doc = "What the ranks of a training say.",
	.fields = fields,
	.field_count = ARRAY_SIZE(fields),
	.size = sizeof(struct rankset),
	.sections = sections,
};

void rankset_fill(struct rankset *out, const struct progress_ranks *from)
{
	*out = (struct rankset){0};
	record_set(rankset, out, seen, from->seen);
	if (from->expected > 0)
		record_set(rankset, out, expected, from->expected);
	if (from->behind >= 0) {
		record_set(rankset, out, behind, from->behind);
		record_set(rankset, out, behind_step, from->behind_step);
	}
}

void rankset_failed(struct rankset *out, struct nested said, int64_t rank)
{
	*out = said.item ? *(const struct rankset *)said.item : (struct rankset){0};
	record_set(rankset, out, first_failed, rank);
}
