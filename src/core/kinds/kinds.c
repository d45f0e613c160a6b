#include "core/kinds/kinds.h"

#include "core/kinds/workload.h"
#include "core/schema/ftype.h"

#include <string.h>

#define X(name) extern const struct kind name##_kind;
KINDS(X)
#undef X

const struct kind *const all_kinds[] = {
#define X(name) &name##_kind,
	KINDS(X)
#undef X
		NULL,
};

extern const struct kind drain_kind;
const struct kind *const wish_kinds[] = {&drain_kind, NULL};

const struct kind *kinds_find(const char *name_or_plural)
{
	for (size_t i = 0; all_kinds[i]; i++)
		if (strcmp(all_kinds[i]->name, name_or_plural) == 0 ||
			strcmp(all_kinds[i]->plural, name_or_plural) == 0)
			return all_kinds[i];
	return NULL;
}

enum role kind_others(const struct kind *k)
{
	return k->others ? (enum role)k->others : ROLE_ADMIN;
}

bool kind_of_all(const struct kind *k, enum role role)
{
	enum role others = kind_others(k);

	return k->everywhere && role >= others && (k->all_at_once || others <= (enum role)k->see);
}

static bool bad(const struct kind *k, const struct field *f, struct err *e, const char *what)
{
	return err_set(e, ERR_INTERNAL, "kind %s, row %s: %s", k->name, f ? f->name : "-", what);
}

static bool is_sentence(const char *text)
{
	size_t len = text ? strlen(text) : 0;

	return len > 0 && text[len - 1] == '.' && !strpbrk(text, "|\n");
}

