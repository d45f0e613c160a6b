#include "core/kinds/package.h"

#include "core/kinds/key.h"

#include <string.h>

static const char *const sections[] = {"Package", NULL};

static const struct field fields[] = {
	ROW(package, name, text, .flags = F_KEY | F_NEEDED | F_NEW, .width = 24,
		.max = PACKAGE_NAME_MAX, .hint = "digits-0.1.tar.gz",
		.doc = "Name of its file: letters, digits and . _ + -."),
	ROW(package, id, text, .title = "ID", .flags = F_UID | F_STATUS, .width = 26,
		.doc = "ULID that never comes again."),
	ROW(package, uri, text, .title = "URI", .flags = F_STATUS, .width = 36,
		.doc = "What a job gives as trainer_uri."),
	ROW(package, sha256, text, .title = "SHA-256", .flags = F_NEEDED | F_NEW, .width = 16,
		.max = 64, .doc = "Hash of the whole: 64 lower-case hexadecimal digits."),
	ROW(package, size, bytes, .flags = F_NEEDED | F_NEW, .width = 6, .min = 1,
		.max = (int64_t)1 << 44, .doc = "Bytes of the whole."),
	ROW(package, received, bytes, .title = "HERE", .flags = F_STATUS, .width = 6,
		.doc = "Bytes that have come: where an upload goes on."),
	ROW(package, complete, flag, .flags = F_STATUS, .width = 8,
		.doc = "Whether all of it is here and its hash is right: jobs may use it."),
	ROW(package, org_id, text, .flags = F_STATUS, .width = 8,
		.doc = "Id of the org that it belongs to."),
	ROW(package, create_time, when, .flags = F_STATUS, .width = 20,
		.doc = "When it was announced."),

	ROW_AS(package, "age", create_time, age, .title = "AGE", .width = 4, .flags = F_ALIAS,
		.doc = "Time since it was announced."),
};
KIND_FITS(fields);

static const struct kind_action actions[] = {
	ACTION_DELETE(ROLE_OPERATOR, "Finished jobs that name it cannot be run again.",
		"Removes a package that no job needs."),
};

static bool package_check(const void *record, struct err *e)
{
	const struct package *k = record;

	if (strlen(k->sha256) != 64 || strspn(k->sha256, "0123456789abcdef") != 64)
		return err_field(e, ERR_INVALID, "sha256",
			"sha256 is needed: 64 lower-case hexadecimal digits of the whole package");
	if (k->name[0] == '.' ||
		k->name[strspn(k->name,
			"abcdefghijklmnopqrstuvwxyz"
			"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			"0123456789._+-")])
		return err_field(e, ERR_INVALID, "name",
			"name is needed: a file name of letters, digits and . _ + -");
	return true;
}

/* All of it is here, of one that is complete. */
static void package_settle(void *record)
{
	struct package *k = record;

	if (record_has(package, k, id) && record_has(package, k, complete) && k->complete)
		record_set(package, k, received, k->size);
}

const char *package_uri(struct arena *a, const char *id)
{
	struct buf uri = BUF_INIT;
	const char *out;

	buf_addf(&uri, "package://%s", id);
	out = arena_strdup(a, uri.data);
	buf_release(&uri);
	return out;
}

/* Stores of before packages were a kind. */
static bool package_from_json(void *record, struct arena *a, const void *text, size_t len,
	struct err *e)
{
	struct package *k = record;
	json_t *object = json_loadb(text, len, 0, NULL);
	const char *id = "", *org = "", *name = "", *sha = "";
	json_int_t size = 0, made = 0;
	int complete = 0;
	bool good = json_unpack(object, "{s:s, s:s, s:s, s:s, s:I, s:b, s:I}", "id", &id, "org_id",
			    &org, "name", &name, "sha256", &sha, "size", &size, "complete",
			    &complete, "create_time", &made) == 0;

	*k = (struct package){.id = NULL};
	if (good) {
		record_set(package, k, id, arena_strdup(a, id));
		record_set(package, k, uri, package_uri(a, id));
		record_set(package, k, org_id, arena_strdup(a, org));
		record_set(package, k, name, arena_strdup(a, name));
		record_set(package, k, sha256, arena_strdup(a, sha));
		record_set(package, k, size, (struct bytes){size});
		record_set(package, k, complete, complete);
		record_set(package, k, create_time, (struct when){made});
	}
	json_decref(object);
	return good || err_set(e, ERR_INTERNAL, "a stored package is damaged: restore a backup");
}

const struct kind package_kind = {
	.name = "package",
	.plural = "packages",
	.path = "/cloud_ml/v1/packages",
	.doc = "An uploaded package that train jobs run.",
	.can = CAN_LIST | CAN_ONE | CAN_CREATE | CAN_EVENTS | CAN_STREAM,
	.see = ROLE_VIEWER,
	.make = ROLE_OPERATOR,
	.actions = actions,
	.action_count = ARRAY_SIZE(actions),
	.fields = fields,
	.field_count = ARRAY_SIZE(fields),
	.size = sizeof(struct package),
	.sections = sections,
	.made_by = "mltop packages create FILE",
	.list_fields = "name,id,size,received,complete,age",
	.wide_fields = "name,id,uri,size,received,complete,org_id,sha256,create_time",
	.check = package_check,
	.from_json = package_from_json,
	.settle = package_settle,
};
