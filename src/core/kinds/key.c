#include "core/kinds/key.h"

const char *const role_words[] = {
	[ROLE_VIEWER] = "viewer",
	[ROLE_OPERATOR] = "operator",
	[ROLE_QUOTA_ADMIN] = "quota-admin",
	[ROLE_ADMIN] = "admin",
	NULL,
};

static const char *const sections[] = {"Key", NULL};

static const struct field fields[] = {
	ROW(key, name, text, .flags = F_KEY | F_NEW | F_EDIT, .width = 16, .max = 63, .hint = "lin",
		.doc = "Name of the key: the owner that its jobs show."),
	ROW(key, access_key, text, .flags = F_UID | F_STATUS, .width = 20, .max = 128,
		.doc = "Public half, 20 capitals and digits."),
	ROW(key, secret_key, text, .flags = F_SECRET | F_STATUS, .max = 128,
		.doc = "Secret half; shown once, when the key is made or rotated."),
	ROW(key, role, enum, .flags = F_NEW | F_EDIT, .width = 11, .names = role_words,
		.standard = "operator", .doc = "What it may do."),
	ROW(key, org_name, name, .title = "ORG", .flags = F_NEW, .width = 10, .max = 57,
		.doc = "Name of the org that it acts for."),
	ROW(key, org_id, text, .flags = F_NEW, .width = 8, .max = 20, .doc = "Id of that org."),
	ROW(key, disabled, flag, .flags = F_NEW | F_EDIT, .width = 8, .standard = "no",
		.doc = "A disabled key is refused."),
	ROW(key, read_only, flag, .title = "READ ONLY", .flags = F_NEW | F_EDIT, .width = 9,
		.standard = "no", .doc = "A read-only key changes nothing, whatever its role."),
	ROW(key, not_after, when, .title = "EXPIRES", .flags = F_NEW | F_EDIT, .width = 20,
		.hint = "2027-01-01", .doc = "It is refused from then on; none given means never."),
	ROW(key, create_time, when, .flags = F_STATUS, .width = 20, .doc = "When it was made."),
	ROW(key, last_used, when, .flags = F_STATUS | F_SAMPLE, .width = 20,
		.doc = "When a request was signed with it last."),

	ROW_AS(key, "org", org_name, name, .title = "ORG", .width = 10, .flags = F_ALIAS,
		.doc = "Short for org_name."),
	ROW_AS(key, "age", create_time, age, .title = "AGE", .width = 4, .flags = F_ALIAS,
		.doc = "Time since it was made."),
	ROW_AS(key, "used", last_used, age, .title = "USED", .width = 4, .flags = F_ALIAS,
		.doc = "Time since it was used last."),
};
KIND_FITS(fields);

static const struct kind_action actions[] = {
	{
		.name = "disable",
		.method = "POST",
		.tail = "/disable",
		.least = ROLE_ADMIN,
		.asks = ASKS_CONFIRM,
		.key = 'x',
		.ask = "Disable",
		.doing = "is disabled",
		.stakes = "Whoever uses it is refused from then on, and their streams are closed.",
		.doc = "Refuses the key from now on and closes its streams.",
	},
	{
		.name = "rotate",
		.method = "POST",
		.tail = "/rotate",
		.least = ROLE_ADMIN,
		.asks = ASKS_NOTHING,
		.key = 'R',
		.ask = "Rotate",
		.doing = "has a second key like it",
		.doc = "Makes a second key like it; the old one goes on until it is disabled.",
	},
};

const struct kind key_kind = {
	.name = "key",
	.plural = "keys",
	.path = "/cloud_ml/v1/keys",
	.doc = "An access key of an org.",
	.can = CAN_LIST | CAN_ONE | CAN_CREATE | CAN_EVENTS | CAN_STREAM,
	.see = ROLE_ADMIN,
	.everywhere = true,
	.make = ROLE_ADMIN,
	.actions = actions,
	.action_count = ARRAY_SIZE(actions),
	.fields = fields,
	.field_count = ARRAY_SIZE(fields),
	.size = sizeof(struct key),
	.sections = sections,
	.list_fields = "name,access_key,role,org,disabled,read_only,used,age",
	.wide_fields = "name,access_key,role,org,org_id,disabled,read_only,not_after,last_used,"
		       "create_time",
};
