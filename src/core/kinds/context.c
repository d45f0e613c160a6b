#include "core/kinds/context.h"

static const char *const sections[] = {"Context", NULL};

static const struct field fields[] = {
	ROW(platform_context, name, text, .title = "NAME", .flags = F_KEY | F_STATUS, .width = 16,
		.doc = "What --context and `mltop context use` call it."),
	ROW(platform_context, current, flag, .title = "IN USE", .flags = F_STATUS, .width = 6,
		.doc = "Whether verbs without --context go there."),
	ROW(platform_context, endpoint, text, .title = "ENDPOINT", .flags = F_STATUS, .width = 40,
		.max = 4096, .doc = "Its URL; none for a private platform that is not up."),
	ROW(platform_context, origin, text, .title = "FROM", .flags = F_STATUS, .width = 30,
		.max = 4096, .doc = "The file or the variable that names it."),
};
KIND_FITS(fields);

const struct kind context_kind = {
	.name = "context",
	.plural = "contexts",
	.doc = "A platform that the person's files name.",
	.fields = fields,
	.field_count = ARRAY_SIZE(fields),
	.size = sizeof(struct platform_context),
	.sections = sections,
	.list_fields = "name,current,endpoint",
	.wide_fields = "name,current,endpoint,origin",
};
