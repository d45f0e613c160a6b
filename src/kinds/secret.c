/*
 * Secrets: their values go to the vault, and what they were in on the way is wiped. An answer never has
 * one, for the rows of values are F_SECRET.
 */
#include "core/kinds/secret.h"

#include "base/base64.h"
#include "kinds/kinds.h"
#include "model/secrets.h"

#include <string.h>

_Static_assert((int)SECRET_BYTES_MAX <= (int)STORE_SECRET_MAX, "the vault takes any value");

/* ---- Values ---- */

static bool data_read(const char *data, struct secret_text *out, struct err *e)
{
	struct buf bytes = BUF_INIT;

	buf_reserve(&bytes, strlen(data)); /* once: no copies are left behind */
	if (base64_decode(&bytes, data, strlen(data))) {
		*out = (struct secret_text){bytes.data, bytes.len};
		return true;
	}
	explicit_bzero(bytes.data, bytes.cap);
	buf_release(&bytes);
	return err_field(e, ERR_INVALID, "data",
		"data is no base64: give the bytes of the value so, in one line, with its padding");
}

static bool value_size_good(const struct secret_text *v, const char *field, struct err *e)
{
	if (v->size == 0)
		return err_field(e, ERR_INVALID, field, "%s is empty: a secret has a value", field);
	return v->size <= SECRET_BYTES_MAX ||
		err_field(e, ERR_INVALID, field, "%s has %zu bytes: it may have %d", field, v->size,
			SECRET_BYTES_MAX);
}

/* What the request gives, in memory of its own; none is no error. */
static bool value_read(const struct secret *s, struct secret_text *out, struct err *e)
{
	bool text = record_has(secret, s, value), data = record_has(secret, s, data);

	*out = (struct secret_text)SECRET_TEXT_INIT;
	if (text)
		*out = (struct secret_text){mem_strdup(s->value), strlen(s->value)};
	if (data && !data_read(s->data, out, e))
		return false;
	if (!text && !data)
		return true;
	if (value_size_good(out, text ? "value" : "data", e))
		return true;
	secret_wipe(out);
	return false;
}

/* Null would take the value away, and nothing would be left. */
static bool secret_prepare(struct request *r, struct err *e)
{
	static const char *const values[] = {"value", "data"};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		if (json_is_null(json_object_get(r->body, values[i])))
			return err_field(e, ERR_INVALID, values[i],
				"%s is null: a secret has a value; give another one, or delete the "
				"secret",
				values[i]);
	return true;
}

/* ---- Made ---- */

static bool name_free(struct request *r, const struct secret *s, struct err *e)
{
	return model_name_uid(&r->platform->model, &secret_kind, s->org_id, s->secret_name) ==
		NULL ||
		err_field(e, ERR_CONFLICT, "secret_name",
			"there is a secret %s already: replace its value (mltop secrets update %s), or "
			"choose another name",
			s->secret_name, s->secret_name);
}

static int64_t sealed_bytes(const struct secret *s)
{
	return s->sealed ? (int64_t)strlen(s->sealed) : 0;
}

/* `s`: as it is to be, sealed; in place of the row with its uid where there is one. */
static bool org_has_room(struct request *r, const struct secret *s, struct err *e)
{
	struct model *m = &r->platform->model;
	const struct rowset *rows = model_rows(m, &secret_kind);
	struct coming coming = model_coming(m, &secret_kind, s->org_id);
	int64_t count = coming.objects + 1, bytes = coming.bytes + sealed_bytes(s);

	for (size_t i = 0; i < rows->len; i++) {
		const struct secret *other = rows->rows[i];

		if (strcmp(other->org_id, s->org_id) != 0 || strcmp(other->uid, s->uid) == 0)
			continue;
		count++;
		bytes += sealed_bytes(other);
	}
	if (count > SECRETS_PER_ORG)
		return err_set(e, ERR_UNPROCESSABLE,
			"org %s has %d secrets, the most it may: delete those that no job needs",
			s->org_name, SECRETS_PER_ORG);
	return bytes <= SECRETS_ORG_BYTES ||
		err_set(e, ERR_UNPROCESSABLE,
			"the secrets of org %s would take %.1f MiB, and %.1f MiB are the most: delete "
			"those that no job needs",
			s->org_name, (double)bytes / (1 << 20),
			(double)SECRETS_ORG_BYTES / (1 << 20));
}

static bool value_seal(struct request *r, struct secret *s, struct arena *a, bool needed,
	struct err *e)
{
	struct secret_text value;
	bool good;

	if (!value_read(s, &value, e))
		return false;
	if (value.bytes == NULL)
		return !needed ||
			err_field(e, ERR_INVALID, "value",
				"value is needed: the text that is kept, or data, its bytes as base64");
	good = secret_seal(&r->platform->model, s, a, &value, e) && org_has_room(r, s, e);
	secret_wipe(&value);
	record_set(secret, s, update_time, (struct when){r->now});
	return good;
}

static void secret_fill(struct making *m, struct secret *s, const char *org)
{
	const struct request *r = m->r;
	const char *name = model_org(&r->platform->model, org)->org_name;
	char uid[ULID_SIZE];

	model_uid(&r->platform->model, uid, r->now);
	record_set(secret, s, uid, arena_strdup(&m->text, uid));
	record_set(secret, s, org_id, arena_strdup(&m->text, org));
	record_set(secret, s, org_name, arena_strdup(&m->text, name));
	record_set(secret, s, owner,
		arena_strdup(&m->text, r->who.key_name ? r->who.key_name : ""));
	record_set(secret, s, create_time, (struct when){r->now});
}

static void secret_store(struct request *r, const struct secret *s)
{
	struct change *c = change_for(r);

	change_row(c, &secret_kind, s);
	request_did(r, c, &secret_kind, s, "create", "Created", NULL);
	change_answer(c, 200, record_encode(&secret_kind, s, NULL));
	change_commit(c);
}

static void secret_made(struct making *m)
{
	struct secret *s = (struct secret *)m->record;
	struct request *r = m->r;
	const char *org = request_org(r, &secret_kind, false);
	struct err e = ERR_INIT;
	bool good;

	if (org == NULL) {
		making_free(m); /* it has been answered */
		return;
	}
	secret_fill(m, s, org);
	good = name_free(r, s, &e) && value_seal(r, s, &m->text, true, &e);
	if (!good) {
		making_refuse(m, &e);
		return;
	}
	secret_store(r, s);
	making_free(m);
}

/* ---- Changed ---- */

/* Only the change has the new seal: the row that is told of keeps what the store has. */
static bool secret_edit(struct request *r, struct change *c, const void *row, void *changed,
	struct err *e)
{
	struct secret *s = changed;
	struct arena text = ARENA_INIT;
	bool good = value_seal(r, s, &text, false, e);

	if (good)
		change_row(c, &secret_kind, s);
	s->sealed = ((const struct secret *)row)->sealed;
	arena_release(&text);
	return good;
}

const struct kind_handlers secret_handlers = {
	.kind = &secret_kind,
	.prepare = secret_prepare,
	.make = secret_made,
	.manage = secret_may_manage,
	.edit = secret_edit,
};