/* What one row says, without its neighbours. */
static const char *row_fault(const struct kind *k, const struct field *f)
{
	if (f->name == NULL || f->name[strspn(f->name, "abcdefghijklmnopqrstuvwxyz0123456789_")])
		return "the name must be lower-case letters, digits and _";
	if (!is_sentence(f->doc))
		return "the doc must be one sentence that ends with a period";
	if (f->offset + f->size > k->size || f->offset < sizeof(struct record))
		return "the member lies outside the struct";
	if ((f->type->storage == ST_ENUM) != (f->names != NULL))
		return "words belong to enums, and enums have words";
	if (f->of && kind_field(k, f->of) == NULL)
		return "there is no row that it is a part of";
	if (f->names == NULL && (f->looks || f->split))
		return "looks belong to words";
	if (f->follows && (!k->settle || !(f->flags & F_STATUS)))
		return "what follows from others is a status that settle makes";
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

static const char *nested_fault(const struct field *f)
{
	const unsigned never = F_KEY | F_UID | F_ALIAS | F_SECRET | F_MASKED | F_LARGE | F_PAD;

	if (field_nests(f) != (f->embeds != NULL))
		return "records inside are of an embedded kind, and nothing else has one";
	if (f->embeds == NULL)
		return NULL;
	if (f->flags & never)
		return "records inside are no key, are not hidden, cut or padded";
	if (f->embeds->can || f->embeds->path || f->embeds->action_count)
		return "an embedded kind has neither routes nor actions";
	if (f->type->storage == ST_RECORDS && kind_key(f->embeds) == NULL)
		return "records of which there are many need a key";
	if (f->min || f->max > RECORDS_MAX)
		return "so many records inside are more than RECORDS_MAX, or too few are refused";
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

static bool check_split(const struct kind *k, const struct field *f, struct err *e)
{
	const struct word_split *s = f->split;
	const struct field *flag = s ? kind_field(k, s->word) : NULL;

	if (s == NULL)
		return true;
	if (flag == NULL || flag->offset != s->flag || flag->type->storage != ST_BOOL)
		return bad(k, f, e, "the flag of its split word must be a row of that name");
	for (unsigned i = 0; f->names[i]; i++)
		if (strcmp(f->names[i], s->word) == 0)
			return bad(k, f, e, "its split word is another of its words");
	return true;
}

static bool check_columns(const struct kind *k, struct err *e)
{
	struct fieldset set;

	return fieldset_parse(&set, k, k->list_fields, e) &&
		fieldset_parse(&set, k, k->wide_fields, e);
}

static bool check_routes(const struct kind *k, struct err *e)
{
	if ((k->can & CAN_CREATE) && count_flag(k, F_NEW) == 0)
		return bad(k, NULL, e, "it can be made, but nobody may give any of its rows");
	if ((k->can & CAN_EDIT) && count_flag(k, F_EDIT) == 0)
		return bad(k, NULL, e, "it can be edited, but none of its rows can");
	if (k->see > ROLE_ADMIN || k->make > ROLE_ADMIN || k->change > ROLE_ADMIN ||
		k->others > ROLE_ADMIN)
		return bad(k, NULL, e, "a role of it does not exist");
	if (k->path == NULL || strncmp(k->path, "/cloud_ml/v1/", 13) != 0)
		return bad(k, NULL, e, "its path must begin with /cloud_ml/v1/");
	if (kind_runs(k) && workload_lacks(k))
		return err_set(e, ERR_INTERNAL,
			"kind %s runs, but its row %s is not that of struct workload", k->name,
			workload_lacks(k));
	if (k->parent && kinds_find(k->parent->name) != k->parent)
		return bad(k, NULL, e, "its parent is not among the kinds");
	return true;
}

/* What one row of actions says, without its neighbours. */
static const char *action_fault(const struct kind *k, const struct kind_action *a)
{
	const struct field *state = kind_state(k);
	bool deletes = a->method && strcmp(a->method, "DELETE") == 0;
	unsigned words = 0;

	while (state && state->names[words])
		words++;
	if (a->name == NULL || *a->name == '\0' ||
		a->name[strspn(a->name, "abcdefghijklmnopqrstuvwxyz-")])
		return "an action's name must be lower-case letters and -";
	if (!deletes && (a->method == NULL || strcmp(a->method, "POST") != 0))
		return "an action is a POST or a DELETE";
	if (a->tail == NULL || (deletes ? *a->tail != '\0' : a->tail[0] != '/' || !a->tail[1]))
		return "an action's tail begins with /, but for DELETE, which has none";
	if (a->least > ROLE_ADMIN || a->asks > ASKS_CONFIRM)
		return "an action's role, or what it asks, does not exist";
	if (a->from && (state == NULL || (words < 64 && a->from >> words)))
		return "an action is possible from states that the kind does not have";
	if ((a->from != 0 || a->flag) != (a->not_from != NULL))
		return "an action that is not always possible says why not";
	if (a->flag &&
		(!kind_field(k, a->flag) || kind_field(k, a->flag)->type->storage != ST_BOOL))
		return "an action's flag is a row of the kind";
	if (a->other && kind_action_find(k, a->other) == NULL)
		return "an action's other one is none of the kind";
	if (a->undo && kind_action_find(k, a->undo) == NULL)
		return "what takes an action back is none of the kind";
	if (a->takes && (deletes || a->takes->can || a->takes->path))
		return "what an action takes is a kind without routes, and DELETE takes nothing";
	if (a->ask == NULL || a->doing == NULL || !is_sentence(a->doc) ||
		(a->stakes && !is_sentence(a->stakes)))
		return "an action has words to ask and to tell, and docs that end with a period";
	return NULL;
}

static bool check_rows(const struct kind *k, int depth, struct err *e);

static bool check_actions(const struct kind *k, struct err *e)
{
	for (size_t i = 0; i < k->action_count; i++) {
		const struct kind_action *a = &k->actions[i];
		const char *fault = action_fault(k, a);

		for (size_t j = 0; j < i && fault == NULL; j++) {
			const struct kind_action *b = &k->actions[j];

			if (strcmp(a->name, b->name) == 0)
				fault = "two actions have the same name";
			else if (strcmp(a->tail, b->tail) == 0)
				fault = "two actions have the same tail";
			else if (a->key && a->key == b->key)
				fault = "two actions have the same key";
		}
		if (a->takes && !check_rows(a->takes, 0, e))
			return false;
		if (fault)
			return err_set(e, ERR_INTERNAL, "kind %s, action %s: %s", k->name,
				a->name ? a->name : "-", fault);
	}
	return true;
}

/* Kinds inside kinds: a bound, which finds circles as well. */
enum { NESTED_DEPTH_MAX = 3 };

static bool check_inside(const struct kind *k, const struct field *f, int depth, struct err *e)
{
	const char *fault = nested_fault(f);

	if (fault)
		return bad(k, f, e, fault);
	if (f->embeds == NULL)
		return true;
	if (depth == NESTED_DEPTH_MAX)
		return bad(k, f, e, "kinds are embedded too deep, or in a circle");
	if (count_flag(f->embeds, F_SECRET | F_MASKED | F_LARGE))
		return bad(k, f, e, "the embedded kind has rows that are hidden or cut");
	return check_rows(f->embeds, depth + 1, e);
}

/* A record that is alone where it stands may be known by its members only. */
static bool may_lack_key(const struct kind *k)
{
	return k->path == NULL && count_flag(k, F_UID) == 0;
}

static bool check_rows(const struct kind *k, int depth, struct err *e)
{
	size_t section_count = 0, keys = count_flag(k, F_KEY);
	struct fieldset from;

	if (k->size > KIND_SIZE_MAX)
		return bad(k, NULL, e, "the struct is larger than KIND_SIZE_MAX");
	if ((keys != 1 && !(keys == 0 && may_lack_key(k))) || count_flag(k, F_UID) > 1)
		return bad(k, NULL, e, "it must have one key and at most one uid");
	for (size_t i = 0; i < k->field_count; i++)
		if (k->fields[i].follows && !fieldset_parse(&from, k, k->fields[i].follows, e))
			return false;
	while (k->sections && k->sections[section_count])
		section_count++;
	for (size_t i = 0; i < k->field_count; i++) {
		const struct field *f = &k->fields[i];
		const char *fault = row_fault(k, f);

		if (fault)
			return bad(k, f, e, fault);
		if (f->section >= section_count)
			return bad(k, f, e, "its section does not exist");
		if (!check_inside(k, f, depth, e) || !check_pairs(k, i, e) ||
			!standard_fits(k, f, e) || !check_split(k, f, e))
			return false;
	}
	return true;
}

bool kind_check(const struct kind *k, struct err *e)
{
	return check_rows(k, 0, e) && check_columns(k, e) && check_routes(k, e) &&
		check_actions(k, e);
}

bool kinds_check(struct err *e)
{
	for (size_t i = 0; all_kinds[i]; i++)
		if (!kind_check(all_kinds[i], e))
			return false;
	return true;
}
