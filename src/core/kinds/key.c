#include "core/kinds/key.h"

#include <string.h>

const char *const role_words[] = {
	[ROLE_VIEWER] = "viewer",
	[ROLE_OPERATOR] = "operator",
	[ROLE_QUOTA_ADMIN] = "quota-admin",
	[ROLE_ADMIN] = "admin",
	NULL,
};

static const char *const sections[] = {"Key", NULL};

static const struct field fields[] = {
	ROW(key, name, text, .flags = F_KEY | F_NEW, .width = 16, .max = 63, .hint = "lin",
		.doc = "Whose key it is: the owner that its jobs show; of keys with the same name in an "
		       "org two are active at once, so that one can be rotated."),
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
		.doc = "When a request was signed with it last; written down every 10 minutes."),
	ROW(key, last_from, text, .title = "FROM", .flags = F_STATUS | F_SAMPLE, .width = 15,
		.doc = "Address that this request came from."),
	ROW(key, made_by, text, .title = "MADE BY", .flags = F_STATUS, .width = 12,
		.doc = "Name of the key that made it: whoever has a key of that name may manage it."),

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
		.least = ROLE_OPERATOR,
		.asks = ASKS_CONFIRM,
		.key = 'x',
		.flag = "disabled",
		.flag_set = false,
		.other = "enable",
		.ask = "Disable",
		.doing = "is disabled",
		.stakes = "Whoever uses it is refused from then on, and their streams are closed.",
		.not_from = "it is disabled already",
		.doc = "Refuses the key from now on and closes its streams.",
	},
	{
		.name = "enable",
		.method = "POST",
		.tail = "/enable",
		.least = ROLE_OPERATOR,
		.asks = ASKS_CONFIRM,
		.flag = "disabled",
		.flag_set = true,
		.ask = "Enable",
		.doing = "is enabled",
		.stakes = "Whoever has its secret may use it again.",
		.not_from = "it is not disabled",
		.doc = "Takes the key again after it was disabled.",
	},
	{
		.name = "rotate",
		.method = "POST",
		.tail = "/rotate",
		.least = ROLE_OPERATOR,
		.asks = ASKS_NOTHING,
		.key = 'R',
		.ask = "Rotate",
		.doing = "has a second key like it",
		.doc = "Makes a second key like it; the old one goes on until it is disabled.",
	},
};

/* ---- Who may do what to which key ---- */

bool key_active(const struct key *k, int64_t now)
{
	bool ends = record_has(key, k, not_after) && k->not_after.v > 0;

	return !k->disabled && (!ends || now <= k->not_after.v);
}

static bool same(const char *a, const char *b)
{
	return a && b && *a && strcmp(a, b) == 0;
}

bool principal_is(const struct principal *who, const char *org_id, const char *name)
{
	return same(who->org_id, org_id) && same(who->key_name, name);
}

bool key_owned(const struct principal *who, const struct key *k)
{
	return principal_is(who, k->org_id, k->name) || principal_is(who, k->org_id, k->made_by);
}

/* Nobody makes a key that may more, or longer, than the one it is made with. */
static bool not_stronger(const struct principal *who, const struct key *own, const struct key *k,
	struct err *e)
{
	bool ends = own && record_has(key, own, not_after) && own->not_after.v > 0;

	if ((enum role)k->role > who->role)
		return err_field(e, ERR_FORBIDDEN, "role",
			"role is %s, and this access key is %s: nobody makes a key that is stronger "
			"than their own; ask an admin",
			role_words[k->role], role_words[who->role]);
	if (ends &&
		(!record_has(key, k, not_after) || k->not_after.v == 0 ||
			k->not_after.v > own->not_after.v))
		return err_field(e, ERR_FORBIDDEN, "not_after",
			"this access key expires itself, and nobody makes a key that lasts longer: "
			"give a not_after before that, or ask an admin");
	return true;
}

bool key_may_have(const struct principal *who, const struct key *own, const struct key *k,
	struct err *e)
{
	if (who->role >= ROLE_ADMIN)
		return true;
	if (!same(who->org_id, k->org_id))
		return err_field(e, ERR_FORBIDDEN, "org_name",
			"only an admin makes keys for another org (this access key is %s)",
			role_words[who->role]);
	return not_stronger(who, own, k, e);
}

bool key_may_manage(const struct principal *who, const void *key, struct err *e)
{
	const struct key *k = key;

	if (who->role >= ROLE_ADMIN || (key_owned(who, k) && (enum role)k->role <= who->role))
		return true;
	return err_set(e, ERR_FORBIDDEN,
		"key %.63s is not yours: you manage keys of your own name and those that you made, "
		"none stronger than your own; ask an admin",
		k->name ? k->name : "");
}

const struct kind key_kind = {
	.name = "key",
	.plural = "keys",
	.path = "/cloud_ml/v1/keys",
	.doc = "An access key of an org.",
	.can = CAN_LIST | CAN_ONE | CAN_CREATE | CAN_EDIT | CAN_EVENTS | CAN_STREAM,
	.see = ROLE_VIEWER,
	.everywhere = true,
	.all_at_once = true,
	.make = ROLE_OPERATOR,
	.change = ROLE_OPERATOR,
	.actions = actions,
	.action_count = ARRAY_SIZE(actions),
	.fields = fields,
	.field_count = ARRAY_SIZE(fields),
	.size = sizeof(struct key),
	.sections = sections,
	.list_fields = "name,access_key,role,org,disabled,read_only,used,age",
	.wide_fields = "name,access_key,role,org,org_id,disabled,read_only,not_after,last_used,"
		       "last_from,made_by,create_time",
};
