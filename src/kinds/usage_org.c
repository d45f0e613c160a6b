/* Whose usage is asked about. */
#include "kinds/usage.h"

#include <string.h>

bool usage_org(struct request *r, const char **org_id)
{
	const char *name = request_query(r, "org"), *named = request_query(r, "org_id");
	bool all = kind_of_all(&usage_kind, r->who.role);
	const struct org *o = NULL;
	struct err e = ERR_INIT;
	const char *org;

	if (name && *name) {
		o = model_org_named(&r->platform->model, name);
		o = o ? o : model_org(&r->platform->model, name);
		/* Of what may not be seen nobody is told whether it is there. */
		if (o && (all || strcmp(o->org_id, r->who.org_id) == 0)) {
			*org_id = o->org_id;
			return true;
		}
		err_set(&e, ERR_NOT_FOUND, "there is no org %.60s", name);
		request_fail(r, &e);
		return false;
	}
	*org_id = NULL;
	if (all && (named == NULL || *named == '\0'))
		return true;
	org = request_org(r, &usage_kind, true);
	if (org && strcmp(org, MODEL_ALL_ORGS) != 0)
		*org_id = org;
	return org != NULL;
}

const char *usage_org_name(struct request *r, const char *org_id)
{
	const struct org *o = model_org(&r->platform->model, org_id);

	return o ? o->org_name : org_id;
}
