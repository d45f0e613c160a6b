#include "core/kinds/drain.h"

static const char *const sections[] = {"Drain", NULL};

static const struct field fields[] = {
	ROW(drain, node, text, .flags = F_KEY | F_STATUS, .width = 20, .max = 255,
		.doc = "Name of the machine."),
	ROW(drain, drained, flag, .flags = F_STATUS, .width = 7,
		.doc = "Whether that is wanted still."),
	ROW(drain, note, text, .label = "Note", .flags = F_NEW, .width = 30, .max = 240,
		.hint = "'a new fan'", .doc = "Why, for all who wait to read; at most 240 bytes."),
	ROW(drain, evict, flag, .flags = F_NEW, .width = 5,
		.doc = "Stop what runs there as well, with its stop_grace; it waits again, and the attempt "
		       "does not count."),
	ROW(drain, by, text, .flags = F_STATUS, .width = 10, .max = 63, .doc = "Who wants it."),
	ROW(drain, since, when, .flags = F_STATUS, .width = 20, .doc = "Since when."),
};
KIND_FITS(fields);

const struct kind drain_kind = {
	.name = "drain",
	.plural = "drains",
	.doc = "What is wanted of a node.",
	.stored = true,
	.fields = fields,
	.field_count = ARRAY_SIZE(fields),
	.size = sizeof(struct drain),
	.sections = sections,
};
