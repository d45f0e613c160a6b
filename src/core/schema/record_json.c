/* Records from and to JSON. */
#include "core/schema/schema.h"

#include "core/schema/ftype.h"
#include "core/schema/record.h"

#include <assert.h>
#include <string.h>

/* ---- In ---- */

static bool hides(const struct field *f)
{
	return f == NULL || (f->flags & F_ALIAS);
}

/* Whether a person may give this row at all. */
static bool may_give(const struct field *f, enum strictness how, struct err *e)
{
	if (f->flags & (how == DECODE_NEW ? F_NEW : F_EDIT))
		return true;
	if (f->flags & F_STATUS)
		return err_field(e, ERR_INVALID, f->name, "%s is set by the platform: leave it out",
			f->name);
	if (how == DECODE_NEW)
		return err_field(e, ERR_INVALID, f->name,
			"%s can only be changed later: leave it out", f->name);
	return err_field(e, ERR_INVALID, f->name, "%s cannot be changed: leave it out", f->name);
}

/* The public client pads what is unknown with "". */
static bool means_unknown(const struct field *f, const json_t *in, enum strictness how)
{
	return json_is_null(in) ||
		(how == DECODE_SERVER && (f->flags & F_PAD) && json_is_string(in) &&
			json_string_length(in) == 0);
}

static void forget(const struct kind *k, void *rec, const struct field *f)
{
	known_unmark(rec, (size_t)(f - k->fields));
	memset((char *)rec + f->offset, 0, f->size);
}

static bool decode_member(const struct kind *k, void *rec, const struct field *f, struct arena *a,
	const json_t *in, enum strictness how, struct err *e)
{
	bool lenient = how == DECODE_SERVER;

	if (!means_unknown(f, in, how) &&
		f->type->decode(f, (char *)rec + f->offset, a, in, how, lenient ? NULL : e)) {
		known_mark(rec, (size_t)(f - k->fields));
		return true;
	}
	/* A server's mistake in one field must not cost the row: the field is unknown. */
	if (!lenient && !json_is_null(in))
		return false;
	forget(k, rec, f);
	return true;
}

static bool decode_members(const struct kind *k, void *rec, struct arena *a, json_t *in,
	enum strictness how, struct err *e)
{
	size_t hint = 0;

	for (void *at = json_object_iter(in); at; at = json_object_iter_next(in, at)) {
		const char *name = json_object_iter_key(at);
		const struct field *f = kind_lookup(k, name, &hint);

		if (hides(f) && how == DECODE_SERVER)
			continue;
		if (hides(f))
			return field_unknown(k, name, how == DECODE_EDIT ? F_EDIT : F_NEW, e);
		if (how != DECODE_SERVER && !may_give(f, how, e))
			return false;
		if (!decode_member(k, rec, f, a, json_object_iter_value(at), how, e))
			return false;
	}
	return true;
}

/* A needed text that is empty was not given either. */
static bool is_given(const struct kind *k, const void *rec, const struct field *f)
{
	return record_knows(k, rec, f) &&
		(f->type->storage != ST_TEXT || *record_text(rec, f) != '\0');
}

static bool field_needed(const struct field *f, struct err *e)
{
	if (f->hint)
		return err_field(e, ERR_INVALID, f->name, "%s is needed, such as \"%s\"", f->name,
			f->hint);
	return err_field(e, ERR_INVALID, f->name, "%s is needed", f->name);
}

static bool has_needed(const struct kind *k, const void *rec, struct err *e)
{
	for (size_t i = 0; i < k->field_count; i++) {
		const struct field *f = &k->fields[i];

		if ((f->flags & F_NEEDED) && !is_given(k, rec, f))
			return field_needed(f, e);
	}
	return true;
}

bool record_decode(const struct kind *k, void *rec, struct arena *a, const json_t *in,
	enum strictness how, struct err *e)
{
	struct scratch copy;

	if (!json_is_object(in))
		return err_set(e, ERR_INVALID, "a %s must be an object with fields such as %s",
			k->name, kind_key(k)->name);
	assert(k->size <= sizeof copy.bytes);
	memcpy(copy.bytes, rec, k->size);
	/* Iteration changes nothing, but jansson's takes no const. */
	if (!decode_members(k, copy.bytes, a, (json_t *)in, how, e))
		return false;
	if (how != DECODE_SERVER && !has_needed(k, copy.bytes, e))
		return false;
	if (how != DECODE_SERVER && k->check && !k->check(copy.bytes, e))
		return false;
	if (k->settle)
		k->settle(copy.bytes);
	memcpy(rec, copy.bytes, k->size);
	return true;
}

static bool set_text(const struct kind *k, void *rec, struct arena *a, const struct field *f,
	const char *text, struct err *e)
{
	struct scratch copy;
	json_t *in = f->type->from_text(f, text, e);
	bool good;

	if (in == NULL)
		return false;
	memcpy(copy.bytes, rec, k->size);
	good = decode_member(k, copy.bytes, f, a, in, DECODE_NEW, e);
	json_decref(in);
	if (good)
		memcpy(rec, copy.bytes, k->size);
	return good;
}

bool record_set_text(const struct kind *k, void *rec, struct arena *a, const struct field *f,
	const char *text, struct err *e)
{
	f = kind_owner(k, f);
	if (!(f->flags & F_EDIT) && !may_give(f, DECODE_NEW, e))
		return false;
	if (*text != '\0')
		return set_text(k, rec, a, f, text, e);
	if (f->flags & F_NEEDED)
		return field_needed(f, e);
	forget(k, rec, f);
	return true;
}

/* ---- Out ---- */

static json_t *encode_member(const void *rec, const struct field *f, bool masked)
{
	const void *member = record_member(rec, f);

	if (masked && (f->flags & F_MASKED))
		return field_masked_json(f, member);
	if (field_nests(f))
		return nested_encode(f, member, !masked);
	return f->type->encode(f, member);
}

/* What stands for an unknown row in a whole object; NULL: nothing. */
static json_t *encode_unknown(const struct field *f)
{
	if (f->flags & F_PAD)
		return json_string_nocheck("");
	return f->flags & F_NULL ? json_null() : NULL;
}

json_t *record_encode(const struct kind *k, const void *rec, const struct fieldset *only)
{
	json_t *out = json_object();

	for (size_t i = 0; i < k->field_count; i++) {
		const struct field *f = &k->fields[i];
		json_t *value = NULL;

		if ((f->flags & (F_ALIAS | F_SECRET)) || (only && !fieldset_has(only, i)))
			continue;
		if (known_has(rec, i))
			value = encode_member(rec, f, true);
		else if (only == NULL)
			value = encode_unknown(f);
		if (value)
			json_object_set_new_nocheck(out, f->name, value);
	}
	return out;
}

json_t *record_encode_request(const struct kind *k, const void *rec)
{
	json_t *out = json_object();

	for (size_t i = 0; i < k->field_count; i++) {
		const struct field *f = &k->fields[i];

		if ((f->flags & (F_NEW | F_EDIT)) && known_has(rec, i) && !(f->flags & F_ALIAS))
			json_object_set_new_nocheck(out, f->name, encode_member(rec, f, false));
	}
	return out;
}
