#include "core/kinds/output.h"

static const char *const output_sections[] = {"File", NULL};

static const struct field output_fields[] = {
	ROW(output, path, text, .title = "FILE", .flags = F_KEY | F_STATUS, .width = 40,
		.max = 4096, .doc = "Path below the folder of outputs."),
	ROW(output, size, bytes, .flags = F_STATUS, .width = 8, .doc = "Bytes."),
	ROW(output, mtime, when, .title = "CHANGED", .flags = F_STATUS, .width = 20,
		.doc = "When it was written last."),
	ROW(output, link, text, .title = "LINK TO", .flags = F_STATUS, .width = 20, .max = 4096,
		.doc = "What it leads to, where it is a symbolic link."),

	ROW_AS(output, "age", mtime, age, .title = "AGE", .width = 4, .flags = F_ALIAS,
		.doc = "Time since it was written last."),
};
KIND_FITS(output_fields);

const struct kind output_kind = {
	.name = "output",
	.plural = "outputs",
	.doc = "A file that a job has left in MLTOP_OUTPUT_DIR.",
	.fields = output_fields,
	.field_count = ARRAY_SIZE(output_fields),
	.size = sizeof(struct output),
	.sections = output_sections,
	.list_fields = "path,size,age,link",
	.wide_fields = "path,size,mtime,link",
};
