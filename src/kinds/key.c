/* Access keys: their secrets are answered once, when they are made or rotated. */
#include "kinds/kinds.h"

static json_t *key_json(const struct key *k)
{
	json_t *out = record_encode(&key_kind, k, NULL);

	json_object_set_new(out, "secret_key", json_string(k->secret_key));
	json_object_set_new(out, "org", json_string(k->org_name));
	return out;
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
	if (o == NULL)
		err_field(e, ERR_UNPROCESSABLE, "org_name", "there is no org %.60s: make it first",
			wanted->org_name ? wanted->org_name : wanted->org_id);
	return o;
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

static void key_made(struct making *m)
{
	const struct key *wanted = (const struct key *)m->record;
	struct err e = ERR_INIT;
	const struct org *o = key_org(m->r, wanted, &e);
	struct key k;

	if (o == NULL) {
		making_refuse(m, &e);
		return;
	}
	keys_make(&k, &m->text, o, wanted->name && *wanted->name ? wanted->name : "key",
		record_has(key, wanted, role) ? (enum role)wanted->role : ROLE_OPERATOR, m->r->now);
	k.read_only = wanted->read_only;
	if (record_has(key, wanted, not_after))
		record_set(key, &k, not_after, wanted->not_after);
	key_answer(m->r, &k, "create");
	making_free(m);
}

static void key_disable(struct request *r, const void *row)
{
	const struct key *k = row;
	struct err e = ERR_INIT;
	struct change *c = change_for(r);

	if (!keys_disable(c, k, &e)) {
		change_free(c);
		request_fail(r, &e);
		return;
	}
	request_did(r, c, &key_kind, k, "disable", "Disabled", NULL);
	change_answer(c, 200, message_json("key %s is disabled", k->access_key));
	change_commit(c);
}

static void key_rotate(struct request *r, const void *row)
{
	struct arena text = ARENA_INIT;
	struct key k;

	keys_rotate(&k, &text, row, r->now);
	key_answer(r, &k, "rotate");
	arena_release(&text);
}

static const struct action_handler actions[] = {
	{"disable", key_disable},
	{"rotate", key_rotate},
	{NULL, NULL},
};

const struct kind_handlers key_handlers = {
	.kind = &key_kind,
	.make = key_made,
	.actions = actions,
};
