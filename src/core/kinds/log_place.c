#include "core/kinds/log_place.h"

static const char *const sections[] = {"Place", NULL};

static const struct field fields[] = {
	ROW(log_place, task, text, .flags = F_KEY | F_STATUS, .width = 10, .max = 63,
		.doc = "Name of the task."),
	ROW(log_place, attempt, int, .flags = F_STATUS, .width = 3,
		.doc = "Number of its attempt, from 1."),
	ROW(log_place, offset, int, .flags = F_STATUS, .width = 10,
		.doc = "Bytes of that log before the line."),
};
KIND_FITS(fields);

const struct kind log_place_kind = {
	.name = "log_place",
	.plural = "log_places",
	.doc = "A place in a log.",
	.fields = fields,
	.field_count = ARRAY_SIZE(fields),
	.size = sizeof(struct log_place),
	.sections = sections,
};
