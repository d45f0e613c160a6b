#include "core/kinds/framework.h"

#include "core/kinds/key.h"

static const char *const sections[] = {"Framework", NULL};

static const struct field fields[] = {
	ROW(framework, name, text, .flags = F_KEY | F_STATUS, .width = 16, .max = 63,
		.doc = "Name that jobs give as framework."),
	ROW(framework, versions, strings, .flags = F_STATUS, .width = 30, .max = 65536,
		.doc = "Versions that jobs may give as framework_version."),
	ROW(framework, description, text, .flags = F_STATUS, .width = 40, .doc = "What it is."),
};
KIND_FITS(fields);

const struct kind framework_kind = {
	.name = "framework",
	.plural = "frameworks",
	.path = "/cloud_ml/v1/framework",
	.doc = "A framework that jobs may name.",
	.can = CAN_LIST,
	.see = ROLE_VIEWER,
	.fields = fields,
	.field_count = ARRAY_SIZE(fields),
	.size = sizeof(struct framework),
	.sections = sections,
	.list_fields = "name,versions",
	.wide_fields = "name,versions,description",
};
