/* Orgs: made with their quota and, on a shared local engine, a Unix user. */
#include "kinds/kinds.h"
#include "kinds/org_hold.h"

static void org_made(struct making *m)
{
	const struct org *wanted = (const struct org *)m->record;
	struct request *r = m->r;
	struct err e = ERR_INIT;
	struct change *c;
	struct org o;

	if (model_org_named(&r->platform->model, wanted->org_name)) {
		err_field(&e, ERR_CONFLICT, "org_name",
			"there is an org %s already: use it, or choose another name",
			wanted->org_name);
		making_refuse(m, &e);
		return;
	}
	c = change_for(r);
	if (!orgs_obtain(c, wanted->org_name, &o, &m->text, &e)) {
		change_free(c);
		making_refuse(m, &e);
		return;
	}
	if (wanted->description && *wanted->description) {
		record_set(org, &o, description, wanted->description);
		change_row(c, &org_kind, &o);
	}
	request_did(r, c, &org_kind, &o, "create", "Created", NULL);
	change_answer(c, 200, record_encode(&org_kind, &o, NULL));
	change_commit(c);
	making_free(m);
}

const struct kind_handlers org_handlers = {
	.kind = &org_kind,
	.make = org_made,
	.actions = org_handlers_actions,
};
