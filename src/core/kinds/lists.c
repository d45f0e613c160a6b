#include "core/kinds/lists.h"

static const char *const audit_sections[] = {"Audit record", NULL};

static const struct field audit_fields[] = {
	ROW(audit, time, when, .title = "TIME", .flags = F_STATUS, .width = 20,
		.doc = "When it was done."),
	ROW(audit, action, text, .flags = F_KEY | F_STATUS, .width = 16,
		.doc = "What was done: kind and verb."),
	ROW(audit, detail, text, .title = "NAME", .flags = F_STATUS, .width = 20, .max = 4096,
		.doc = "Name of the object, or what else there is to say."),
	ROW(audit, key_name, text, .title = "BY", .flags = F_STATUS, .width = 12,
		.doc = "Name of the key that asked for it; local where nobody's key did."),
	ROW(audit, access_key, text, .flags = F_STATUS, .width = 20, .doc = "That key."),
	ROW(audit, peer, text, .title = "FROM", .flags = F_STATUS, .width = 16,
		.doc = "Address that it was asked from."),
	ROW(audit, object, text, .flags = F_STATUS, .width = 26, .doc = "Uid of the object."),
	ROW(audit, org_id, text, .flags = F_STATUS, .width = 8, .doc = "Id of the org."),
	ROW(audit, seq, text, .flags = F_UID | F_STATUS, .width = 8,
		.doc = "Number of the record; each has the hash of the one before."),

	ROW_AS(audit, "age", time, age, .title = "AGE", .width = 4, .flags = F_ALIAS,
		.doc = "Time since it was done."),
};
KIND_FITS(audit_fields);

const struct kind audit_kind = {
	.name = "audit record",
	.plural = "audit",
	.doc = "Something that was asked for and done.",
	.fields = audit_fields,
	.field_count = ARRAY_SIZE(audit_fields),
	.size = sizeof(struct audit),
	.sections = audit_sections,
	.list_fields = "age,action,detail,key_name,peer,org_id",
	.wide_fields = "seq,time,action,detail,key_name,access_key,peer,object,org_id",
};

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
