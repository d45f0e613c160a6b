#include "core/kinds/audit.h"

#include "core/kinds/key.h"

static const char *const sections[] = {"Audit record", NULL};

static const struct field fields[] = {
	ROW(audit, time, when, .title = "TIME", .flags = F_STATUS, .width = 20,
		.doc = "When it was done."),
	ROW(audit, action, text, .flags = F_KEY | F_STATUS, .width = 16,
		.doc = "What was done: kind and verb."),
	ROW(audit, detail, text, .title = "NAME", .flags = F_STATUS, .width = 20, .max = 4096,
		.doc = "Name of the object, or what else there is to say."),
	ROW(audit, key_name, text, .title = "BY", .flags = F_STATUS, .width = 12,
		.doc = "Name of the key that asked for it; local where nobody's key did."),
	ROW(audit, access_key, text, .flags = F_STATUS, .width = 20, .doc = "That key."),
	ROW(audit, peer, text, .title = "FROM", .flags = F_STATUS, .width = 15,
		.doc = "Address that it was asked from."),
	ROW(audit, object, text, .flags = F_STATUS, .width = 26, .doc = "Uid of the object."),
	ROW(audit, org_id, text, .title = "ORG", .flags = F_STATUS, .width = 4,
		.doc = "Id of the org that it was done to, whose chain has the record."),
	ROW(audit, by_org, text, .title = "BY ORG", .flags = F_STATUS, .width = 6,
		.doc = "Id of the org of who asked for it, where it is another."),
	ROW(audit, seq, text, .flags = F_UID | F_STATUS, .width = 8,
		.doc = "Number of the record; each has the hash of the one before."),

	ROW_AS(audit, "age", time, age, .title = "AGE", .width = 4, .flags = F_ALIAS,
		.doc = "Time since it was done."),
};
KIND_FITS(fields);

const struct kind audit_kind = {
	.name = "audit",
	.plural = "audit",
	.path = "/cloud_ml/v1/audit",
	.doc = "A record of something that was asked for and done.",
	.can = CAN_LIST,
	.see = ROLE_OPERATOR,
	.everywhere = true,
	.all_at_once = true,
	.fields = fields,
	.field_count = ARRAY_SIZE(fields),
	.size = sizeof(struct audit),
	.sections = sections,
	.list_fields = "age,action,detail,key_name,peer,org_id",
	.wide_fields = "seq,time,action,detail,key_name,access_key,peer,object,org_id",
};
