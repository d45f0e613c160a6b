#include "core/kinds/kinds.h"

#include "core/kinds/event.h"
#include "core/kinds/framework.h"
#include "core/schema/ftype.h"
#include "core/kinds/job.h"
#include "core/kinds/key.h"
#include "core/kinds/org.h"
#include "core/kinds/quota.h"
#include "core/kinds/task.h"

#include <string.h>

const struct kind *const all_kinds[] = {
	&job_kind,
	&task_kind,
	&quota_kind,
	&event_kind,
	&framework_kind,
	&org_kind,
	&key_kind,
	NULL,
};

const struct kind *kinds_find(const char *name_or_plural)
{
	for (size_t i = 0; all_kinds[i]; i++)
		if (strcmp(all_kinds[i]->name, name_or_plural) == 0 ||
			strcmp(all_kinds[i]->plural, name_or_plural) == 0)
			return all_kinds[i];
	return NULL;
}

static bool bad(const struct kind *k, const struct field *f, struct err *e, const char *what)
{
	return err_set(e, ERR_INTERNAL, "kind %s, row %s: %s", k->name, f ? f->name : "-", what);
}

/* What one row says, without its neighbours. */
static const char *row_fault(const struct kind *k, const struct field *f)
{
	size_t doc = f->doc ? strlen(f->doc) : 0;

	if (f->name == NULL || f->name[strspn(f->name, "abcdefghijklmnopqrstuvwxyz0123456789_")])
		return "the name must be lower-case letters, digits and _";
	if (doc == 0 || f->doc[doc - 1] != '.' || strpbrk(f->doc, "|\n"))
		return "the doc must be one sentence that ends with a period";
	if (f->offset + f->size > k->size || f->offset < sizeof(struct record))
		return "the member lies outside the struct";
	if ((f->type->storage == ST_ENUM) != (f->names != NULL))
		return "words belong to enums, and enums have words";
	if (f->width == 0 && !(f->flags & (F_HIDDEN | F_SECRET)))
		return "a row that may be a column needs a width";
	if ((f->flags & F_ALIAS) && (f->flags & ~F_ALIAS))
		return "an alias has no other flags";
	if ((f->flags & (F_KEY | F_UID)) && f->type->storage != ST_TEXT)
		return "keys and uids are texts";
	if ((f->flags & F_STATUS) && (f->flags & (F_NEW | F_EDIT | F_NEEDED)))
		return "a status row is nobody's to give";
	if (f->min > f->max)
		return "min is above max";
	return NULL;
}

static bool standard_fits(const struct kind *k, const struct field *f, struct err *e)
{
	struct arena a = ARENA_INIT;
	_Alignas(16) char rec[KIND_SIZE_MAX] = {0};
	bool good = f->standard == NULL || record_set_text(k, rec, &a, f, f->standard, e);

	arena_release(&a);
	return good;
}

static bool check_pairs(const struct kind *k, size_t i, struct err *e)
{
	const struct field *f = &k->fields[i];

	for (size_t j = 0; j < i; j++) {
		const struct field *g = &k->fields[j];

		if (strcmp(f->name, g->name) == 0)
			return bad(k, f, e, "another row has the same name");
		if (field_tag(f->name) == field_tag(g->name))
			return bad(k, f, e, "its tag is that of another row: rename it");
		if (f->offset == g->offset && !((f->flags | g->flags) & F_ALIAS))
			return bad(k, f, e,
				"another row has the same member and neither is an alias");
	}
	if ((f->flags & F_ALIAS) && (kind_owner(k, f)->flags & F_ALIAS))
		return bad(k, f, e, "it is an alias of nothing");
	if (kind_owner(k, f) != f && (kind_owner(k, f)->flags & (F_SECRET | F_MASKED)))
		return bad(k, f, e, "what is hidden may have no alias: it would show it");
	if (kind_owner(k, f)->type->storage != f->type->storage)
		return bad(k, f, e, "it is stored otherwise than the row it stands for");
	return true;
}

static size_t count_flag(const struct kind *k, unsigned flag)
{
	size_t n = 0;

	for (size_t i = 0; i < k->field_count; i++)
		n += (k->fields[i].flags & flag) != 0;
	return n;
}

static bool check_kind(const struct kind *k, struct err *e)
{
	struct fieldset set;
	size_t section_count = 0;

	if (k->size > KIND_SIZE_MAX)
		return bad(k, NULL, e, "the struct is larger than KIND_SIZE_MAX");
	if (count_flag(k, F_KEY) != 1 || count_flag(k, F_UID) > 1)
		return bad(k, NULL, e, "it must have one key and at most one uid");
	while (k->sections && k->sections[section_count])
		section_count++;
	for (size_t i = 0; i < k->field_count; i++) {
		const struct field *f = &k->fields[i];
		const char *fault = row_fault(k, f);

		if (fault)
			return bad(k, f, e, fault);
		if (f->section >= section_count)
			return bad(k, f, e, "its section does not exist");
		if (!check_pairs(k, i, e) || !standard_fits(k, f, e))
			return false;
	}
	return fieldset_parse(&set, k, k->list_fields, e) &&
		fieldset_parse(&set, k, k->wide_fields, e);
}

bool kinds_check(struct err *e)
{
	for (size_t i = 0; all_kinds[i]; i++)
		if (!check_kind(all_kinds[i], e))
			return false;
	return true;
}
