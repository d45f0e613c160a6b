#include "core/kinds/logplace.h"

static const char *const sections[] = {"Place", NULL};

static const struct field fields[] = {
	ROW(logplace, task, text, .flags = F_KEY | F_STATUS, .width = 10, .max = 63,
		.doc = "Name of the task."),
	ROW(logplace, attempt, int, .flags = F_STATUS, .width = 3,
		.doc = "Number of its attempt, from 1."),
	ROW(logplace, offset, int, .flags = F_STATUS, .width = 10,
		.doc = "Bytes of that log before the line."),
};
KIND_FITS(fields);

const struct kind logplace_kind = {
	.name = "logplace",
	.plural = "logplaces",
	.doc = "A place in a log.",
	.fields = fields,
	.field_count = ARRAY_SIZE(fields),
	.size = sizeof(struct logplace),
	.sections = sections,
};
