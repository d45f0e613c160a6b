#include "core/kinds/secret.h"

#include "base/base64.h"
#include "core/kinds/key.h"

static const char *const sections[] = {"Secret", NULL};

static const struct field fields[] = {
	ROW(secret, secret_name, text, .label = "Name", .title = "NAME",
		.flags = F_KEY | F_NEEDED | F_NEW, .width = 24, .max = SECRET_NAME_MAX,
		.hint = "hf-token",
		.doc = "Name of the secret, unique in its org: letters, digits, _ - and . that begin with "
		       "neither - nor the dot."),
	ROW(secret, uid, text, .flags = F_UID | F_STATUS, .width = 26,
		.doc = "ULID that never comes again, whatever the name."),
	ROW(secret, value, block, .label = "Value", .flags = F_SECRET | F_NEW | F_EDIT,
		.max = SECRET_BYTES_MAX,
		.doc = "What is kept, as text; given anew it replaces the value."),
	ROW(secret, data, text, .flags = F_SECRET | F_NEW | F_EDIT | F_HIDDEN,
		.max = BASE64_LEN(SECRET_BYTES_MAX),
		.doc = "The same as base64, in place of value: for bytes that are no text."),
	ROW(secret, sealed, text, .flags = F_SECRET | F_SEALED | F_STATUS | F_HIDDEN,
		.doc = "What the vault made of it; it never leaves the platform."),
	ROW(secret, description, text, .label = "Description", .flags = F_NEW | F_EDIT, .width = 40,
		.hint = "read-only token of the team", .doc = "What it is for."),
	ROW(secret, org_id, text, .flags = F_STATUS, .width = 8,
		.doc = "Id of the org that it belongs to."),
	ROW(secret, org_name, text, .title = "ORG", .flags = F_STATUS, .width = 10,
		.doc = "Name of that org."),
	ROW(secret, owner, text, .flags = F_STATUS, .width = 8,
		.doc = "Name of the access key that made it."),
	ROW(secret, create_time, when, .flags = F_STATUS, .width = 20, .doc = "When it was made."),
	ROW(secret, update_time, when, .flags = F_STATUS, .width = 20,
		.doc = "When its value was given last."),
	ROW(secret, last_used, when, .flags = F_STATUS, .width = 20,
		.doc = "When an attempt of a job was given it last; known to the minute."),

	ROW_AS(secret, "name", secret_name, text, .title = "NAME", .width = 24, .flags = F_ALIAS,
		.doc = "Short for secret_name."),
	ROW_AS(secret, "org", org_name, text, .title = "ORG", .width = 10, .flags = F_ALIAS,
		.doc = "Short for org_name."),
	ROW_AS(secret, "age", create_time, age, .title = "AGE", .width = 4, .flags = F_ALIAS,
		.doc = "Time since it was made."),
	ROW_AS(secret, "updated", update_time, age, .title = "UPDATED", .width = 7,
		.flags = F_ALIAS, .doc = "Time since its value was given last."),
	ROW_AS(secret, "used", last_used, age, .title = "USED", .width = 4, .flags = F_ALIAS,
		.doc = "Time since an attempt of a job was given it last."),
};
KIND_FITS(fields);

static const struct kind_action actions[] = {
	ACTION_DELETE(ROLE_OPERATOR, "Jobs that name it and have not started yet will fail.",
		"Removes the secret for ever; attempts that were given it keep it until they end."),
};

static bool secret_check(const void *record, struct err *e)
{
	const struct secret *s = record;

	/* The form of a change has no name to give. */
	if (record_has(secret, s, secret_name) && !secret_name_good(s->secret_name))
		return err_field(e, ERR_INVALID, "secret_name",
			"secret_name is %.63s: give up to %d letters, digits, _ - and . that begin with "
			"neither - nor .",
			s->secret_name, SECRET_NAME_MAX);
	if (record_has(secret, s, value) && record_has(secret, s, data))
		return err_field(e, ERR_INVALID, "data",
			"value and data are both given: the text, or its bytes as base64");
	return true;
}

bool secret_may_manage(const struct principal *who, const void *secret, struct err *e)
{
	const struct secret *s = secret;

	if (who->role >= ROLE_ADMIN || principal_is(who, s->org_id, s->owner))
		return true;
	return err_set(e, ERR_FORBIDDEN,
		"secret %.63s is of %.63s: who made a secret replaces and deletes it, and so do admins; "
		"your jobs may name it",
		s->secret_name, s->owner && *s->owner ? s->owner : "an admin");
}

void secret_bound(const char *org_id, const char *name, struct buf *out)
{
	buf_addf(out, "%s/%s", org_id, name);
}

const struct kind secret_kind = {
	.name = "secret",
	.plural = "secrets",
	.path = "/cloud_ml/v1/secret",
	.doc = "A value that jobs of an org are given by name; nobody is told it again.",
	.can = CAN_LIST | CAN_ONE | CAN_CREATE | CAN_EDIT | CAN_EVENTS | CAN_STREAM,
	.see = ROLE_VIEWER,
	.make = ROLE_OPERATOR,
	.change = ROLE_OPERATOR,
	.org_names = true,
	.stored = true,
	.actions = actions,
	.action_count = ARRAY_SIZE(actions),
	.fields = fields,
	.field_count = ARRAY_SIZE(fields),
	.size = sizeof(struct secret),
	.sections = sections,
	.list_fields = "secret_name,age,updated,used,owner,description",
	.wide_fields = "secret_name,org,owner,create_time,update_time,last_used,description,uid",
	.check = secret_check,
};
