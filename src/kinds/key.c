/* Access keys: their secrets are answered once, when they are made or rotated. */
#include "kinds/kinds.h"

#include <stdio.h>
#include <string.h>

enum {
	ACTIVE_MAX = 2
}; /* keys of one name in an org, where nobody of more rights says otherwise */

static json_t *key_json(const struct key *k)
{
	json_t *out = record_encode(&key_kind, k, NULL);

	json_object_set_new(out, "secret_key", json_string(k->secret_key));
	json_object_set_new(out, "org", json_string(k->org_name));
	return out;
}

/* The key that asks; NULL: the program itself. */
static const struct key *own_key(struct request *r)
{
	return r->who.access_key ? model_key(&r->platform->model, r->who.access_key) : NULL;
}

/* The org that a new key is for, by id or name; it must be there. */
static const struct org *key_org(struct request *r, const struct key *wanted, struct err *e)
{
	struct platform *p = r->platform;
	const struct org *o = NULL;

	if (wanted->org_id && *wanted->org_id)
		o = model_org(&p->model, wanted->org_id);
	else if (wanted->org_name && *wanted->org_name)
		o = model_org_named(&p->model, wanted->org_name);
	else
		o = model_org(&p->model, r->who.org_id);
	if (r->who.role < ROLE_ADMIN && (o == NULL || strcmp(o->org_id, r->who.org_id) != 0)) {
		err_field(e, ERR_FORBIDDEN, "org_name",
			"only an admin makes keys for another org (this access key is %s)",
			role_words[r->who.role]);
		return NULL;
	}
	if (o == NULL)
		err_field(e, ERR_UNPROCESSABLE, "org_name", "there is no org %.60s: make it first",
			wanted->org_name ? wanted->org_name : wanted->org_id);
	return o;
}

static bool named_alike(const struct key *a, const struct key *b)
{
	return strcmp(a->org_id, b->org_id) == 0 && strcmp(a->name, b->name) == 0;
}

/* A name is a person: nobody takes that of somebody else. */
static bool name_mine(struct request *r, const struct key *wanted, struct err *e)
{
	const struct rowset *keys = &r->platform->model.keys;

	for (size_t i = 0; r->who.role < ROLE_ADMIN && i < keys->len; i++) {
		const struct key *k = keys->rows[i];

		if (named_alike(k, wanted) && !key_owned(&r->who, k))
			return err_field(e, ERR_FORBIDDEN, "name",
				"the name %.63s is that of somebody else's key: use your own, or "
				"one that nobody has",
				wanted->name);
	}
	return true;
}

/* One of a name is in use, and one more while it is being replaced. */
static bool room_for(struct request *r, const struct key *wanted, struct err *e)
{
	const struct rowset *keys = &r->platform->model.keys;
	struct buf names = BUF_INIT;
	int active = 0;

	for (size_t i = 0; i < keys->len; i++) {
		const struct key *k = keys->rows[i];

		if (named_alike(k, wanted) && key_active(k, r->now) && active++ < ACTIVE_MAX)
			buf_addf(&names, "%s%s", names.len ? ", " : "", k->access_key);
	}
	if (active >= ACTIVE_MAX)
		err_field(e, ERR_CONFLICT, "name",
			"%.63s has %d active keys, the most there may be: disable one first (%s)",
			wanted->name, active, names.data);
	buf_release(&names);
	return active < ACTIVE_MAX;
}

static void key_answer(struct request *r, const struct key *k, const char *verb)
{
	struct change *c = change_for(r);
	struct err e = ERR_INIT;

	if (!change_key(c, k, &e)) {
		change_free(c);
		request_fail(r, &e);
		return;
	}
	request_did(r, c, &key_kind, k, verb, "Created", NULL);
	change_answer(c, 200, key_json(k));
	change_answer_once(c);
	change_commit(c);
}

/* Whose it is where nobody says: one's own; of what an admin makes each is another's. */
static const char *key_name(struct making *m, const struct key *wanted, const struct key *made)
{
	char name[16];

	if (wanted->name && *wanted->name)
		return wanted->name;
	if (m->r->who.role < ROLE_ADMIN)
		return m->r->who.key_name;
	snprintf(name, sizeof name, "key-%.8s", made->access_key);
	return arena_strdup(&m->text, name);
}

static bool key_fill(struct making *m, struct key *k, struct err *e)
{
	const struct key *wanted = (const struct key *)m->record, *own = own_key(m->r);
	const struct org *o = key_org(m->r, wanted, e);
	bool has_role = record_has(key, wanted, role);
	enum role most = m->r->who.role < ROLE_OPERATOR ? m->r->who.role : ROLE_OPERATOR;

	if (o == NULL)
		return false;
	keys_make(k, &m->text, o, "", has_role ? (enum role)wanted->role : most, m->r->now);
	record_set(key, k, name, key_name(m, wanted, k));
	k->read_only = wanted->read_only;
	k->disabled = wanted->disabled;
	if (own)
		record_set(key, k, made_by, own->name);
	if (record_has(key, wanted, not_after))
		record_set(key, k, not_after, wanted->not_after);
	else if (own && m->r->who.role < ROLE_ADMIN && record_has(key, own, not_after))
		record_set(key, k, not_after, own->not_after);
	return true;
}

static void key_made(struct making *m)
{
	struct request *r = m->r;
	struct err e = ERR_INIT;
	struct key k;

	if (request_org(r, &key_kind, false) == NULL) {
		making_free(m); /* it has been answered */
		return;
	}
	if (!key_fill(m, &k, &e) || !key_may_have(&r->who, own_key(r), &k, &e) ||
		!name_mine(r, &k, &e) || (r->who.role < ROLE_ADMIN && !room_for(r, &k, &e))) {
		making_refuse(m, &e);
		return;
	}
	key_answer(r, &k, "create");
	making_free(m);
}

/* What it is changed to stays within what they may make, and its secret beside it. */
static bool key_edit(struct request *r, struct change *c, const void *row, void *changed,
	struct err *e)
{
	struct key *k = changed;

	(void)row;
	return key_may_have(&r->who, own_key(r), k, e) && change_key(c, k, e);
}

static void key_switch(struct request *r, const struct key *k, bool off, const char *verb,
	const char *event)
{
	struct change *c = change_for(r);
	struct err e = ERR_INIT;

	if (!keys_switch(c, k, off, &e)) {
		change_free(c);
		request_fail(r, &e);
		return;
	}
	request_did(r, c, &key_kind, k, verb, event, NULL);
	change_answer(c, 200,
		message_json("key %s is %s", k->access_key, off ? "disabled" : "enabled"));
	change_commit(c);
}

static void key_disable(struct request *r, const void *row)
{
	key_switch(r, row, true, "disable", "Disabled");
}

static void key_enable(struct request *r, const void *row)
{
	key_switch(r, row, false, "enable", "Enabled");
}

static void key_rotate(struct request *r, const void *row)
{
	struct arena text = ARENA_INIT;
	struct err e = ERR_INIT;
	struct key k;

	keys_rotate(&k, &text, row, r->now);
	if (room_for(r, &k, &e))
		key_answer(r, &k, "rotate");
	else
		request_fail(r, &e);
	arena_release(&text);
}

static const struct action_handler actions[] = {
	{"disable", key_disable},
	{"enable", key_enable},
	{"rotate", key_rotate},
	{NULL, NULL},
};

const struct kind_handlers key_handlers = {
	.kind = &key_kind,
	.make = key_made,
	.manage = key_may_manage,
	.edit = key_edit,
	.actions = actions,
};
